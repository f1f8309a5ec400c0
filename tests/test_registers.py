"""What registers name by a text is there, and what belongs to an entry of one stands in the other."""

import ast
import re
from importlib import import_module
from pathlib import Path

from engine.models.training import backend
from engine.results.metrics import placed
from engine.runs.fold import STATUS_OF_STAGE
from engine.runs.modes import MODES
from engine.settings import Training
from engine.studies.seeds import keys

ROOT = Path(__file__).parents[1]
PLACE = re.compile(r"(?:engine|tui)(?:\.\w+)+:\w+")


def places():
    """Every text of the form module:name in the two packages."""
    for package in ("engine", "tui"):
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Constant) and PLACE.fullmatch(str(node.value)):
                    yield node.value


def test_what_a_text_names_is_there():
    backend.prepare(Training(devices=1))  # before jax is imported, as by every test that does
    found = set(places())
    assert {each.entry for each in MODES.values()} <= found
    for place in found:
        module, _, name = place.partition(":")
        assert hasattr(import_module(module), name), place


def test_every_stage_of_a_mode_has_a_status():
    assert {stage for mode in MODES.values() for stage in mode.stages} == set(STATUS_OF_STAGE)


def test_what_trains_on_the_screen_is_what_queues():
    trains = {mode.name for mode in MODES.values() if "training" in map(STATUS_OF_STAGE.get, mode.stages)}
    assert trains == {mode.name for mode in MODES.values() if mode.fits}


def test_what_is_told_of_seeds_is_what_the_table_of_metrics_says():
    assert [metric.key for metric in placed("seeds")] == keys()[: len(placed("seeds"))]
