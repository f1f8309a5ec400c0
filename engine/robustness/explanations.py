"""What the panels of evidence say, in plain words."""

from __future__ import annotations

import math
from typing import Any

from engine.robustness import fill_scenarios

CHANCE = 0.05
LSTM, OWN_SIGNALS = "The LSTM", "The signals"


def on_panels(gained: float, panels: dict[str, Any], who: str = LSTM) -> dict[str, str]:
    """What each panel says; gained: the strategy's total return. who: what made the decisions."""
    return {
        "fills": on_fills(gained, panels["fills"]),
        "intervals": on_intervals(panels["intervals"]["strategy"]["sharpe"]),
        "permutation": on_permutation(panels["permutation"]),
        "baselines": on_baselines(panels["baselines"], who),
    }


def on_fills(gained: float, panel: dict[str, Any]) -> str:
    """How much of the return hangs on the fill_scenarios."""
    by_name = {way["name"]: signed(way["total_return"]) for way in panel["ways"]}
    harsh = (
        f"{by_name[fill_scenarios.SLIPPED]} at the next open with three times the slippage, "
        f"{by_name[fill_scenarios.WORST]} at the worst price of each bar"
    )
    if not panel["share"] >= 0:
        return (
            f"No gain hangs on the fills: {signed(gained)} as set, "
            f"{by_name[fill_scenarios.SAME_CLOSE]} at the close that was decided on, {harsh}."
        )
    return f"{panel['share'] * 100:.0f} % of the return hangs on the fills: {signed(gained)} as set, {harsh}."


def on_intervals(bounds: list[float]) -> str:
    """Whether the Sharpe ratio can be told from 0."""
    low, high = bounds
    if not (math.isfinite(low) and math.isfinite(high)):
        return "The Sharpe ratio has no interval: too few days, or no change in equity."
    said = "is above 0" if low > 0 else "is below 0" if high < 0 else "cannot be told from 0"
    return f"The Sharpe ratio {said}: its 95 % interval is {low:.2f} … {high:.2f}."


def on_permutation(panel: dict[str, Any]) -> str:
    """Whether the timing of the trades is better than chance."""
    if not math.isfinite(panel["p_value"]):
        return "The timing of the trades was not tested: no shuffles were asked for, or nothing was traded."
    said = "better than" if panel["p_value"] < CHANCE else "no better than"
    return (
        f"The timing of the trades is {said} chance: of {panel['permutations']:,} shuffles with the same "
        f"number of trades and holding times {panel['p_value'] * 100:.1f} % do as well."
    )


def on_baselines(rows: list[dict[str, Any]], who: str = LSTM) -> str:
    """Which baselines the LSTM, or whoever decided, beat beyond chance."""
    beaten = [row["name"] for row in rows if row["beaten"]]
    others = [row["name"] for row in rows if not row["beaten"]]
    if not beaten:
        return f"{who} beat none of them beyond chance: {listed(others)}."
    rest = f", but not {listed(others)}" if others else ""
    return f"{who} beat {listed(beaten)} beyond chance{rest}."


def on_ledger(told: dict[str, Any]) -> str:
    """How much the Sharpe ratio is worth after so many looks."""
    looks = "the first look" if told["looks"] == 1 else f"look {told['looks']:,}"
    head = (
        f"This is {looks} at this span, {told['trials']:,} of them different"
        if told["looks"] > 1
        else (f"This is {looks} at this span")
    )
    if not math.isfinite(told["deflated_sharpe"]):
        return f"{head}; the deflated Sharpe ratio is not defined."
    return (
        f"{head}; the deflated Sharpe ratio is {told['deflated_sharpe']:.2f}, where 0.95 would be convincing."
    )


def signed(share: float) -> str:
    """A return in percent with its sign."""
    return f"{share * 100:+,.2f} %"


def listed(names: list[str]) -> str:
    """a, b and c."""
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
