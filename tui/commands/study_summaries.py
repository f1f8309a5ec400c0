"""The summaries of several trainings: calibration, seeds, folds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tui.number_format import UNDEFINED, amount, defined, percent, table, whole

if TYPE_CHECKING:
    from engine.runs.folder import RunFolder

MODES = ("calibrate", "seeds")
SHARES = ("total_return", "max_drawdown", "win_rate", "directional_accuracy")


def summary(run: RunFolder, result: dict[str, Any]) -> str:
    """What a calibration or several seeds came to."""
    return calibration_summary(result) if run.mode == "calibrate" else seeds_summary(result)


def calibration_summary(result: dict[str, Any]) -> str:
    """One line an edge, and what it says."""
    header = ("edge", "markets", "interval above 0", "IC", "IC reachable", "truth recovered", "least")
    rows = [
        [
            f"{each['edge']:g}",
            whole(each["markets"]),
            f"{each['above_zero']} ({percent(each['share_above_zero'])} %)",
            signed(each["ic"]),
            signed(each["reachable_ic"]),
            signed(each["recovered"]),
            signed(each["recovered_least"]),
        ]
        for each in result["edges"]
    ]
    told = [
        f"edge 0: {each['above_zero']} of {each['markets']} intervals lie above 0, "
        f"{each['most_by_chance']} or fewer are chance: "
        + (
            "as it must be"
            if each["above_zero"] <= each["most_by_chance"]
            else "FALSE ALARMS, something leaks"
        )
        for each in result["edges"]
        if each["edge"] == 0
    ]
    return "\n".join(["SIMULATED markets", table(header, rows, right=range(1, 7)), *told])


def seeds_summary(result: dict[str, Any]) -> str:
    """Every headline figure's spread over the seeds, and the ensemble's."""
    spread, ensemble = result["spread"], result["ensemble"]
    rows = [
        [name.replace("_", " "), *(figure(name, value) for value in (
            each["mean"], each["deviation"], each["least"], each["greatest"], ensemble.get(name)
        ))]
        for name, each in spread.items()
    ]  # fmt: skip
    runs = ", ".join(f"{each['seed']}: {each['run']}" for each in result["seeds"])
    header = (f"{len(result['seeds'])} seeds", "mean", "deviation", "least", "greatest", "mean forecast")
    first = ["SIMULATED market: these figures say nothing about a real one"] if result["simulated"] else []
    return "\n".join([*first, table(header, rows, right=range(1, 6)), f"runs  {runs}"])


def folds_table(result: dict[str, Any]) -> list[str]:
    """The folds of a walk-forward, nothing for other results."""
    folds = result.get("folds") or []
    if not folds:
        return []
    header = ("fold", "test from", "to", "train", "test", "epochs", "IC", "return", "buy & hold", "trades")
    rows = [
        [
            whole(each["fold"]), each["test_start"][:10], each["test_end"][:10], whole(each["train"]),
            whole(each["test"]), f"{each['epochs']} (best {each['best_epoch']})", signed(each["ic"]),
            f"{percent(each['total_return'])} %", f"{percent(each['buy_and_hold'])} %", whole(each["trades"]),
        ]
        for each in folds
    ]  # fmt: skip
    return [table(header, rows, right=(0, 3, 4, 6, 7, 8, 9))]


def signed(value: Any) -> str:
    """+0.071, n/a where undefined."""
    return f"{value:+.3f}" if defined(value) else UNDEFINED


def figure(name: str, value: Any) -> str:
    """A headline figure, shares in percent, correlations with three decimals."""
    if name in SHARES:
        return f"{percent(value)} %" if defined(value) else UNDEFINED
    return signed(value) if name in ("ic", "r2") else amount(value)
