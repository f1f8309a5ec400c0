"""What the facts of a backtest say, in plain words; made where they are shown, from the facts of then."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from engine.results.learned import DRIFTED, DRIFTING
from engine.results.number_format import percent

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from engine.results.backtest import BacktestResult, Costs
    from engine.results.figures import Interval
    from engine.results.learned import BandCoverage, Estimate, FeatureDrift
    from engine.results.robustness import Baseline, FillScenarios, PermutationTest, TrialCounts, TrialFamily
    from engine.results.stress import StressTests

CHANCE, CONVINCING = 0.05, 0.95
MOST_NAMED = 5  # features in a sentence
NOTHING = 1e-9  # of the initial capital: what rounding leaves of an account that earned nothing
MOST_BPS = 1_000  # costs of a fill beyond which no break-even is looked for
FLAT, RANDOM = "always flat", "random signals"  # the baselines of a Sharpe ratio of 0 and of chance
SAME_CLOSE, NEXT_OPEN, SLIPPED, WORST = "same-close", "next-open", "next-open, 3 × slippage", "worst-of-bar"
ONE_LATE, TWO_LATE = "next-open, one bar late", "next-open, two bars late"
HARSHER = {  # than as set, in words
    SLIPPED: "with three times the slippage",
    ONE_LATE: "filled one bar late",
    TWO_LATE: "filled two bars late",
    WORST: "at the worst price of each bar",
}
DECIDED_BY = {"": "The signals", "lstm": "The LSTM", "own": "The model"}
KINDS = {"lstm": "LSTM", "gru": "GRU", "tcn": "TCN", "mlp": "MLP", "own": "your own"}


def explained(
    result: BacktestResult, trials: TrialCounts | None = None, *, unclaimed: str = ""
) -> dict[str, str]:
    """A sentence for each part that the result has, by its name: fills, stress, intervals, permutation, …

    trials: what the ledger counts by now; without it the counts are those of when the result was made.
    unclaimed: why nothing is claimed, which then stands alone.
    """
    drift = {"drift": on_drift(result.drift)} if result.drift else {}
    if unclaimed:
        return {"audit": unclaimed, **drift}
    trials = trials or result.trials
    rows = adjusted_baselines(result)
    beaten = {row.name for row in rows if row.beaten}
    above = FLAT in beaten
    parts: dict[str, object] = {
        "fills": result.fills and on_fills(result.metrics["total_return"], result.fills),
        "stress": result.stress
        and on_stress(result.metrics["sharpe"], result.metrics["total_return"], result.stress),
        "intervals": result.intervals and on_intervals(result.intervals.strategy.sharpe, claimed=above),
        "calibration": result.calibration and on_calibration(result.calibration.slope),
        "band": result.band and on_band(result.band),
        **drift,
        "permutation": result.permutation and on_permutation(result.permutation, claimed=RANDOM in beaten),
        "funding": on_funding(result.metrics, result.costs) or None,
        "baselines": rows and on_baselines(rows, result.decided_by, result.members),
        "trials": trials and on_trials(trials, claimed=above),
        "family": result.family and on_family(result.family, claimed=above),
    }
    return {name: text for name, text in parts.items() if isinstance(text, str)}


def adjusted_baselines(result: BacktestResult) -> tuple[Baseline, ...]:
    """The baselines; none to stay flat counts as beaten where the Sharpe ratio's own interval reaches 0."""
    reaches = result.intervals is not None and not result.intervals.strategy.sharpe.low > 0
    return tuple(
        replace(row, beaten=False) if reaches and row.name == FLAT else row for row in result.baselines
    )


def on_fills(total_return: float, fills: FillScenarios) -> str:
    """What is left of the strategy's total return under each harsher fill that was tried."""
    parts = listed(
        [
            f"{signed(each.total_return)} {HARSHER[each.name]}"
            for each in fills.scenarios
            if each.name in HARSHER
        ]
    )
    return f"The return is {signed(total_return)} as set, {parts}. {left_by_fills(total_return, fills)}"


def left_by_fills(total_return: float, fills: FillScenarios) -> str:
    """Under which harsher fills nothing is left of a gain."""
    harsher = [each for each in fills.scenarios if each.name in HARSHER]
    if not total_return > 0:
        lucky = any(each.total_return > 0 for each in harsher)
        more = "; what a harsher fill gains is no merit of the signals" if lucky else ""
        return f"There is no gain that fills could take{more}."
    gone = [HARSHER[each.name] for each in harsher if not each.total_return > 0]
    return f"Nothing is left {listed(gone)}." if gone else "A gain is left under each of them."


