"""Several symbols from Python: one model learns from all of them, one account trades them.

    python examples/universe.py

On the SIMULATED market. The account holds the symbol with the highest forecast long and the one with the
lowest short, anew at each horizon, and pays the costs of that. What each brought adds up to the whole.
"""

import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from engine import pipeline
from engine.preparation import Job
from engine.runs.home import Home
from engine.settings import load, make

NOW_MS = int(datetime(2025, 4, 1, tzinfo=UTC).timestamp() * 1000)
SETTINGS = {
    "data": {
        "exchange": "demo",
        "symbols": ["BTC/USDT", "ETH/USDT", "SOL/USDT", "XRP/USDT"],
        "start": "2025-01-01",
        "end": "2025-04-01",
    },
    "demo": {"edge": 0.1},
    "features": {"names": ["return_1", "return_6", "volatility_24", "rsi_14"]},
    "universe": {"cross_section": True},
    "model": {"units": [16], "members": 1},
    "portfolio": {"allocation": "rank", "top": 1, "bottom": 1},
}


def epoch_ended(event):
    """Print each epoch's loss on validation, over all symbols and of each."""
    if event["kind"] == "epoch":
        of = "  ".join(f"{name} {loss:.4f}" for name, loss in event["val_loss_by"].items())
        print(f"epoch {event['epoch']}  validation loss {event['val_loss']:.4f}  {of}")


def main(epochs="5"):
    """Train, trade, and print what each symbol brought."""
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder))
        run = home.create("run", make(SETTINGS, [f"training.epochs={epochs}"]))
        result = pipeline.train_and_backtest(Job(load(run.settings_path), run, home, NOW_MS, epoch_ended))
    print("symbol     trades    return %    risk %      IC")
    for part in result.portfolio.symbols:
        brought, risk = 100 * part.return_contribution, 100 * part.risk_contribution
        print(f"{part.symbol:10} {part.trades:6} {brought:+11.3f} {risk:9.1f} {part.ic:7.3f}")
    print(f"together   {result.metrics['trades']:6} {100 * result.metrics['total_return']:+11.3f}")
    for each in result.portfolio.baselines:
        print(f"{each.name}: {100 * each.total_return:+.2f} %")


if __name__ == "__main__":
    main(*sys.argv[1:])
