"""A backtest as plain text: the textbook's lines first, then every figure beside buy and hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.results.caveats import SIMULATED
from engine.results.explanations import explained, on_margin, on_trials
from engine.results.learned_tables import forecast_tables
from engine.results.metrics import METRICS, tabled
from engine.results.number_format import UNDEFINED, amount, correlation, defined, figure, percent, whole
from engine.results.portfolio_tables import portfolio_tables
from engine.results.return_tables import on_groups, on_rolling, return_tables
from engine.results.trust_tables import figures_table, trust_tables
from engine.runs.audit_status import as_claimed, audit_report, audit_status, caveats_of, unclaimed_of
from tui.number_format import table
from tui.text.audit import missed
from tui.text.studies import folds_table, laid_out

if TYPE_CHECKING:
    from engine.results.backtest import BacktestResult, Costs, ForecastQuality
    from engine.results.return_analysis import ReturnAnalysis
    from engine.results.tables import Table
    from engine.runs.folder import RunFolder


def textbook(run: RunFolder, result: BacktestResult) -> list[str]:
    """The textbook's lines, with its names."""
    final, gained, sharpe, drawdown, trades = (
        METRICS[key].of(result.metrics)
        for key in ("final_value", "total_return", "sharpe", "max_drawdown", "trades")
    )
    sign = "-" if final < 0 else ""
    return [
        f"Final Portfolio Value: {f'{sign}${amount(abs(final))}' if defined(final) else UNDEFINED}",
        f"Total Return: {with_percent(gained)}",
        f"Sharpe Ratio: {amount(sharpe)}",
        f"Max Drawdown: {with_percent(drawdown)}",
        f"Number of Trades: {trades if defined(trades) else UNDEFINED}",
        f"Detailed trades saved to: {run.path / 'trades.csv'}",
    ]


def with_percent(share: float) -> str:
    """0.2841 → 28.41%, the textbook's way."""
    return f"{percent(share).replace(',', '')}%" if defined(share) else UNDEFINED


def backtest_summary(run: RunFolder, result: BacktestResult) -> str:
    """The whole summary of a backtest."""
    result = as_claimed(run, result)
    said = explained(result, unclaimed=unclaimed_of(run, result))
    return "\n".join(
        [
            *caveats_of(run, result),
            *textbook(run, result),
            "",
            *([SIMULATED] if result.simulated else []),
            f"{result.start} → {result.end}   {whole(result.bars)} bars   fills at {result.fill}",
            laid_out(figures_table(result)),
            forecast(result.forecast),
            *costs(result.costs),
            " ".join([f"leak audit {audit_status(run)}", *missed(audit_report(run))]),
            *folds_table(result.folds),
            *(f"\n{laid_out(each)}" for each in tables(result)),
            *([""] if said else []),
            *said.values(),
            *(f"note: {note.text}" for note in result.notes),
        ]
    )


def tables(result: BacktestResult) -> list[Table]:
    """What was traded, how far it can be trusted, how good the forecasts were: those tables that it has."""
    return [*portfolio_tables(result), *trust_tables(result), *forecast_tables(result)]


def costs(paid: Costs) -> list[str]:
    """What trading cost, at which rates, and a note where it was set to cost nothing."""
    parts = [
        f"fees {amount(paid.fees)} ({paid.fee_bps:g} bps)",
        f"slippage {amount(paid.slippage)} ({paid.slippage_bps:g} bps)",
        f"funding {amount(paid.funding)}",
        f"borrow {amount(paid.borrow)}",
    ]
    off = paid.fee_bps == paid.slippage_bps == 0
    note = ["note: costs are off, as asked: no fee and no slippage"] if off else []
    return [f"costs      {'   '.join(parts)}", f"margin     {on_margin(paid)}", *note]


def forecast(quality: ForecastQuality) -> str:
    """How good the predictions were, whatever was traded on them."""
    ic, p_value, r2, of_direction = map(
        correlation, (quality.ic, quality.ic_p_value, quality.r2, quality.directional_accuracy_p_value)
    )
    direction = f"direction {percent(quality.directional_accuracy)} % (p {of_direction})"
    return f"forecast   {direction}   IC {ic} (p {p_value})   R² {r2}"


def what_if(run: RunFolder, result: BacktestResult, recorded: BacktestResult, said: str) -> str:
    """What other rules came to, beside the run as it was recorded; said: which rules, of which run."""
    own, other, held = recorded.metrics, result.metrics, result.benchmark
    rows = [
        [each.label, *(figure(each, each.of(figures)) for figures in (own, other, held)), each.unit]
        for each in tabled()
        if each.key in own or each.key in other or each.key in held
    ]
    trials, unclaimed = result.trials, unclaimed_of(run, result)
    rows.append(["deflated Sharpe", "", percent(trials and trials.deflated_sharpe), "", "%"])
    return "\n".join(
        [
            *caveats_of(run, result),
            *([SIMULATED] if result.simulated else []),
            said,
            table(("", "recorded", "what if", "buy & hold", ""), rows, right=(1, 2, 3)),
            *([unclaimed] if unclaimed else [on_trials(trials)] if trials else []),
            *(f"note: {note.text}" for note in result.notes),
        ]
    )


def backtest_document(run: RunFolder, result: BacktestResult) -> dict[str, Any]:
    """A backtest's result for machines: metrics flat under `result`, buy and hold beside them."""
    result = as_claimed(run, result)
    rest = result.to_json()
    figures = rest.pop("metrics") | {"benchmark": rest.pop("benchmark")}
    paths = {f"{name}_path": str(run.path / file) for name, file in rest.pop("files").items()}
    rest["notes"] = [note.text for note in result.notes]
    said = {"caveats": caveats_of(run, result)}
    sentences = explained(result, unclaimed=unclaimed_of(run, result))
    return said | {"result": figures} | paths | rest | {"run": run.id, "sentences": sentences}


def spread_of_returns(found: ReturnAnalysis) -> str:
    """Every table, then what it says."""
    tables = "\n\n".join(map(laid_out, return_tables(found)))
    said = [text for text in (on_groups(found), on_rolling(found.rolling)) if text]
    return "\n".join([*([SIMULATED] if found.simulated else []), tables, "", *said])
