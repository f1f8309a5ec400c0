"""The compiled loop beside the slow reference simulator on many random markets, margin included.

`python -m soak.simulator [MARKETS]`
"""

import sys

import numpy as np

from tests.backtest.markets import random_bars, random_rules, random_targets
from tests.backtest.test_reference import differences

VOLATILITIES = (0.005, 0.02, 0.1, 0.4)


def main(count):
    generator, trades, apart = np.random.default_rng(14), 0, 0.0
    for _ in range(count):
        bars = int(generator.integers(1, 120))
        market = random_bars(bars, generator, float(generator.choice(VOLATILITIES)))
        worst, found = differences(market, random_targets(bars, generator), random_rules(generator))
        trades, apart = trades + len(found.trades), max(apart, worst)
    print(f"{count:,} markets, {trades:,} trades, largest difference {apart:.1e} (at most 1e-9)")
    return int(apart > 1e-9)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000))