def on_stress(sharpe: float, total_return: float, found: StressTests) -> str:
    """Late fills, costs, capital, and how long a record the Sharpe ratio needs."""
    late = {each.bars: each.sharpe for each in found.delays}
    costs, half, record = found.break_even, found.capacity.half, found.track_record
    ratio = decimal(late.get(1, math.nan))
    parts = [f"Filled one bar late the Sharpe ratio is {ratio}, as set {decimal(sharpe)}"]
    if not (math.isfinite(sharpe) or math.isfinite(late.get(1, math.nan))):
        parts = ["No Sharpe ratio is defined, as set or filled one bar late"]
    if math.isfinite(costs.earned_bps):
        size = f"{abs(costs.earned_bps):,.1f} bps"
        made = f"{'loses' if costs.earned_bps < 0 and size != '0.0 bps' else 'earns'} {size}"
        parts.append(f"a trade {made} on average before fees and slippage of {costs.paid_bps:,.1f}")
    if math.isfinite(costs.bps):
        most = f"beyond {MOST_BPS:,}" if costs.bps >= MOST_BPS else f"{costs.bps:,.1f}"
        lasting = "the gain lasts" if total_return > 0 else "free of fees and slippage it gains,"
        parts.append(f"{lasting} until a fill costs {most} bps")
    if math.isfinite(half) and total_return > 0:
        share = "more than half" if half >= found.capacity.rows[-1].capital else "half"
        least = f"{found.capacity.rows[0].capital:,.0f}"
        moving = f"where orders move the price, {share} of what a capital of {least} gains is left at"
        parts.append(f"{moving} {half:,.0f}")
    if math.isfinite(record.needed):
        needed = f"{math.ceil(record.needed):,} days"
        parts.append(f"the minimum track record of such returns is {needed}, there are {record.days:,}")
    return f"{'; '.join(parts)}."


def on_intervals(sharpe: Interval, *, claimed: bool) -> str:
    """Whether the Sharpe ratio can be told from 0; claimed: whether the run may say that it is above."""
    low, high = sharpe
    if not (math.isfinite(low) and math.isfinite(high)):
        return (
            "The Sharpe ratio has no interval: that takes 30 days, and a change in equity on enough of them."
        )
    if low > 0 and not claimed:
        return (
            f"The Sharpe ratio is not shown to be above 0: its 95 % interval is {low:.2f} … {high:.2f}, but "
            "all claims of a run are held together at 5 %."
        )
    said = "is above 0" if low > 0 else "is below 0" if high < 0 else "cannot be told from 0"
    return f"The Sharpe ratio {said}: its 95 % interval is {low:.2f} … {high:.2f}."


def on_calibration(slope: Estimate) -> str:
    """Whether the size of forecasts says anything of that of returns."""
    if not math.isfinite(slope.low):
        return "The forecasts have no Mincer-Zarnowitz slope: too few of them, or they do not vary."
    if slope.low <= 0 <= slope.high:
        said = "The size of forecasts is not shown to say anything of returns"
    elif slope.high < 0:
        said = "Returns go against the forecasts"
    elif slope.low <= 1 <= slope.high:
        said = "Returns vary as much as their forecasts say, within the error"
    else:
        said = f"Forecasts vary too {'little' if slope.low > 1 else 'much'} for the returns that come"
    return (
        f"{said}: the Mincer-Zarnowitz slope is {slope.value:.2f}, 95 % {slope.low:.2f} … {slope.high:.2f}."
    )


def on_band(found: BandCoverage) -> str:
    """Whether the bands around forecasts held as many returns as they were to."""
    share, low, high = (percent(each) for each in (found.held.value, found.held.low, found.held.high))
    asked = f"{found.asked * 100:g} %"
    parts = f"Of {found.forecasts:,} returns {share} % lay in the {asked} bands of their forecasts"
    if not math.isfinite(found.held.low):
        return f"{parts}."
    if found.held.low <= found.asked <= found.held.high:
        said = "as many as asked for, within the error"
    else:
        said = "more than asked for" if found.held.low > found.asked else "fewer than asked for"
    return f"{parts}, {said}: 95 % {low} … {high} %."


def on_drift(found: Sequence[FeatureDrift]) -> str:
    """Which features are distributed otherwise than in training."""
    far = [f"{each.name} {each.psi:.2f}" for each in found if each.psi > DRIFTED]
    some = sum(DRIFTING < each.psi <= DRIFTED for each in found)
    shown = listed(far[:MOST_NAMED]) + (" and others" if len(far) > MOST_NAMED else "")
    named = f": {shown}" if far else ""
    return (
        f"{len(far)} of {len(found)} features have shifted since training, by a population stability index "
        f"above {DRIFTED}{named}; {some} more moved, above {DRIFTING}."
    )


def on_permutation(test: PermutationTest, *, claimed: bool) -> str:
    """Whether the timing of the trades is better than chance; claimed: whether the run may say so."""
    if not math.isfinite(test.p_value):
        return "The timing of the trades was not tested: no shuffles were asked for, or nothing was traded."
    said = "better than" if claimed else "not shown to be better than"
    few = f" ({test.distinct:,} of them different)" if test.distinct < test.permutations else ""
    alone = test.p_value < CHANCE and not claimed
    why = "; all claims of a run are held together at 5 %, and a loss claims nothing" if alone else ""
    as_good = round(test.p_value * (1 + test.permutations)) - 1
    return (
        f"The timing of the trades is {said} chance: of {test.permutations:,} shuffles{few} with the same "
        f"number of trades and holding times {f'{as_good:,}' if as_good else 'none'} did as well or "
        f"better{why}."
    )


