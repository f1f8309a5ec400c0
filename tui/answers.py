"""The engine's answers about results, as types."""

from __future__ import annotations

from typing import Any

from engine.results.answers import OpenedResult, SweepResult, TradeDetail, TradesPage
from engine.results.backtest import TrialCounts
from engine.results.codec import from_json

WHERE = "the engine's answer"


def opened_result(answer: dict[str, Any]) -> OpenedResult:
    """A result as recorded or under other rules, its settings and its curves."""
    return from_json(OpenedResult, answer, WHERE)


def trial_counts(answer: dict[str, Any]) -> TrialCounts:
    """What the trial ledger says by now."""
    return from_json(TrialCounts, answer, WHERE)


def trades_page(answer: dict[str, Any]) -> TradesPage:
    """A window of trades."""
    return from_json(TradesPage, {"start": answer.get("from"), **answer}, WHERE)


def trade_detail(answer: dict[str, Any]) -> TradeDetail:
    """One trade and the candles around it."""
    return from_json(TradeDetail, answer, WHERE)


def sweep_result(answer: dict[str, Any]) -> SweepResult:
    """Many rules at once."""
    return from_json(SweepResult, answer, WHERE)
