"""The summaries that a command ends with: of a backtest, the textbook's lines first, and of a training."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.runs.audit_status import seal_of
from tui.commands.robustness import evidence_lines
from tui.commands.study_summaries import folds_table
from tui.number_format import UNDEFINED, amount, defined, loss, percent, table, whole

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.runs.folder import RunFolder

# key, label, how it is written, unit
METRICS: tuple[tuple[str, str, Callable[[Any], str], str], ...] = (
    ("final_value", "final value", amount, ""),
    ("total_return", "total return", percent, "%"),
    ("cagr", "CAGR", percent, "% a year"),
    ("volatility", "volatility", percent, "% a year"),
    ("sharpe", "Sharpe", amount, ""),
    ("sharpe_bar", "Sharpe (bar)", amount, ""),
    ("probabilistic_sharpe", "P(Sharpe > 0)", percent, "%"),
    ("sortino", "Sortino", amount, ""),
    ("max_drawdown", "max drawdown", percent, "%"),
    ("longest_under_water", "longest under water", amount, "days"),
    ("calmar", "Calmar", amount, ""),
    ("ulcer_index", "ulcer index", percent, "%"),
    ("cvar", "CVaR 5 %", percent, "% a day"),
    ("skew", "skew", amount, ""),
    ("kurtosis", "kurtosis", amount, ""),
    ("exposure", "exposure", percent, "% of bars"),
    ("turnover", "turnover", amount, "times equity a year"),
    ("trades", "trades", whole, ""),
    ("win_rate", "win rate", percent, "% of trades"),
    ("profit_factor", "profit factor", amount, ""),
    ("expectancy", "expectancy", percent, "% a trade"),
    ("payoff_ratio", "payoff ratio", amount, ""),
    ("sqn", "SQN", amount, ""),
)


def textbook(run: RunFolder, result: dict[str, Any]) -> list[str]:
    """The textbook's lines, with its names."""
    metrics = result.get("metrics") or {}
    final, trades = metrics.get("final_value"), metrics.get("trades")
    sign = "-" if defined(final) and final < 0 else ""
    return [
        f"Final Portfolio Value: {f'{sign}${abs(final):,.2f}' if defined(final) else UNDEFINED}",
        f"Total Return: {with_percent(metrics.get('total_return'))}",
        f"Sharpe Ratio: {amount(metrics.get('sharpe'))}",
        f"Max Drawdown: {with_percent(metrics.get('max_drawdown'))}",
        f"Number of Trades: {trades if defined(trades) else UNDEFINED}",
        f"Detailed trades saved to: {run.path / (result.get('trades') or 'trades.csv')}",
    ]


def with_percent(share: Any) -> str:
    """0.2841 → 28.41%, the textbook's way."""
    return f"{share * 100:.2f}%" if defined(share) else UNDEFINED


def backtest_summary(run: RunFolder, result: dict[str, Any]) -> str:
    """The whole summary of a backtest."""
    simulated = (
        ["SIMULATED market: these figures say nothing about a real one"] if result.get("simulated") else []
    )
    start, end = result.get("start") or UNDEFINED, result.get("end") or UNDEFINED
    fill = f"   fills at {result['fill']}" if result.get("fill") else ""
    period = f"{start} → {end}   {whole(result.get('bars'))} bars{fill}"
    metrics, benchmark = result.get("metrics") or {}, result.get("benchmark") or {}
    rows = [
        [label, write(metrics.get(key)), write(benchmark.get(key)), unit]
        for key, label, write, unit in METRICS
        if key in metrics
    ]
    return "\n".join(
        [
            *textbook(run, result),
            "",
            *simulated,
            period,
            table(("", "strategy", "buy & hold", ""), rows, right=(1, 2)),
            *forecast(result.get("forecast") or {}),
            *costs(result.get("costs") or {}),
            f"leak audit {seal_of(run)}",
            *folds_table(result),
            *evidence_lines(result),
            *(f"note: {note}" for note in result.get("notes") or []),
        ]
    )


def costs(paid: dict[str, Any]) -> list[str]:
    """What trading cost, at which rates, and a note where it was set to cost nothing."""
    rates = {"fees": paid.get("fee_bps"), "slippage": paid.get("slippage_bps")}
    parts = [
        f"{name} {amount(paid[name])}{f' ({rates[name]:g} bps)' if defined(rates.get(name)) else ''}"
        for name in ("fees", "slippage", "funding", "borrow")
        if name in paid
    ]
    lines = [f"costs      {'   '.join(parts)}"] if parts else []
    if rates == {"fees": 0, "slippage": 0}:
        lines.append("note: costs are off, as asked: no fee and no slippage")
    return lines


def forecast(quality: dict[str, Any]) -> list[str]:
    """How good the predictions were, whatever was traded on them."""
    if not quality:
        return []
    right, low, high = (percent(quality.get(f"directional_accuracy{end}")) for end in ("", "_low", "_high"))
    r2, ic, p_value = (
        f"{quality[key]:.4f}" if defined(quality.get(key)) else UNDEFINED
        for key in ("r2", "ic", "ic_p_value")
    )
    return [f"forecast   direction {right} % ({low} … {high})   IC {ic} (p {p_value})   R² {r2}"]


def training_summary(run: RunFolder, training: dict[str, Any], *, simulated: bool) -> str:
    """Epochs, the best of them with its losses, and the files."""
    names = ("model.keras", "scaler.joblib", "metadata.joblib", "manifest.json")
    lines = [
        *(["SIMULATED market"] if simulated else []),
        f"Epochs: {whole(training.get('epochs'))}, best {whole(training.get('best_epoch'))}",
        f"Loss: {loss(training.get('loss'))}",
        f"Validation Loss: {loss(training.get('val_loss'))}",
        *(f"Saved: {run.path / name}" for name in names if (run.path / name).exists()),
        f"Next: quantdeck backtest {run.id}",
    ]
    return "\n".join(lines)
