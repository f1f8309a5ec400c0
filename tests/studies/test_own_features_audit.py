"""Own features under the audit: whatever leaks or remembers is named, whatever comes from outside is said."""

import numpy as np
import pandas as pd
import pytest

from engine.studies.leak_audit import cuts, ends, landlock, probe, single_bars
from engine.studies.leak_audit.history import recorded
from engine.studies.leak_audit.isolation import Isolated
from engine.studies.leak_audit.replay import Replay
from engine.studies.leak_audit.stages import ordinary
from tests.studies import attacks, own_features
from tests.studies.judged import isolated_of, judged
from tests.studies.markets import END_MS, filled_store, linear, settings_of
from tests.studies.test_what_features_take import bars


@pytest.fixture
def audited(tmp_path, servers, fewer_cuts):
    """What the probe says of features of a file."""

    def of(*sources):
        path = own_features.write(tmp_path / "mine.py", *sources, week=24)
        return judged(tmp_path, path, isolated_of(path, servers))

    return of


@pytest.mark.parametrize("table", [own_features.LEAKS, attacks.LEAKS, own_features.MEMORY])
def test_every_leak_of_a_file_is_named(audited, table):
    leaks, _, outside, *_ = audited(*own_features.functions(table))
    assert leaks == set(table)
    assert outside == []


@pytest.fixture
def levels(tmp_path):
    """A file that is there."""
    path = tmp_path / "levels.csv"
    path.write_text("2\n3\n")
    return str(path)


@pytest.mark.parametrize("name", own_features.OUTSIDE)
def test_what_comes_from_outside_is_named(tmp_path, servers, levels, name):
    if name == "arrow" and not landlock.is_there():
        pytest.skip("this kernel has no Landlock: a reader in C is named by its library")
    isolated = computed(tmp_path, servers, {name: own_features.OUTSIDE[name]}, levels)
    word = {"network": "127.0.0.1", "program": "echo"}.get(name, "levels.csv")
    assert any(word in each for each in isolated.outside), isolated.outside


@pytest.mark.parametrize("name", attacks.OUTSIDE)
def test_what_another_replay_may_find_changed_is_named(tmp_path, servers, levels, name):
    isolated = computed(tmp_path, servers, {name: attacks.OUTSIDE[name]}, levels)
    assert isolated.outside or isolated.unsteady


def computed(folder, servers, table, levels):
    """The features of a table, computed once."""
    path = own_features.write(folder / "mine.py", *own_features.functions(table, path=levels))
    isolated = isolated_of(path, servers)
    isolated.compute([[bars(200)]])
    return isolated


def test_a_file_that_stays_as_it_is_is_no_leak(audited, levels):
    table = {name: own_features.OUTSIDE[name] for name in ("text", "table", "swallowed", "database")}
    leaks, _, outside, unsteady, _ = audited(*own_features.functions(table, path=levels))
    assert leaks == unsteady == set()
    assert outside


@pytest.mark.parametrize("table", [own_features.HONEST, attacks.HONEST])
def test_no_honest_feature_is_accused(audited, table):
    leaks, rounding, outside, unsteady, unjudged = audited(*own_features.functions(table))
    assert leaks == unsteady == unjudged == set()
    assert outside == []
    assert rounding <= {"fft", "net", "ewm", "regression", "expanding_z", "kalman"}


def test_what_is_compiled_in_every_replay_is_not_accused(tmp_path, fewer_cuts, monkeypatch):
    monkeypatch.setattr(probe, "CUTS", 0)
    monkeypatch.setattr(probe, "PERIOD", 3)
    path = own_features.write(tmp_path / "mine.py", *own_features.functions(attacks.COMPILED))
    found = judged(tmp_path, path, Isolated(path, processes=1))
    assert not any((found.leaks, found.outside, found.unsteady, found.unjudged))


def test_the_cuts_meet_every_hour_of_the_week():
    for rows in (900, 1400, 33_413):  # with as many cuts as an audit has
        found = [cut for block in probe.spread_out(rows) for cut in block.cuts]
        assert {cut % 168 for cut in found} == set(range(168))
        assert all(probe.WARM <= cut <= rows - probe.AFTER for cut in found)


def test_each_hundredth_of_the_history_is_cut():
    for rows in (900, 33_413):
        found = [cut for block in probe.everywhere(rows) for cut in block.cuts]
        assert np.diff([probe.WARM, *found, rows]).max() <= max(rows // 100, probe.AFTER)


def test_no_history_tells_what_a_later_one_of_its_process_must_not_know():
    for rows, most in ((900, 1), (33_413, 5)):
        spread = list(probe.spread_out(rows))
        done = {cut for block in spread for cut in block.cuts}
        time_ms = 1_577_836_800_000 + np.arange(rows) * 3_600_000
        blocks = [*spread, *probe.every_phase(rows, done), *probe.at_turns(time_ms), *probe.everywhere(rows)]
        chosen = [cuts.Cut(block, row, pd.DataFrame()) for block in blocks for row in block.cuts]
        groups = cuts.in_company(chosen)
        assert sorted(map(id, chosen)) == sorted(id(cut) for group in groups for cut in group)
        for group in groups:
            for place, cut in enumerate(group):
                for other in group[:place]:
                    first_row = other.row if other.block.once else other.row + cuts.AFTER  # rows before it
                    made_up = [each.words for each in other.futures] != ["cut off"]
                    assert first_row <= (cut.block.start if made_up else cut.row)
        assert len(chosen) > most * len(groups)


def test_every_row_stands_before_a_bar_that_becomes_another(tmp_path):
    settings = settings_of()
    history = recorded(settings, filled_store(tmp_path, settings), END_MS)
    market = Replay(ordinary(settings, (), linear), history).market
    others = [single_bars.with_others(market, phase).frame for phase in range(single_bars.EVERY)]
    changed = np.array([(frame["close"] != market.frame["close"]).to_numpy() for frame in others])
    assert (changed.sum(axis=0) == 1).all()
    assert not (changed[:, 1:] & changed[:, :-1]).any()
    for frame in others:
        assert (frame["low"] <= frame[["open", "close"]].min(axis=1)).all()
        assert (frame["high"] >= frame[["open", "close"]].max(axis=1)).all()


def test_behind_the_rarest_values_is_cut(tmp_path):
    settings = settings_of()
    history = recorded(settings, filled_store(tmp_path, settings), END_MS)
    base, values = Replay(ordinary(settings, (), linear), history), np.zeros(900)
    values[[120, 300, 710]] = [5.0, -7.0, 1.0]
    table = pd.DataFrame({"mine": values})
    none, some = (
        ends.Apart(np.array(rows, int), np.ones(len(rows)), untold=False) for rows in ([], [444, 555])
    )
    market, rare, moved = base.market, {121, 301, 711}, np.zeros(900)

    def chosen(table, apart):
        return set(ends.chosen_ends(market, table, ends.Suspected({"mine": apart}, {"mine": moved})))

    common = chosen(table * 0, none)
    assert rare <= chosen(table, none) <= rare | common
    assert {445, 556} <= chosen(table, some)
    moved[[222, 666]] = [1.0, np.inf]
    assert {223, 667} <= chosen(table, none)
    everywhere = set(ends.one_of_each_hour(33_413))
    assert {end % 168 for end in everywhere} == set(range(168))
