"""What goes from room to room has a type: tables of anything stand at the edges that are listed here."""

import ast
import importlib
import json
import math
import pkgutil
import re
from dataclasses import fields, is_dataclass
from datetime import datetime
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import engine.results
from engine.errors import RepairDataError
from engine.results.backtest import BacktestResult
from engine.results.codec import from_json, null_is_nan, to_json
from engine.results.earlier import SCHEMA
from tests.tui.app.recorded import BACKTEST, METRICS

RECORDED = BACKTEST | dict.fromkeys(("metrics", "benchmark"), METRICS) | {"run": "3f2a91c0", "of": "3f2a91c0"}
ROOT = Path(__file__).parents[1]
LOOSE = re.compile(r"(dict|Mapping)\[str, (Any|object)\]|\bEvent\b|\bdict\b(?!\[)")
EDGES = {
    "written as JSON, or read from it and not yet looked at": {
        "engine/code_cache.py:noted",
        "engine/data/importing/json_rows.py:lifted",
        "engine/data/series.py:migrated",
        "engine/results/audit.py:to_json",
        "engine/results/backtest.py:to_json",
        "engine/results/codec.py:read_table",
        "engine/results/codec.py:to_json",
        "engine/results/earlier.py:first_layout",
        "engine/results/earlier.py:upgraded",
        "engine/results/earlier.py:with_figures",
        "engine/results/earlier.py:with_notes",
        "engine/runs/error_codec.py:to_fields",
        "engine/runs/manifest.py:about_of",
        "engine/runs/manifest.py:parsed",
        "engine/runs/manifest_entries.py:to_json",
        "engine/runs/results.py:content",
        "engine/runs/signature.py:signed",
        "engine/studies/seeds.py:follow",
    },
    "the simulated or the real exchange's own JSON": {
        "engine/data/demo/binance.py:listing",
        "engine/data/demo/server.py:info",
        "engine/data/exchange/client.py:market",
    },
    "an event of a run's log, or what it is made from": {
        "engine/data/update.py:event",
        "engine/data/update.py:failed",
        "engine/models/training/fitted.py:summary",
        "engine/experiment.py:samples_event",
        "engine/data/importing/json_rows.py:record_of",
        "engine/runs/events.py:parsed",
        "engine/runs/process.py:outcome",
        "engine/runs/replay.py:paced",
        "engine/runs/process.py:started",
        "engine/runs/process.py:stopped",
        "engine/runs/requests.py:_answers",
        "engine/runs/requests.py:request_of",
        "engine/results/notes.py:log_event",
        "engine/runs/log_entries.py:facts",
        "engine/runs/state_fields.py:to_json",
        "engine/runs/summary.py:to_json",
    },
    "settings by group or by dotted key, of whatever type each has": {
        "engine/queries/opening.py:settings_shown",
        "engine/queries/sweep.py:combinations",
        "engine/runs/summary.py:settings_differ",
        "engine/settings/reading.py:read_toml",
        "engine/settings/reading.py:without",
        "engine/settings/ranges.py:lifted",
        "engine/settings/tree.py:changed",
        "engine/settings/tree.py:defaults",
        "engine/settings/tree.py:dotted",
        "tui/cli.py:app_options",
        "tui/commands/results.py:overrides_of",
        "tui/screens/data/updates.py:source",
    },
    "what was found in a series, as its file holds it": {
        "engine/market/quality.py:as_dict",
        "engine/market/spikes.py:entry",
        "engine/market/spikes.py:flag_list",
    },
    "a request to the engine, as it goes over the wire": {
        "tui/screens/backtest/open_result.py:request",
        "tui/screens/backtest/trades_panel.py:_about",
        "tui/screens/backtest/trades_panel.py:question",
        "tui/screens/data/browse.py:request",
    },
    "the document of a command, or a row of a CSV file": {
        "tui/commands/outcome.py:shown",
        "tui/commands/runs.py:spread_of",
        "tui/commands/trial_ledger.py:document",
        "tui/commands/trial_ledger.py:look_document",
        "tui/runs/facts.py:document",
        "tui/runs/facts.py:row",
        "tui/screens/runs/listing.py:table",
        "tui/text/backtest.py:backtest_document",
        "tui/text/search.py:rows_of",
    },
}


