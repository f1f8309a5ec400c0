"""Which run a command means; `last` is the newest that the command can use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.runs.modes import MODES, training, with_backtest

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from engine.runs.folder import RunFolder
    from engine.runs.home import Home


def usable(home: Home, text: str, modes: Sequence[str], ready: Callable[[RunFolder], bool]) -> RunFolder:
    """The run of one of these modes that is meant; `last` passes over those that are not ready.

    Raises ChangeSettingsError if there is none.
    """
    found = [run for run in home.all() if run.mode in modes and ready(run)] if text == "last" else []
    return found[-1] if found else home.find(text, modes)


def with_result(home: Home, text: str) -> RunFolder:
    """A run with a backtest."""
    return usable(home, text, with_backtest(), lambda run: run.result_path.exists())


def to_report(home: Home, text: str) -> RunFolder:
    """A run with any result; the last one with a backtest."""
    return with_result(home, text) if text == "last" else home.find(text)


def with_model(home: Home, text: str) -> RunFolder:
    """A run with a model; a backtest means the run whose model it used."""
    if text != "last" and (run := home.find(text, (*training(), "backtest"))).mode == "backtest":
        text = run.of
    return usable(home, text, training(), lambda run: run.manifest_path.exists())


def with_files(home: Home, text: str) -> RunFolder:
    """A run whose files stand in a manifest."""
    return usable(home, text, tuple(MODES), lambda run: run.manifest_path.exists())
