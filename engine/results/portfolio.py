"""What one account over several symbols came to, by symbol and together: facts, as result.json holds them.

Shares and returns are fractions (0.1 = 10 %), money is quote currency, times are ISO 8601 in UTC, an
undefined figure is NaN. Formulas stand in docs/definitions.md, "Several symbols".
"""

from __future__ import annotations

from dataclasses import dataclass

from engine.results.codec import Number
from engine.results.stress import Capacity

FEWEST_SYMBOLS = 5  # with a forecast in a bar, below which its cross-section has no IC


@dataclass(frozen=True)
class SymbolParts:
    """What one symbol did in the account, over its bars from `first` to `last`.

    pnl: net, of its trades. return_contribution: pnl / initial capital; the symbols' add up to the total
    return. risk_contribution: covariance of its daily PnL with the account's, as a share of the account's
    variance; the symbols' add up to 1. win_rate: trades with a net gain / trades. exposure: share of its
    bars at whose close a position is held. forecasts: with a known label, which ic and ic_p_value are of.
    """

    symbol: str
    first: str
    last: str
    bars: int
    trades: int
    win_rate: Number
    pnl: Number
    return_contribution: Number
    risk_contribution: Number
    exposure: Number
    forecasts: int
    ic: Number
    ic_p_value: Number
    costs: Number = 0.0  # fees, slippage, funding and borrow


@dataclass(frozen=True)
class ExposureHistory:
    """Gross and net exposure at closes, as shares of equity; thinned, the same number of each."""

    time: tuple[str, ...]
    gross: tuple[Number, ...]
    net: tuple[Number, ...]


@dataclass(frozen=True)
class CrossSectionalIC:
    """The mean over bars of the rank correlation of forecasts and returns among a bar's symbols.

    bars: with so many symbols as FEWEST_SYMBOLS at least; symbols: with a forecast in one, in the mean.
    standard_error: Newey and West's, over `lags` bars; t: mean / standard error. All NaN without bars.
    """

    mean: Number
    standard_error: Number
    t: Number
    lags: int
    bars: int
    symbols: Number


@dataclass(frozen=True)
class PortfolioBaseline:
    """A rule over the same symbols that knows next to nothing; name: one of PORTFOLIO_BASELINES."""

    name: str
    total_return: Number
    sharpe: Number
    max_drawdown: Number
    trades: int


EQUAL_HOLD, REBALANCED, MOMENTUM = "equal-weight buy and hold", "1/N rebalanced", "cross-sectional momentum"
PORTFOLIO_BASELINES = (EQUAL_HOLD, REBALANCED, MOMENTUM)


@dataclass(frozen=True)
class PortfolioPermutation:
    """How often the same weights at other symbols, or on other days, do as well by chance.

    name: BY_SYMBOL or BY_DAYS. distinct: different ones among the permutations drawn. p_value: NaN where
    nothing is held.
    """

    name: str
    permutations: int
    distinct: int
    p_value: Number


BY_SYMBOL, BY_DAYS = "symbols shuffled within days", "days shuffled"


@dataclass(frozen=True)
class PortfolioParts:
    """One account's parts. symbols: in the order of the universe.

    correlation: (S, S) of the symbols' daily PnL in that order, NaN for a symbol that never moved money.
    turnover: notional traded / mean equity, a year. gross, net: mean exposure; gross_peak: the highest.
    """

    allocation: str
    symbols: tuple[SymbolParts, ...]
    correlation: tuple[tuple[Number, ...], ...]
    gross: Number
    gross_peak: Number
    net: Number
    turnover: Number
    exposure: ExposureHistory
    cross_section: CrossSectionalIC
    baselines: tuple[PortfolioBaseline, ...] = ()
    capacity: Capacity | None = None
    permutation: tuple[PortfolioPermutation, ...] = ()
