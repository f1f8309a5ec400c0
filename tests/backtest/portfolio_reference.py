"""A slow, obvious account over several symbols: the judge of the compiled portfolio loop."""

from __future__ import annotations

from types import SimpleNamespace

from tests.backtest.reference import Reference


class Symbol(Reference):
    """One symbol of the account; its money is everybody's."""

    def __init__(self, account, bars, target, rules):
        names = ("open", "high", "low", "close", "volume", "forecast_volatility", "previous_close")
        names += ("funding", "funding_paid", "funding_received")
        self.account, self.rules, self.target = account, rules, target.tolist()
        self.bars = SimpleNamespace(**{name: getattr(bars, name).tolist() for name in names})
        self.time = bars.time.astype("int64").tolist()
        self.price, self.sized_on = 0.0, None
        self.set_out(bars)

    @property
    def money(self):
        return self.account.money

    @money.setter
    def money(self, value):
        self.account.money = value

    @property
    def others(self):
        return [each for each in self.account.symbols if each is not self and each.trade]

    @property
    def alone(self):
        return not self.others

    def worth(self, price):
        base = self.money + sum(each.held * each.price for each in self.others)
        return (base if self.sized_on is None else self.sized_on) + self.held * price

    def record(self, reason, through):
        row = super().record(reason, through)
        entry, end = self.time[row["entry_bar"]], self.time[self.t]
        row |= {"symbol": self.account.symbols.index(self), "entry_time": entry, "exit_time": end}
        row["equity_after"] = self.money + sum(each.held * each.price for each in self.others)
        self.account.trades.append(row)
        return row


class PortfolioReference:
    """Simulates when it is made; the results are its public lists."""

    def __init__(self, markets, weights, rules):
        self.money, self.trades, self.ruined = rules.initial_capital, [], False
        self.symbols = []
        self.symbols += [Symbol(self, bars, weights[name], rules) for name, bars in markets.items()]
        self.rules, self.equity, self.cash = rules, [], []
        self.times = sorted({time for symbol in self.symbols for time in symbol.time})
        for time in self.times:
            if not self.ruined:
                self.one_time(time)
            self.equity.append(self.worth())
            self.cash.append(self.money)

    def worth(self):
        return self.money + sum(symbol.held * symbol.price for symbol in self.symbols)

    def one_time(self, time):
        here = [symbol for symbol in self.symbols if time in symbol.time]
        for symbol in here:
            symbol.t = symbol.time.index(time)
            symbol.price = symbol.bars.open[symbol.t]
        for symbol in here:
            symbol.begin_bar(symbol.target[symbol.t])
        ordered = [symbol for symbol in here if symbol.order]
        going = [symbol for symbol in ordered if symbol.make_way()]
        keeping = [symbol for symbol in here if symbol not in ordered and symbol.keeps_its_weight]
        money, value = self.money, {symbol: symbol.held * symbol.price for symbol in self.symbols}
        for symbol in here:
            symbol.sized_on = money + sum(value[other] for other in self.symbols if other is not symbol)
            if symbol in going:
                symbol.open()
            elif symbol in keeping:
                symbol.rebalance()
            symbol.sized_on = None
        self.risk(here)
        for symbol in here:
            symbol.price = symbol.bars.close[symbol.t]
            symbol.end_bar()
        self.ruined = self.worth() <= 0
        for symbol in self.symbols:
            if symbol.trade and (self.ruined or (symbol in here and symbol.t == symbol.last)):
                symbol.room = float("inf")
                symbol.close(symbol.price, "ruin" if self.ruined else "end", through=1)

    def risk(self, here):
        for sign in (1, -1):
            for symbol in here:
                for rate in (symbol.bars.funding_paid[symbol.t], symbol.bars.funding_received[symbol.t]):
                    if symbol.trade and sign * symbol.held * rate > 0:
                        symbol.pay_funding(rate)
            if sign == 1:
                self.walk_to_the_worst(here)

    def walk_to_the_worst(self, here):
        held = [symbol for symbol in self.symbols if symbol.trade]
        start, worst = {}, {}
        for symbol in held:
            start[symbol] = worst[symbol] = symbol.price
            if symbol in here:
                inside = self.rules.fill == "worst-of-bar" and symbol.trade.entry_bar == symbol.t
                if inside:
                    start[symbol] = symbol.basis(symbol.trade.side)
                long = symbol.trade.side > 0
                worst[symbol] = (symbol.bars.low if long else symbol.bars.high)[symbol.t]
                symbol.trade.seen.append(start[symbol])
        checked = set()
        while True:
            call = self.call(held, start, worst)
            if call is None:
                break
            stop = self.next_stop([symbol for symbol in held if symbol in here], checked, start, worst)
            if call == 0 or stop is None or stop[0] > call:
                for symbol in held:
                    if symbol.trade:
                        symbol.price = start[symbol] + call * (worst[symbol] - start[symbol])
                for symbol in held:
                    if symbol.trade:
                        symbol.liquidate(symbol.price)
                return
            _, symbol, level = stop
            long = symbol.trade.side > 0
            symbol.stops(self.first_of(symbol))
            start[symbol] = min(start[symbol], level) if long else max(start[symbol], level)
            checked.add(symbol)
        for symbol in held:
            if symbol in here and symbol.trade and symbol not in checked:
                symbol.stops(self.first_of(symbol))

    def first_of(self, symbol):
        inside = self.rules.fill == "worst-of-bar" and symbol.trade.entry_bar == symbol.t
        return symbol.basis(symbol.trade.side) if inside else symbol.bars.open[symbol.t]

    def call(self, held, start, worst):
        """The share of the way to the worst prices at which the account falls below its margin, or None."""

        def below(share):
            prices = {each: start[each] + share * (worst[each] - start[each]) for each in held if each.trade}
            equity = self.money + sum(each.held * price for each, price in prices.items())
            return equity < sum(each.margin(price) for each, price in prices.items())

        if below(0.0):
            return 0.0
        if not below(1.0):
            return None
        safe, reached = 0.0, 1.0
        while safe != (middle := (safe + reached) / 2) and middle != reached:
            safe, reached = (safe, middle) if below(middle) else (middle, reached)
        return reached

    @staticmethod
    def next_stop(symbols, checked, start, worst):
        """(share of the way, symbol, level) of the stop that is reached first, or None."""
        reached = []
        for symbol in symbols:
            stop = symbol.nearest_stop() if symbol.trade and symbol not in checked else None
            if stop is not None and symbol.trade.side * (worst[symbol] - stop[0]) <= 0:
                passed = symbol.trade.side * (start[symbol] - stop[0]) <= 0
                way = worst[symbol] - start[symbol]
                reached.append((0.0 if passed else (stop[0] - start[symbol]) / way, symbol, stop[0]))
        return min(reached, key=lambda found: found[0], default=None)