def loose_functions():
    """File, name and return type of every function of the two packages that returns a table of anything."""
    for package in ("engine", "tui"):
        for path in sorted((ROOT / package).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                match node:
                    case (
                        ast.FunctionDef(returns=ast.expr() as annotation)
                        | ast.AsyncFunctionDef(returns=ast.expr() as annotation)
                    ):
                        if LOOSE.search(returned(annotation)):
                            yield f"{path.relative_to(ROOT)}:{node.name}"


def returned(annotation):
    """A return annotation without what functions that are returned take."""
    return re.sub(r"Callable\[\[[^\]]*(\[[^\]]*\])*[^\]]*\]", "Callable[[]", ast.unparse(annotation))


def test_tables_of_anything_are_returned_at_the_listed_edges_alone():
    assert set(loose_functions()) == set().union(*EDGES.values())


def result_types():
    """Every dataclass of engine.results."""
    for module in pkgutil.iter_modules(engine.results.__path__, "engine.results."):
        for kind in vars(importlib.import_module(module.name)).values():
            if isinstance(kind, type) and is_dataclass(kind) and kind.__module__ == module.name:
                yield kind


NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
TEXTS = st.text(max_size=5)
SCALARS = {
    str: TEXTS, int: st.integers(), float: NUMBERS, bool: st.booleans(), NoneType: st.none(),
    Any: st.none() | st.booleans() | st.integers() | NUMBERS | TEXTS | st.lists(TEXTS, max_size=2),
}  # fmt: skip
MOMENTS = st.datetimes(datetime(2, 1, 1), datetime(9998, 1, 1)).map(str)  # noqa: DTZ001


def values(hint):  # noqa: PLR0911  a line for each kind of type
    """Values of a type, as results may hold it."""
    if hint in SCALARS:
        return SCALARS[hint]
    if is_dataclass(hint):
        return instances(hint)
    origin, parts = get_origin(hint), get_args(hint)
    if origin is Annotated:
        if null_is_nan in parts:
            return st.just(math.nan) | values(parts[0])
        return MOMENTS if parts[0] is str else values(parts[0])
    if origin in (Union, UnionType):
        return st.one_of(*map(values, parts))
    if origin is Literal:
        return st.sampled_from(parts)
    if origin is dict:
        return st.dictionaries(TEXTS, values(parts[1]), max_size=2)
    if origin is tuple and parts[1:] == (Ellipsis,):
        return st.lists(values(parts[0]), max_size=2).map(tuple)
    if origin is list:
        return st.lists(values(parts[0]), max_size=2)
    if origin is tuple:
        return st.tuples(*map(values, parts))
    return st.tuples(*map(values, get_type_hints(hint, include_extras=True).values())).map(hint._make)


def instances(kind):
    """Instances of a dataclass."""
    hints = get_type_hints(kind, include_extras=True)
    return st.builds(kind, **{each.name: values(hints[each.name]) for each in fields(kind) if each.init})


@pytest.mark.parametrize("kind", tuple(result_types()), ids=lambda kind: kind.__name__)
@settings(max_examples=15)
@given(data=st.data())
def test_every_result_is_read_as_it_was_written(kind, data):
    result = data.draw(instances(kind))
    document = json.loads(json.dumps(to_json(result), allow_nan=False))
    assert repr(from_json(kind, document, "a file")) == repr(result)


def test_a_backtest_keeps_the_number_of_its_layout():
    document = BacktestResult.from_json(RECORDED).to_json()
    assert document["schema"] == SCHEMA
    assert BacktestResult.from_json(document).to_json() == document


def test_what_is_of_another_type_is_refused():
    with pytest.raises(RepairDataError, match="is no proper"):
        from_json(BacktestResult, {"run": 7}, "a file")
