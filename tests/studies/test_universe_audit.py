"""The audit of several symbols passes what is clean, and finds what one symbol tells of another too early."""

import dataclasses

import numpy as np
import pytest

from engine.backtest.thresholds import Choice
from engine.data.store import Store
from engine.samples import split
from engine.samples.scaling import Scalers
from engine.settings import make
from engine.studies.leak_audit import universe_audit
from engine.studies.leak_audit.universe_audit import audit_universe
from engine.studies.leak_audit.universe_replay import Audited, UniverseReplay, history_of
from engine.universe import cross_section, membership, preparation, trading
from engine.universe.pool import Pool
from tests.studies import own_features
from tests.studies.judged import isolated_of
from tests.universe.markets import FIRST_MS, STEP, stored

LOOKBACK, BARS = 5, 620
NAMES = ("return_1", "cross_rank", "cross_volume", "cross_market_1", "lead_return_1", "symbol_perp-b")
SYMBOLS = {
    "perp-a": (1, 0, BARS, (300, 301, 430, 560)),
    "perp-b": (2, 90, 420, (150, 151, 152, 153, 154)),
    "perp-c": (3, 250, 300),
    "perp-d": (4, 0, 330),
}
NOW = FIRST_MS + 2000 * STEP


@pytest.fixture(autouse=True)
def fewer_edges(monkeypatch):
    monkeypatch.setattr(universe_audit, "SHARES", (0.5,))
    monkeypatch.setattr(universe_audit, "EDGES", 4)


@pytest.fixture
def parts_alone(monkeypatch):
    """No cuts but those where validation and test begin."""
    monkeypatch.setattr(universe_audit, "SHARES", ())
    monkeypatch.setattr(universe_audit, "EDGES", 0)


def linear(matrix, start, emit):
    """A fixed function of a window's own values: rows (T, F), first rows (n,) → (n,)."""
    windows = matrix[start[:, None] + np.arange(LOOKBACK)]  # (n, L, F)
    weight = np.linspace(-1, 1, windows[0].size, dtype=np.float32)
    return np.array([np.dot(window.ravel(), weight) for window in windows], np.float32)


@pytest.fixture(scope="module")
def series(tmp_path_factory):
    folder = tmp_path_factory.mktemp("store")
    stored(folder, **SYMBOLS)
    return folder


def audited(folder, *overrides):
    settings = make(
        {},
        [
            f"data.symbols={','.join(SYMBOLS)}", f"window.lookback={LOOKBACK}", "label.horizon=3",
            "data.universe_top=3", "data.universe_days=3", "split.test=0.25", "split.validation=0.25",
            "signal.threshold_from=settings", *overrides,
        ],
    )  # fmt: skip
    history, names = history_of(settings, Store(folder), NOW)
    return Audited(None, settings, NAMES, [linear], names), history


@pytest.mark.parametrize(
    "overrides",
    [
        ("universe.scaling=symbol", "portfolio.allocation=rank", "portfolio.top=1", "portfolio.bottom=1"),
        ("signal.threshold_from=validation", "backtest.stop_loss=0.01", "portfolio.gross_cap=0.5"),
    ],
)
def test_a_clean_universe_passes(series, overrides):
    found = audit_universe(*audited(series, *overrides))
    assert [each.text for each in found.findings] == []
    assert found.status == "passed"
    assert found.histories > 2 * len(found.cuts_ms) - 4
    opens = FIRST_MS + STEP * np.array([301, 302, 431, 561])
    assert np.isin(opens, found.cuts_ms).any()  # a cut in a gap
    ended = FIRST_MS + STEP * 330
    assert min(abs(cut - ended) for cut in found.cuts_ms) < 10 * STEP


def first_finding(series):
    found = audit_universe(*audited(series))
    assert found.status == "failed"
    return found.findings[0]


def test_a_membership_that_knows_its_own_day(series, monkeypatch):
    median = membership.trailing_median
    monkeypatch.setattr(
        membership, "trailing_median", lambda values, days: np.vstack([median(values, days)[1:], values[-1:]])
    )
    finding = first_finding(series)
    assert finding.stage == "merge"
    assert finding.column.endswith(" member")


