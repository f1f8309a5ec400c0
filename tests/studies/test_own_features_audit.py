"""Own features under the audit: whatever leaks or remembers is named, whatever comes from outside is said."""

from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest

from engine.data.importing.features_file import load_features
from engine.studies.leak_audit import ends, landlock, probe
from engine.studies.leak_audit.history import recorded
from engine.studies.leak_audit.isolation import Isolated
from engine.studies.leak_audit.replay import Replay
from engine.studies.leak_audit.stages import ordinary
from tests.studies import attacks, own_features
from tests.studies.markets import END_MS, filled_store, linear, settings_of


class Found(NamedTuple):
    """What an audit of a file of features says of them."""

    leaks: set[str]
    rounding: set[str]
    outside: list[str]
    unsteady: set[str]
    unjudged: tuple[str, ...]


@pytest.fixture
def audited(tmp_path, monkeypatch):
    """What the probe says of features of a file."""

    def of(*sources, least=168, period=0):
        monkeypatch.setattr(probe, "CUTS", least)
        monkeypatch.setattr(probe, "PERIOD", period)
        path = own_features.write(tmp_path / "mine.py", *sources)
        own, isolated = load_features(path), Isolated(path)
        names = [each.name for each in own]
        settings = settings_of(f"features.names={','.join(('return_1', *names))}")
        history = recorded(settings, filled_store(tmp_path, settings), END_MS)
        base = Replay(ordinary(settings, own, linear, isolated), history)
        probed = probe.probe(base, names)
        assert probed.cuts >= least
        unsteady = {each.column for each in isolated.unsteady}
        return Found(
            {each.column for each in probed.leaks} - unsteady,
            {each.column for each in probed.rounding},
            list(isolated.outside),
            unsteady,
            probed.unjudged,
        )

    return of


@pytest.mark.parametrize("table", [own_features.LEAKS, attacks.LEAKS])
def test_every_leak_of_a_file_is_named(audited, table):
    leaks, _, outside, *_ = audited(*own_features.functions(table))
    assert leaks == set(table)
    assert outside == []


@pytest.mark.parametrize("name", own_features.MEMORY)
def test_what_a_feature_remembers_carries_nothing_in(audited, name):
    leaks, _, outside, *_ = audited(own_features.function(name, own_features.MEMORY[name]), least=24)
    assert leaks == {name}
    assert outside == []


@pytest.mark.parametrize("name", own_features.OUTSIDE)
def test_what_comes_from_outside_is_named(audited, tmp_path, name):
    path = tmp_path / "levels.csv"
    path.write_text("2\n3\n")
    if name == "arrow" and not landlock.is_there():
        pytest.skip("this kernel has no Landlock: a reader in C is named by its library")
    leaks, _, outside, *_ = audited(
        *own_features.functions({name: own_features.OUTSIDE[name]}, path=str(path)), least=24
    )
    assert leaks == set()
    word = {"network": "127.0.0.1", "program": "echo"}.get(name, "levels.csv")
    assert any(word in each for each in outside), outside


@pytest.mark.parametrize("name", attacks.OUTSIDE)
def test_what_another_replay_may_find_changed_is_named(audited, tmp_path, name):
    path = tmp_path / "levels.csv"
    path.write_text("2\n3\n")
    leaks, _, outside, unsteady, _ = audited(
        *own_features.functions({name: attacks.OUTSIDE[name]}, path=str(path)), least=24
    )
    assert leaks or outside or unsteady


@pytest.mark.parametrize(
    ("table", "least"), [(own_features.HONEST, 60), (attacks.HONEST, 60), (attacks.COMPILED, 3)]
)
def test_no_honest_feature_is_accused(audited, table, least):
    leaks, rounding, outside, unsteady, unjudged = audited(*own_features.functions(table), least=least)
    assert leaks == unsteady == set()
    assert outside == []
    assert unjudged == ()
    assert rounding <= {"fft", "net", "ewm", "regression", "expanding_z", "kalman"}


def test_the_cuts_meet_every_hour_of_the_week():
    for rows in (900, 1400, 33_413):  # with as many cuts as an audit has
        cuts = [cut for block in probe.spread_out(rows) for cut in block.cuts]
        assert {cut % 168 for cut in cuts} == set(range(168))
        assert all(probe.WARM <= cut <= rows - probe.AFTER for cut in cuts)


def test_behind_the_rarest_values_is_cut(tmp_path):
    settings = settings_of()
    history = recorded(settings, filled_store(tmp_path, settings), END_MS)
    base, values = Replay(ordinary(settings, (), linear), history), np.zeros(900)
    values[[120, 300, 710]] = [5.0, -7.0, 1.0]
    table = pd.DataFrame({"mine": values})
    none, some = (
        ends.Apart(np.array(rows, int), np.ones(len(rows)), untold=False) for rows in ([], [444, 555])
    )
    market, rare = base.market, {121, 301, 711}
    common = set(ends.chosen_ends(market, table * 0, {"mine": none}))
    assert rare <= set(ends.chosen_ends(market, table, {"mine": none})) <= rare | common
    assert {445, 556} <= set(ends.chosen_ends(market, table, {"mine": some}))
    everywhere = set(ends.one_of_each_hour(33_413))
    assert {end % 168 for end in everywhere} == set(range(168))
