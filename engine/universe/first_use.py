"""The account's loop, compiled before it is first needed, which is said while it lasts."""

from __future__ import annotations

from threading import Thread
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.backtest.bars import ARRAYS, Bars
from engine.backtest.portfolio import simulate_portfolio
from engine.backtest.rules import Rules
from engine.results.notes import Note, log_event

if TYPE_CHECKING:
    from engine.runs.events import Emit

QUIET_S = 3.0  # in which machine code that is kept is loaded
POLL_S = 0.25


def compile_loop(emit: Emit) -> None:
    """Have the loop of one account over several symbols as machine code, and tell where that takes long.

    `emit` is asked for a stop meanwhile, and may raise it.
    """
    at_work = Thread(target=trade_two_bars, daemon=True)
    at_work.start()
    at_work.join(QUIET_S)
    if at_work.is_alive():
        emit(log_event(Note("loop compiles", {})))
    while at_work.is_alive():
        emit({"kind": "alive"})
        at_work.join(POLL_S)


def trade_two_bars() -> None:
    """Trade two bars of a made-up symbol, for which the loop has to be there."""
    arrays: dict[str, Any] = dict.fromkeys(ARRAYS, np.ones(2))
    bars = Bars(np.array([0, 3_600_000]).astype("datetime64[ms]"), **arrays)
    simulate_portfolio({"none": bars}, {"none": np.zeros(2)}, Rules(1.0, 0.0, 0.0, 8760.0))
