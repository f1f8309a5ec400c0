"""Columns against independent formulas, written with pandas alone."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from engine.features import compute
from engine.features.inputs import RESTART

from .markets import market, replaced

MARKET = market(1500, 11)
FRAME = MARKET.frame
CLOSE, HIGH, LOW, OPEN, VOLUME = (FRAME[name] for name in ("close", "high", "low", "open", "volume"))
RETURN = np.log(CLOSE).diff()


def score(values: pd.Series, span: int) -> pd.Series:
    window = values.rolling(span)
    return (values - window.mean()) / window.std()


def wilder(values: pd.Series, span: int) -> pd.Series:
    return values.ewm(alpha=1 / span, adjust=False).mean()


def rsi(span: int) -> pd.Series:
    change = CLOSE.diff().fillna(0)
    gain, loss = wilder(change.clip(lower=0), span), wilder(-change.clip(upper=0), span)
    return (100 - 100 / (1 + gain / loss)) / 50 - 1


def atr(span: int) -> pd.Series:
    before = CLOSE.shift().fillna(CLOSE)
    true_range = np.maximum(HIGH, before) - np.minimum(LOW, before)
    return wilder(true_range, span) / CLOSE


def macd() -> pd.Series:
    def average(values: pd.Series, span: int) -> pd.Series:
        return values.ewm(span=span, adjust=False).mean()

    line = average(CLOSE, 12) - average(CLOSE, 26)
    return (line - average(line, 9)) / CLOSE


def place(span: int) -> pd.Series:
    highest, lowest = HIGH.rolling(span).max(), LOW.rolling(span).min()
    return 2 * (CLOSE - lowest) / (highest - lowest) - 1


def balance(span: int) -> pd.Series:
    on_balance = (np.sign(CLOSE.diff()) * VOLUME).fillna(0).cumsum()
    return on_balance.diff(span) / VOLUME.rolling(span).sum()


def garman_klass(span: int) -> pd.Series:
    bar = 0.5 * np.log(HIGH / LOW) ** 2 - (2 * np.log(2) - 1) * np.log(CLOSE / OPEN) ** 2
    return np.sqrt(bar.rolling(span).mean())


def unsteadiness() -> pd.Series:
    volatility = RETURN.rolling(12).std()
    return volatility.rolling(48).std() / volatility.rolling(48).mean()


TIME = FRAME.index
EXPECTED = {
    "return_24": np.log(CLOSE / CLOSE.shift(24)),
    "normalised_return_6": RETURN.rolling(6).sum() / (RETURN.rolling(168).std() * np.sqrt(6)),
    "volatility_48": RETURN.rolling(48).std(),
    "volatility_ratio_24_168": RETURN.rolling(24).std() / RETURN.rolling(168).std(),
    "volatility_of_volatility": unsteadiness(),
    "parkinson_24": np.sqrt((np.log(HIGH / LOW) ** 2).rolling(24).sum() / (24 * 4 * np.log(2))),
    "garman_klass_24": garman_klass(24),
    "atr_14": atr(14),
    "rsi_14": rsi(14),
    "rsi_28": rsi(28),
    "macd_histogram": macd(),
    "bollinger_position": score(CLOSE, 20) / 2,
    "bollinger_width": 4 * CLOSE.rolling(20).std() / CLOSE.rolling(20).mean(),
    "sma_distance_168": np.log(CLOSE / CLOSE.rolling(168).mean()),
    "ema_distance_48": np.log(CLOSE / CLOSE.ewm(span=48, adjust=False).mean()),
    "place_in_range_24": place(24),
    "volume_change": np.log(VOLUME).diff(),
    "volume_trend_24": np.log(VOLUME.rolling(24).sum()).diff(24),
    "volume_z_168": score(VOLUME, 168),
    "obv_change_24": balance(24),
    "bar_range_relative": np.log(HIGH / LOW) / np.log(HIGH / LOW).rolling(24).mean(),
    "bar_body": (CLOSE - OPEN) / (HIGH - LOW),
    "bar_upper_wick": (HIGH - FRAME[["open", "close"]].max(axis=1)) / (HIGH - LOW),
    "bar_lower_wick": (FRAME[["open", "close"]].min(axis=1) - LOW) / (HIGH - LOW),
    "place_in_bar": 2 * (CLOSE - LOW) / (HIGH - LOW) - 1,
    "hour_sin": pd.Series(np.sin(2 * np.pi * TIME.hour / 24), TIME),
    "hour_cos": pd.Series(np.cos(2 * np.pi * TIME.hour / 24), TIME),
    "weekday_sin": pd.Series(np.sin(2 * np.pi * TIME.day_of_week / 7), TIME),
    "weekday_cos": pd.Series(np.cos(2 * np.pi * TIME.day_of_week / 7), TIME),
    "funding_rate": FRAME["funding"],
    "funding_z_168": score(FRAME["funding"], 168),
    "open_interest_change_24": np.log(FRAME["open_interest"]).diff(24),
    "second_spread": np.log(CLOSE / FRAME["second_close"]),
    "second_spread_z_168": score(np.log(CLOSE / FRAME["second_close"]), 168),
}
# Averages that never forget start differently here; a thousand bars later nothing is left of it.
RECURSIVE = ("atr_14", "rsi_14", "rsi_28", "macd_histogram", "ema_distance_48")


@pytest.mark.parametrize("name", EXPECTED)
def test_the_formula_is_that_of_pandas(name: str) -> None:
    values = compute(MARKET, [name])[name]
    rows = slice(1200, None) if name in RECURSIVE else slice(None)
    np.testing.assert_allclose(values[rows], EXPECTED[name][rows], rtol=1e-7, atol=1e-10)


def test_bounded_features_keep_their_bounds() -> None:
    values = compute(replaced(MARKET, slice(300, 600), volume=0.0), ("all",))
    for name in (
        "rsi_14",
        "rsi_28",
        "place_in_range_24",
        "obv_change_24",
        "bar_body",
        "place_in_bar",
        "hour_sin",
    ):
        assert values[name].abs().max() <= 1


def test_the_rounding_of_a_huge_volume_does_not_stay_for_ever() -> None:
    names = ["volume_trend_24", "volume_z_48", "obv_change_24"]
    usual = market(RESTART + 3000, 12)
    spiked = replaced(usual, slice(100, 101), volume=1e18)
    later = slice(RESTART + 200, None)
    pd.testing.assert_frame_equal(compute(spiked, names)[later], compute(usual, names)[later], rtol=1e-9)