def on_funding(metrics: Mapping[str, float], costs: Costs) -> str:
    """How much of the return is funding, and what is left without it; empty where none was due."""
    final, gained = metrics.get("final_value", math.nan), metrics["total_return"]
    if not (costs.funding and final > 0 and gained > -1):
        return ""
    share = -costs.funding * (1 + gained) / final  # of the initial capital, above 0 where it was received
    came = f"{'received' if share > 0 else 'paid'} comes to {percent(abs(share))} % of the initial capital"
    head = f"Funding {came}, beside a total return of {signed(gained)}"
    rest = gained - share  # without what rounding leaves of nothing
    if gained > 0 and rest <= NOTHING:
        return f"{head}: prices, fees and slippage came to no gain."
    if not gained > 0 and rest > NOTHING:
        return f"{head}: prices, fees and slippage came to a gain, and funding took more."
    return f"{head}."


def on_baselines(rows: Sequence[Baseline], decided_by: str, members: int = 1) -> str:
    """Which baselines whoever decided beat beyond chance; decided_by, members: as in a BacktestResult."""
    beaten = [row.name for row in rows if row.beaten]
    others = [row.name for row in rows if not row.beaten]
    who = DECIDED_BY.get(decided_by, f"The {decided_by} model")
    if members > 1:
        who = f"The mean of {members:,} models ({KINDS.get(decided_by, decided_by)})"
    if not beaten:
        return f"{who} beat none of them beyond chance: {listed(others)}."
    rest = f", but not {listed(others)}" if others else ""
    return f"{who} beat {listed(beaten)} beyond chance{rest}."


def on_trials(counts: TrialCounts, *, claimed: bool = False) -> str:
    """How much the Sharpe ratio is worth after so many looks; claimed: whether it may be said to be above 0.

    A high figure convinces only beside that claim; a low one says what the claim, of one look, does not.
    """
    look = "the first look" if counts.looks == 1 else f"look {counts.looks:,}"
    several = f", {counts.trials:,} of them different" if counts.trials > 1 else ", all of them of one trial"
    different = several if counts.looks > 1 else ""
    head = f"This is {look} at this span{different}"
    if not math.isfinite(counts.deflated_sharpe):
        return f"{head}; the deflated Sharpe ratio is not defined."
    figure = f"the deflated Sharpe ratio is {percent(counts.deflated_sharpe)} %"
    if counts.deflated_sharpe >= CONVINCING - 0.00005 and not claimed:  # as it is written
        return f"{head}; {figure}, which convinces only where the Sharpe ratio can be told from 0."
    alone = (
        "; the other tests do not count the looks" if claimed and counts.deflated_sharpe < CONVINCING else ""
    )
    return f"{head}; {figure}, where {CONVINCING * 100:g} % would be convincing{alone}."


def on_margin(costs: Costs) -> str:
    """Which maintenance margin was held, and who said so."""
    if not costs.margin_from:
        return "none was held"
    if costs.margin_from == "brackets":
        return f"from {costs.maintenance_long * 100:g} % on, by backtest.margin_brackets"
    said = "of the market" if costs.margin_from == "market" else "as set"
    return f"{costs.maintenance_long * 100:g} % long, {costs.maintenance_short * 100:g} % short, {said}"


def decimal(value: float) -> str:
    """A figure with two decimals, n/a if it is not defined."""
    return f"{value:.2f}" if math.isfinite(value) else "n/a"


def on_family(family: TrialFamily, *, claimed: bool = True) -> str:
    """Whether the best of the different trials, and this one, are better than luck makes of so many.

    claimed: whether this one's Sharpe ratio may be said to be above 0; without it the best is praised only
    where that is another.
    """
    low, _, high = family.sharpe
    share = f"{family.overfitting * 100:.0f} %" if math.isfinite(family.overfitting) else "n/a"
    among = f"Among {family.trials:,} different trials on {family.days:,} common days"
    if not math.isfinite(family.spa):
        return f"{among} none has returns that vary: nothing is tested."
    but = doubt(family, claimed=claimed)
    said = "is not shown to be better than" if but else "is better than"
    return (
        f"{among} the best {said} nothing: p {family.spa:.3f} (SPA), {family.reality_check:.3f} (Reality "
        f"Check){but}; of this one p {family.step_wise:.3f} (Romano-Wolf). Probability of backtest "
        f"overfitting {share}, at Sharpe ratios of {decimal(low)} … {decimal(high)}."
    )


def doubt(family: TrialFamily, *, claimed: bool) -> str:
    """Why the best of a family may not be said to be better than nothing; empty if it may."""
    if not family.sharpe.high > 0:
        return ", but none has a Sharpe ratio above 0"
    if not (family.spa < CHANCE and family.reality_check < CHANCE):
        return f", where both have to lie below {CHANCE:g}"
    if not claimed and family.step_wise < CHANCE:
        return ", but the Sharpe ratio of this one cannot be told from 0"
    return ""


def signed(share: float) -> str:
    """A return in percent with its sign."""
    return f"{share * 100:+,.2f} %"


def listed(names: list[str]) -> str:
    """a, b and c."""
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
