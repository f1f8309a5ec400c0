"""The settings of the demo."""

from __future__ import annotations

# Fourteen months of hourly candles with fixed dates: less than a minute on two cores. The simulated market
# gives its next bar away, and none beyond.
# No open interest: like Binance, the simulator keeps the last 30 days of it only.
DEMO = {
    "data": {
        "exchange": "demo",
        "start": "2024-11-01",
        "end": "2026-01-01",
        "funding": True,
        "second_exchange": "demo",
    },
    "label": {"horizon": 1},
    "model": {"members": 3},
    "training": {"epochs": 8},
    "signal": {"threshold_from": "validation", "exit": "signal"},
}