@pytest.mark.parametrize("name", ["cross_rank", "lead_return_1"])
def test_a_feature_among_the_others_that_looks_one_bar_ahead(series, monkeypatch, name):
    table_of = preparation.table_of

    def early(markets, names, own, fill_gaps):
        table = table_of(markets, names, own, fill_gaps)
        table[name] = table[name].shift(-1)
        return table

    monkeypatch.setattr(preparation, "table_of", early)
    finding = first_finding(series)
    assert finding.stage == "features"
    assert finding.column.endswith(f" {name}")


def test_a_gap_that_counts_for_the_others_because_it_will_be_filled(series, monkeypatch):
    class Foreseeing(cross_section.Grid):
        def __init__(self, markets, _):
            super().__init__(markets, 0)
            for s, market in enumerate(markets):  # filled rows count where another symbol was traded
                self.close[self.place[s], s] = market.frame["close"].to_numpy()

    monkeypatch.setattr(cross_section, "Grid", Foreseeing)
    finding = first_finding(series)
    assert finding.stage == "features"
    assert "cross_" in finding.column


@pytest.mark.usefixtures("parts_alone")
def test_scalers_that_know_the_test(series, monkeypatch):
    fit = Pool.fit_scalers
    monkeypatch.setattr(
        Pool, "fit_scalers", lambda self, settings, _start: fit(self, settings, self.windows.start)
    )
    assert first_finding(series).stage == "scale"


@pytest.mark.usefixtures("parts_alone")
def test_labels_that_reach_into_validation(series, monkeypatch):
    parts = split.chronological
    monkeypatch.setattr(split, "chronological", lambda bar, known, _, *shares: parts(bar, known, 0, *shares))
    finding = first_finding(series)
    assert finding.stage == "split"
    assert "training" in finding.column


@pytest.mark.usefixtures("parts_alone")
def test_a_threshold_chosen_on_the_test(series, monkeypatch):
    def of_all(pool, *_):
        return Choice(float(np.nanmean(np.abs(pool.label))))

    monkeypatch.setattr(trading, "entry_threshold", of_all)
    assert first_finding(series).stage == "threshold"


@pytest.mark.usefixtures("parts_alone")
def test_scalers_that_are_not_those_of_the_training_rows(series):
    given, history = audited(series)
    fitted = UniverseReplay(given, history).scalers
    other = Scalers(fitted.features, fitted.label)
    other.features.mean_[0] += 1e-9
    found = audit_universe(given, history, other)
    assert found.findings[0].stage == "scale"


OWN = {
    "honest": "return move(bars)",
    "next_return": "return following(move(bars))",
    "last_of_another": "first = int(bars.time[0]); "
    f"SEEN.update({{0: bars.close[-1]}} if first == {FIRST_MS} else {{}}); "
    f"return bars.close / (SEEN.get(0, 1.0) if first == {FIRST_MS + 20 * STEP} else 1.0)",
}


def test_own_features_are_judged_on_each_symbol_and_from_one_to_the_next(tmp_path, servers, fewer_cuts):
    """As a run has it one process computes all symbols, so what is remembered of one may tell another."""
    stored(tmp_path / "store", **{"perp-a": (1, 0, 420), "perp-b": (2, 20, 400)})
    path = own_features.write(tmp_path / "mine.py", *own_features.functions(OWN))
    given, history = audited(tmp_path / "store", "data.symbols=perp-a,perp-b", "data.universe_top=0")
    own = dataclasses.replace(
        given, names=("return_1", *OWN), own=tuple(OWN), isolated=isolated_of(path, servers)
    )
    found = audit_universe(own, history)
    named = {each.column for each in found.findings if each.stage == "features"}
    assert named == {"perp-a next_return", "perp-b next_return", "perp-b last_of_another"}
    assert found.probed > 50
    assert not own.isolated.outside
