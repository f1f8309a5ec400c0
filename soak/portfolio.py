"""The account over several symbols beside the slow reference and vectorbt, on many random universes.

`python -m soak.portfolio [UNIVERSES [PEERS]]`: symbols begin, end and lack bars as they like; half of the
weights come out of the allocation, with caps, membership and rebalancing times. vectorbt has universes whose
symbols have the same bars, and its model of money.
"""

import sys

import numpy as np

from engine.backtest.allocation import allocate
from tests.backtest import test_allocation as allocations
from tests.backtest import test_portfolio as portfolios


def divided(markets, wanted, generator):
    """Weights as the allocation makes them, within random limits."""
    limits, member = allocations.random_limits(generator), allocations.memberships(markets, generator)
    return allocate(markets, wanted, limits, member=member)


def beside_reference(count, generator):
    """Trades of so many universes, each equal to the reference's."""
    trades = 0
    for number in range(count):
        markets, weights, rules = portfolios.random_universe(generator)
        if number % 2:
            weights = divided(markets, weights, generator)
        trades += len(portfolios.compared_with_reference(markets, weights, rules).trades)
    return trades


def beside_vectorbt(count, generator):
    """The largest difference of equity over so many universes."""
    vectorbt, apart = portfolios.vectorbt_of_peers(), 0.0
    for _ in range(count):
        markets = portfolios.random_markets_without_funding(generator)
        share = 1.0 / len(markets)
        weights = {
            name: portfolios.turning_weights(len(bars), generator, share) for name, bars in markets.items()
        }
        apart = max(apart, portfolios.apart_from_vectorbt(vectorbt, markets, weights))
    return apart


def main(universes, peers):
    generator = np.random.default_rng(2026)
    trades = beside_reference(universes, generator)
    print(f"{universes:,} universes, {trades:,} trades equal to the reference to 1e-9")
    apart = beside_vectorbt(peers, generator)
    print(f"{peers:,} universes beside vectorbt, largest difference {apart:.1e} (at most 1e-6)")
    return int(not apart <= 1e-6)


if __name__ == "__main__":
    asked = [int(each) for each in sys.argv[1:]]
    sys.exit(main(*asked, *(2_000, 500)[len(asked) :]))
