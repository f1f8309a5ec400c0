from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine.errors import ChangeSettingsError, RepairDataError
from engine.features import BUILT_IN, Bars, check_columns, compute, feature, resolve, table

from .markets import HOUR_MS, market

OHLCV = ("open", "high", "low", "close", "volume")
COLUMNS = (*OHLCV, "flag", "funding", "open_interest", "second_close", "second_volume")
DOCUMENT = Path(__file__).parents[2] / "docs" / "features.md"


@feature(warm_up=0)
def own_one(bars: Bars) -> np.ndarray:
    return bars.close / bars.open - 1


@feature(warm_up=3, needs=("premium",))
def own_two(bars: Bars) -> np.ndarray:
    return bars["premium"]


def test_all_is_every_built_in_whose_series_are_there_then_the_own_ones() -> None:
    assert resolve(("all",), COLUMNS, [own_one]) == (*BUILT_IN, "own_one")
    plain = resolve(("all",), OHLCV)
    assert set(BUILT_IN) - set(plain) == {name for name, one in BUILT_IN.items() if one.needs}
    assert len(plain) >= 40
    with_funding = resolve(("all",), (*OHLCV, "funding"))
    assert set(with_funding) - set(plain) == {"funding_rate", "funding_z_168"}


def test_all_leaves_out_the_hour_where_every_candle_opens_at_the_same() -> None:
    left_out = set(resolve(("all",), OHLCV, step_ms=HOUR_MS)) - set(
        resolve(("all",), OHLCV, step_ms=24 * HOUR_MS)
    )
    assert left_out == {"hour_sin", "hour_cos"}
    assert resolve(("hour_sin",), OHLCV, step_ms=24 * HOUR_MS) == ("hour_sin",)


def test_groups_stand_for_their_features_and_do_not_overlap() -> None:
    names = ("price", "volatility", "volume", "calendar")
    groups = [set(resolve((name,), OHLCV)) for name in names]
    assert all(groups)
    assert set(resolve(names, OHLCV)) == set(resolve(("all",), OHLCV)) == set().union(*groups)
    assert sum(map(len, groups)) == len(set().union(*groups))
    assert resolve(("calendar", "rsi_14"), OHLCV, step_ms=24 * HOUR_MS)[-1] == "rsi_14"
    with pytest.raises(ChangeSettingsError, match="given twice"):
        resolve(("price", "rsi_14"), OHLCV)


def test_the_order_given_is_kept() -> None:
    assert resolve(("rsi_14", "own_one", "return_1"), OHLCV, [own_one]) == ("rsi_14", "own_one", "return_1")


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (("rsi14",), ("rsi14", "rsi_14")),
        (("zzzzzz",), ("zzzzzz", "docs/features.md")),
        (("rsi_14", "rsi_14"), ("rsi_14", "twice")),
        (("all", "rsi_14"), ("rsi_14", "all holds every feature")),
        (("funding_rate",), ("funding_rate", "data.funding = true")),
        (("open_interest_change_1",), ("open_interest", "data.open_interest = true")),
        (("second_spread",), ("second_close", "data.second_exchange")),
    ],
)
def test_names_that_cannot_be_had_are_refused(names: tuple[str, ...], words: tuple[str, str]) -> None:
    with pytest.raises(ChangeSettingsError) as caught:
        resolve(names, OHLCV)
    assert all(part in str(caught.value) for part in words)
    with pytest.raises(ChangeSettingsError):
        compute(market(10), [*names, "nothing_such"])


def test_an_own_feature_without_its_series_is_refused_even_from_all() -> None:
    with pytest.raises(ChangeSettingsError, match="own_two needs premium"):
        resolve(("all",), OHLCV, [own_two])


def test_two_features_of_one_name_are_refused() -> None:
    with pytest.raises(ChangeSettingsError, match="own_one is taken"):
        resolve(("all",), OHLCV, [own_one, own_one])


def test_columns_that_cannot_be_scaled_are_refused_by_name() -> None:
    values = np.random.default_rng(0).normal(size=(50, 4))
    values[3, 1] = np.nan
    check_columns(values, list("abcd"))
    check_columns(values.astype(np.float32), list("abcd"))

    constant = values.copy()
    constant[:, [1, 3]] = 0.3
    with pytest.raises(ChangeSettingsError, match="b, d constant in the 50 training rows"):
        check_columns(constant, list("abcd"))

    empty = values.copy()
    empty[:, 2] = np.nan
    with pytest.raises(ChangeSettingsError, match="c without a value"):
        check_columns(empty, list("abcd"))

    infinite = values.copy()
    infinite[7, 0] = -np.inf
    with pytest.raises(RepairDataError, match="feature a: infinite"):
        check_columns(infinite, list("abcd"))


def test_a_column_of_rounding_only_counts_as_constant() -> None:
    values = np.linspace(0, 1, 20)[:, None] * [1.0, 1e-16] + [0.0, 1.0]
    with pytest.raises(ChangeSettingsError, match="b constant"):
        check_columns(values, ["a", "b"])


def test_the_document_lists_the_catalogue_as_it_is() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    start, end = "<!-- catalogue -->\n\n", "\n<!-- end of catalogue -->"
    assert text.partition(start)[2].partition(end)[0] == table()
