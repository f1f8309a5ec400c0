"""One account that trades several symbols: what it holds of each shares the money and the margin.

    markets = {"BTC/USDT": bars, "ETH/USDT": others}
    result = simulate_portfolio(markets, {"BTC/USDT": weight, "ETH/USDT": weights}, rules)
    metrics(result)["sharpe"]

A target weight is a share of the whole account's equity. Symbols need not have the same bars: one that has
none at a time is not traded then and keeps its last price; what is held at its last bar is closed there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from engine.backtest import records
from engine.backtest.simulate import prices_of, terms_of
from engine.errors import ChangeSettingsError
from engine.market.calendar import Calendar
from engine.statistics.account import AccountHistory

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from numpy.typing import NDArray

    from engine.backtest.bars import Bars, Floats
    from engine.backtest.portfolio_desk import Desk
    from engine.backtest.rules import Rules


@dataclass(frozen=True, kw_only=True)
class Portfolio(AccountHistory):
    """An account over S symbols, on the T times at which any of them has a bar.

    symbols   S of them; trades' entry_bar and exit_bar are rows of `time`, `bars` counts the symbol's own
    symbol    (N,) int64, which symbol each trade is of
    cash      (T,) money at the bar's close
    close     (T, S) last close, NaN before a symbol's first bar
    position  (T, S) quantity held at the bar's close; cash + Σ position · close = equity
    gain      (T, S) what each symbol has earned so far, net; Σ gain = equity - initial capital
    capped, dropped, unsized, too_small: (S,) counts as of a Simulation
    """

    symbols: tuple[str, ...]
    symbol: NDArray[np.int64]
    cash: Floats
    close: Floats
    position: Floats
    gain: Floats
    capped: NDArray[np.int64]
    dropped: NDArray[np.int64]
    unsized: NDArray[np.int64]
    too_small: NDArray[np.int64]

    @property
    def bars_held(self) -> int:
        """Times at whose close a position in any symbol was held."""
        return int((self.position != 0).any(axis=1).sum())

    @property
    def symbol_names(self) -> NDArray[np.object_]:
        """The symbol of each trade, (N,)."""
        return np.array(self.symbols, dtype=object)[self.symbol]

    def exposure(self) -> tuple[Floats, Floats]:
        """Gross and net exposure at each close, (T,) each, as shares of equity; NaN where none is left."""
        held = np.nan_to_num(self.position * self.close)  # (T, S)
        equity = np.where(self.equity > 0, self.equity, np.nan)  # (T,)
        return np.abs(held).sum(axis=1) / equity, held.sum(axis=1) / equity


@dataclass(frozen=True)
class Grid:
    """The bars of S symbols, N in all, one symbol after the other, on the T times at which any has a bar.

    time: (T,). rows: (T, S) place of each symbol's bar among the N, -1 where it has none. row: (N,) of each
    bar. first, last: (S,) places of each symbol's first and last bar.
    """

    time: NDArray[np.datetime64]
    rows: NDArray[np.int64]
    row: NDArray[np.int64]
    first: NDArray[np.int64]
    last: NDArray[np.int64]

    @classmethod
    def of(cls, markets: Mapping[str, Bars]) -> Self:
        """The grid of the symbols' bars."""
        times = [bars.time for bars in markets.values()]
        ends = np.cumsum([len(each) for each in times])  # (S,)
        first, time = ends - [len(each) for each in times], times[0]
        if all(np.array_equal(time, each) for each in times[1:]):
            row = np.arange(len(time))  # (T,)
            return cls(time, first + row[:, None], np.tile(row, len(times)), first, ends - 1)
        time, row = np.unique(np.concatenate(times), return_inverse=True)
        rows = np.full((len(time), len(times)), -1)
        for s in range(len(times)):
            rows[row[first[s] : ends[s]], s] = np.arange(first[s], ends[s])
        return cls(time, rows, row, first, ends - 1)

    def table(self, values: Sequence[Floats]) -> Floats:
        """Values (T_s,) of each symbol's bars by time and symbol, (T, S), NaN where it has no bar."""
        return np.where(self.rows >= 0, np.concatenate(values)[self.rows], np.nan)

    def by_symbol(self, names: Sequence[str], values: Floats) -> dict[str, Floats]:
        """Values of the bars, (N,), as (T_s,) of each symbol."""
        return dict(zip(names, np.split(values, self.first[1:]), strict=True))


def calendar_of(markets: Mapping[str, Bars]) -> Calendar:
    """The calendar that the symbols share; where they differ, one that never closes.

    Raises ChangeSettingsError if their bars are not of one length.
    """
    found = {bars.calendar for bars in markets.values()}
    steps = {calendar.step_ms for calendar in found}
    if len(steps) > 1:
        raise ChangeSettingsError(
            "universe", "its symbols have bars of different lengths", "Bring them to one timeframe"
        )
    return found.pop() if len(found) == 1 else Calendar(steps.pop())


def weights_of(name: str, bars: Bars, weights: Mapping[str, NDArray[Any]]) -> Floats:
    """The target weights of a symbol, (T_s,). Raises ChangeSettingsError."""
    if name not in weights:
        raise ChangeSettingsError(name, "has no target weights", "Give one a bar, NaN to keep")
    target = np.ascontiguousarray(weights[name], dtype=np.float64)
    if target.shape != (len(bars),):
        raise ChangeSettingsError(
            name, f"its target weights' shape is {target.shape} for {len(bars)} bars", "Give one a bar"
        )
    if np.isinf(target).any():
        raise ChangeSettingsError(name, "has an infinite target weight", "Use 1 for the whole account")
    return target


def terms_of_all(markets: Mapping[str, Bars], rules: Rules) -> records.Terms:
    """The rules as the loop takes them, for symbols some of which may be due funding."""
    each = [terms_of(bars, rules) for bars in markets.values()]
    return each[0]._replace(
        funding=any(terms.funding for terms in each), funding_later=any(terms.funding_later for terms in each)
    )


def prices_of_all(markets: Mapping[str, Bars], terms: records.Terms) -> records.Prices:
    """The arrays as the loop takes them, (N,) one symbol after the other; empty if no term asks for them."""
    asked = {
        "volume": terms.slippage_scales or terms.volume_share > 0,
        "volatility": terms.needs_volatility,
        "previous_close": terms.fill == records.SAME_CLOSE,
        "elapsed": terms.borrow > 0,
    } | dict.fromkeys(("funding", "funding_paid", "funding_received"), terms.funding)
    each = [prices_of(bars) for bars in markets.values()]
    return records.Prices(
        *(
            np.concatenate(arrays) if asked.get(name, True) else np.zeros(0)
            for name, arrays in zip(records.Prices._fields, zip(*each, strict=True), strict=True)
        )
    )


def simulate_portfolio(
    markets: Mapping[str, Bars], weights: Mapping[str, NDArray[Any]], rules: Rules
) -> Portfolio:
    """Trade the target weights of each symbol, (T_s,) as of `simulate`, from one account.

    Raises ChangeSettingsError if there is no symbol, and for weights that are missing, infinite or not one a
    bar.
    """
    if not markets:
        raise ChangeSettingsError("universe", "it has no symbol", "Name one at least")
    target = np.concatenate([weights_of(name, bars, weights) for name, bars in markets.items()])  # (N,)
    grid = Grid.of(markets)
    calendar, terms = calendar_of(markets), terms_of_all(markets, rules)
    equity, cash = np.empty((2, len(grid.time)))  # (T,) each
    close, position, gain = np.zeros((3, *grid.rows.shape))  # (T, S) each
    ends = np.zeros(len(grid.time), np.bool_)  # (T,) whether a symbol has its last bar then
    ends[grid.row[grid.last]] = True
    desk = desk_of(markets, grid, terms, rules, int(np.isfinite(target).sum()) + 1)
    walk_bars(desk, grid.rows, ends, target, equity, cash, close, position, gain)
    count = int(desk.purse["trades"][0])
    made, symbol = desk.trades[:count].copy(), desk.symbol[:count].copy()  # (N,) trades
    made["trade"], made["prediction"] = np.arange(1, count + 1), np.nan
    for s, begins in enumerate(grid.row[grid.first].tolist()):
        close[:begins, s] = np.nan
    for name in ("entry_bar", "exit_bar"):
        made[name] = grid.row[grid.first[symbol] + made[name]]
    return Portfolio(
        time=grid.time,
        equity=equity,
        trades=made,
        initial_capital=rules.initial_capital,
        calendar=calendar,
        ruined=bool(equity[-1] <= 0),
        symbols=tuple(markets),
        symbol=symbol,
        cash=cash,
        close=close,
        position=position,
        gain=gain,
        **{name: desk.accounts[name].copy() for name in ("capped", "dropped", "unsized", "too_small")},
    )


def desk_of(markets: Mapping[str, Bars], grid: Grid, terms: Any, rules: Rules, room: int) -> Desk:
    """What the loop works on: prices, terms, an account of each symbol, and room for so many trades."""
    from engine.backtest import portfolio_desk  # and numba, which training does without

    symbols = len(markets)
    accounts = np.zeros(symbols, records.ACCOUNT)
    return portfolio_desk.Desk(
        prices_of_all(markets, terms), grid.first, grid.last, terms, rules.tiers(), accounts,
        numbers=accounts.view(np.float64).reshape(symbols, -1),
        counts=accounts.view(np.int64).reshape(symbols, -1),
        trades=np.empty(room, records.TRADE),
        symbol=np.zeros(room, np.int64),
        purse=np.array([(rules.initial_capital, 0)], portfolio_desk.PURSE),
        price=np.zeros(symbols),
        latest=np.zeros(symbols, np.int64),
        busy=np.zeros(symbols, np.bool_),
        due=np.zeros(symbols, np.bool_),
        going=np.zeros(symbols, np.bool_),
        keeping=np.zeros(symbols, np.bool_),
        value=np.zeros(symbols),
        touched=np.zeros(symbols, np.bool_),
        begin=np.zeros(symbols),
        worst=np.zeros(symbols),
        stopped=np.zeros(symbols, np.bool_),
        flow=np.zeros(symbols),
    )  # fmt: skip


def walk_bars(*given: Any) -> None:
    """`portfolio_loop.walk`, as machine code where that can be kept."""
    from engine.backtest import portfolio_loop

    try:
        portfolio_loop.compiled_walk()(*given)
    except (OSError, AttributeError, ImportError):  # it cannot be kept, or is of another version
        portfolio_loop.walk(*given)
