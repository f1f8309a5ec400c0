"""A slow, obvious simulator, written from docs/definitions.md: the judge of the compiled loop.

It keeps lists of fills and payments and works everything out from them anew whenever it is asked.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from types import SimpleNamespace


@dataclass
class Fill:
    bar: int
    quantity: float  # + bought, - sold
    basis: float
    price: float
    fee: float


@dataclass
class Trade:
    side: int
    entry_bar: int
    sigma: float  # what one unit of a stop distance is worth
    fills: list[Fill] = field(default_factory=list)
    funding: list[float] = field(default_factory=list)
    borrow: list[float] = field(default_factory=list)
    absorbed: float = 0.0
    seen: list[float] = field(default_factory=list)  # prices that the market showed while it was open

    @property
    def position(self):
        return sum(fill.quantity for fill in self.fills)

    @property
    def entries(self):
        return [fill for fill in self.fills if fill.quantity * self.side > 0]

    @property
    def exits(self):
        return [fill for fill in self.fills if fill.quantity * self.side < 0]

    @property
    def entry_price(self):
        return mean_price(self.entries)


def mean_price(fills):
    return sum(abs(f.quantity) * f.price for f in fills) / sum(abs(f.quantity) for f in fills)


@dataclass
class Order:
    weight: float  # the target weight that it leads to
    reason: str


class Reference:
    """Simulates when it is made; the results are its public lists, counts and `ruined`."""

    def __init__(self, bars, target, rules):
        names = ("open", "high", "low", "close", "volume", "forecast_volatility", "previous_close")
        names += ("funding", "funding_paid", "funding_received")
        self.bars = SimpleNamespace(**{name: getattr(bars, name).tolist() for name in names})
        self.time = bars.time.astype("int64").tolist()
        self.rules = rules
        self.money = rules.initial_capital
        self.set_out(bars)
        self.walk(bars, target)

    def set_out(self, bars):
        self.trade = None
        self.order = None
        self.weight = 0.0
        self.equity, self.cash, self.position, self.trades = [], [], [], []
        self.capped = self.dropped = self.unsized = self.too_small = 0
        self.ruined = False
        self.last = len(bars) - 1

    def walk(self, bars, target):
        for t, weight in enumerate(target.tolist()):
            self.t = t
            self.one_bar(weight)
            if self.ruined:
                break
        missing = len(bars) - len(self.equity)
        self.equity += missing * [self.money]
        self.cash += missing * [self.money]
        self.position += missing * [0.0]

    def elapsed(self, t):
        """Hours until the next bar opens; the last one lasts an hour."""
        return 1 if t == self.last else (self.time[t + 1] - self.time[t]) / 3_600_000

    # what the account looks like

    alone = True  # no other symbol is held

    @property
    def held(self):
        return self.trade.position if self.trade else 0.0

    def worth(self, price):
        return self.money + self.held * price

    # one bar, in order

    def begin_bar(self, weight):
        t, bars, rules = self.t, self.bars, self.rules
        self.room = rules.max_volume_share * bars.volume[t] if rules.max_volume_share else math.inf
        if self.trade:
            self.pay_funding(bars.funding[t])
        self.decide(weight)

    @property
    def keeps_its_weight(self):
        return self.trade and self.rules.rebalance_band and self.weight * self.trade.side > 0

    def one_bar(self, weight):
        t, bars = self.t, self.bars
        self.begin_bar(weight)
        if self.order:
            if self.make_way():
                self.open()
        elif self.keeps_its_weight:
            self.rebalance()
        held, later = self.held, (bars.funding_paid[t], bars.funding_received[t])
        for rate in later:
            if self.trade and held * rate > 0:
                self.pay_funding(rate)
        if self.trade:
            self.stops_and_margin()
        for rate in later:
            if self.trade and held * rate < 0:
                self.pay_funding(rate)
        self.end_bar()
        self.ruined = self.worth(bars.close[t]) <= 0
        if self.trade and (self.ruined or t == self.last):
            self.room = math.inf
            self.close(bars.close[t], "ruin" if self.ruined else "end", through=1)
        self.ruined = self.worth(bars.close[t]) <= 0
        self.equity.append(self.worth(bars.close[t]))
        self.cash.append(self.money)
        self.position.append(self.held)

    def end_bar(self):
        t, bars = self.t, self.bars
        if self.trade:
            self.trade.seen += [bars.high[t], bars.low[t]]
            if self.trade.side < 0:
                payment = -self.held * bars.close[t] * self.rules.borrow_rate / 8760 * self.elapsed(t)
                self.trade.borrow.append(payment)
                self.money -= payment

    def pay_funding(self, rate):
        payment = self.held * self.bars.open[self.t] * rate
        self.trade.funding.append(payment)
        self.money -= payment

    def decide(self, weight):
        if self.trade and self.rules.exit_after:
            if self.t >= self.trade.entry_bar + self.rules.exit_after:
                self.expire(weight)
            return
        if math.isnan(weight):
            return
        in_position_already = self.trade and weight * self.trade.side > 0
        if in_position_already:
            leads_away = self.order and self.order.weight * self.trade.side <= 0
            if leads_away:
                self.order = None
            elif self.order:
                self.order = Order(weight, "reversal")
        elif weight == 0:
            self.order = Order(0.0, "signal") if self.trade else None
        else:
            self.order = Order(weight, "reversal")
        self.weight = weight

    def expire(self, weight):
        stop_goes_on = self.order and self.order.weight == 0 and self.order.reason != "horizon"
        if not stop_goes_on:
            self.weight = 0.0 if math.isnan(weight) else weight
            self.order = Order(self.weight, "horizon")

    def make_way(self):
        order = self.order
        side = (order.weight > 0) - (order.weight < 0)
        due = self.trade and self.rules.exit_after and self.t >= self.trade.entry_bar + self.rules.exit_after
        if self.trade and (due or self.trade.side != side):
            basis = self.basis(-self.trade.side)
            if math.isnan(basis):
                return False
            if not self.close(basis, order.reason):
                self.rest(order)
                return False
        if side == 0:
            self.order = None
        return side != 0

    def open(self):
        order = self.order
        side = (order.weight > 0) - (order.weight < 0)
        basis = self.basis(side)
        if math.isnan(basis):
            return
        wanted = self.size(order.weight, basis)
        if wanted is None:
            self.unsized += 1
            self.order = None
            return
        missing = self.in_steps(wanted - abs(self.held))
        if missing <= 0 or missing * basis < self.rules.minimum_notional:
            if not self.trade and wanted > 0:
                self.too_small += 1
            self.order = None
            return
        possible = self.possible(missing, basis)
        if possible > 0:
            if not self.trade:
                sigma = self.bars.forecast_volatility[self.t] if self.rules.stop_unit == "volatility" else 1.0
                self.trade = Trade(side, self.t, sigma)
            self.fill(side * possible, basis)
        if possible < missing:
            self.capped += 1
            self.rest(order)
        else:
            self.order = None

    def rest(self, order):
        if self.rules.unfilled == "wait":
            self.order = order
        else:
            self.order = None
            self.dropped += 1

    def rebalance(self):
        side = self.trade.side
        basis = self.basis(side)
        equity = self.worth(basis)
        wanted = self.size(self.weight, basis)
        if math.isnan(basis) or equity <= 0 or wanted is None:
            return
        change = wanted - abs(self.held)
        if abs(change) * basis / equity <= self.rules.rebalance_band:
            return
        whole = self.in_steps(abs(change))
        if whole <= 0 or whole * basis < self.rules.minimum_notional:
            return
        possible = self.possible(whole, basis)
        if possible < whole:
            self.capped += 1
        if possible > 0:
            direction = side if change > 0 else -side
            self.fill(direction * possible, self.basis(direction))

    def stops_and_margin(self):
        """The price walks from the first one to the bar's worst: what it meets first happens."""
        rules, trade, t, bars = self.rules, self.trade, self.t, self.bars
        inside = rules.fill == "worst-of-bar" and trade.entry_bar == t
        first = self.basis(trade.side) if inside else bars.open[t]
        worst = bars.low[t] if trade.side > 0 else bars.high[t]
        trade.seen.append(first)
        limit = self.liquidation_between(first, worst)
        stop = self.nearest_stop()
        if limit is not None and (limit == first or stop is None or trade.side * (stop[0] - limit) < 0):
            self.liquidate(limit)
            return
        self.stops(first)
        stopped = stop is not None and trade.side * (worst - stop[0]) <= 0
        if self.trade and stopped:
            begin = min(stop[0], first) if trade.side > 0 else max(stop[0], first)
            limit = self.liquidation_between(begin, worst)
            if limit is not None:
                self.liquidate(limit)

    def margin(self, price):
        """What the exchange asks for the position, bracket by bracket as tax is."""
        rules, notional = self.rules, abs(self.held) * price
        if not rules.margin_brackets:
            return notional * (rules.maintenance_long if self.held > 0 else rules.maintenance_short)
        starts = [start for start, _ in rules.margin_brackets] + [math.inf]
        return sum(
            rate * max(0.0, min(notional, end) - start)
            for (start, rate), end in zip(rules.margin_brackets, starts[1:], strict=True)
        )

    def liquidation_between(self, first, worst):
        """The price on the way from first to worst at which equity falls below the margin, or None."""

        def below(price):
            return self.worth(price) < self.margin(price)

        if below(first):
            return first
        if not below(worst):
            return None
        safe, reached = first, worst
        while safe != (middle := (safe + reached) / 2) and middle != reached:
            safe, reached = (safe, middle) if below(middle) else (middle, reached)
        return reached

    def liquidate(self, price):
        self.room = math.inf
        self.close(price, "liquidation", through=1)
        self.order, self.weight = None, 0.0

    def nearest_stop(self):
        """(level, name) of the stop nearest to the market, stop loss before trailing stop, or None."""
        rules, trade = self.rules, self.trade
        stops = []
        if rules.stop_loss:
            stops.append((trade.entry_price * (1 - trade.side * rules.stop_loss * trade.sigma), "stop-loss"))
        if rules.trailing_stop:
            prices = [trade.fills[0].price, *trade.seen]
            peak = max(prices) if trade.side > 0 else min(prices)
            stops.append((peak * (1 - trade.side * rules.trailing_stop * trade.sigma), "trailing-stop"))
        return max(stops, key=lambda stop: trade.side * stop[0], default=None)

    def stops(self, first):
        rules, trade, t, bars = self.rules, self.trade, self.t, self.bars
        if not (rules.stop_loss or rules.take_profit or rules.trailing_stop):
            return
        long = trade.side > 0
        stop = self.nearest_stop()
        target = trade.entry_price * (1 + trade.side * rules.take_profit * trade.sigma)
        if long:
            hit = stop and bars.low[t] <= stop[0]
            won = rules.take_profit and bars.high[t] >= target
        else:
            hit = stop and bars.high[t] >= stop[0]
            won = rules.take_profit and bars.low[t] <= target
        if hit:
            level, reason = stop
            price = min(level, first) if long else max(level, first)
        elif won:
            reason = "take-profit"
            price = max(target, first) if long else min(target, first)
        else:
            return
        fee = rules.fee * (1 - rules.maker_discount) if reason == "take-profit" else rules.fee
        if self.close(price, reason, through=1, fee_rate=fee):
            self.order, self.weight = None, 0.0
        elif rules.unfilled == "wait":
            self.order = Order(0.0, reason)
            self.weight = 0.0
        else:
            self.rest(None)

    # what the steps are made of

    def basis(self, direction):
        t, bars = self.t, self.bars
        return {
            "next-open": bars.open[t],
            "same-close": bars.previous_close[t],
            "worst-of-bar": bars.high[t] if direction > 0 else bars.low[t],
        }[self.rules.fill]

    def size(self, weight, basis):
        rules, sigma = self.rules, self.bars.forecast_volatility[self.t]
        stops = rules.stop_loss or rules.take_profit or rules.trailing_stop
        if (rules.sizing == "volatility" or (stops and rules.stop_unit == "volatility")) and not sigma > 0:
            return None
        fraction = rules.fraction
        if rules.sizing == "volatility":
            yearly = sigma * math.sqrt(rules.bars_per_year)
            fraction = min(rules.max_leverage, rules.target_volatility / yearly)
        wanted = 0.0
        for _ in range(2):  # without impact first, then at the slippage of that quantity
            slippage = self.slippage(wanted)
            price = basis * (1 + slippage if weight > 0 else 1 - slippage)
            wanted = abs(weight) * fraction * self.worth(basis) / (price * (1 + rules.fee))
        return wanted

    def slippage(self, quantity):
        rules, sigma, volume = self.rules, self.bars.forecast_volatility[self.t], self.bars.volume[self.t]
        if not sigma > 0 or rules.slippage_volatility == rules.slippage_impact == 0:
            return rules.slippage
        share = 1.0 if volume <= 0 else min(max(quantity / volume, 0.0), 1.0)
        scaled = sigma * rules.slippage_volatility + sigma * rules.slippage_impact * math.sqrt(share)
        return min(rules.slippage + scaled, 0.99)

    def in_steps(self, quantity):
        step = self.rules.quantity_step
        return math.floor(quantity / step + 1e-9) * step if step else quantity

    def possible(self, quantity, basis):
        if quantity <= self.room:
            return quantity
        part = self.in_steps(self.room)
        return part if part * basis >= self.rules.minimum_notional else 0.0

    def fill(self, quantity, basis, fee_rate=None):
        slippage = self.slippage(abs(quantity))
        price = basis * (1 + slippage if quantity > 0 else 1 - slippage)
        fee = (self.rules.fee if fee_rate is None else fee_rate) * abs(quantity) * price
        self.money -= quantity * price + fee
        self.room -= abs(quantity)
        self.trade.fills.append(Fill(self.t, quantity, basis, price, fee))

    def close(self, basis, reason, through=0, fee_rate=None):
        held = abs(self.held)
        possible = self.possible(held, basis)
        if possible > 0:
            self.fill(-self.trade.side * possible, basis, fee_rate)
            self.trade.seen.append(basis)
        if possible < held:
            self.capped += 1
            return False
        if self.money < 0 and self.alone:
            self.trade.absorbed = -self.money
            self.money = 0.0
        self.trades.append(self.record(reason, through))
        self.trade = None
        return True

    def record(self, reason, through):
        trade = self.trade
        entry, fills = trade.entry_price, trade.fills
        fees = sum(fill.fee for fill in fills)
        slippage = sum(abs(fill.quantity) * abs(fill.price - fill.basis) for fill in fills)
        gross = -sum(fill.quantity * fill.basis for fill in fills)
        pnl = gross - fees - slippage - sum(trade.funding) - sum(trade.borrow) + trade.absorbed
        quantity = sum(abs(fill.quantity) for fill in trade.entries)
        moves = [trade.side * (price / entry - 1) for price in [fills[0].price, *trade.seen]]
        return {
            "trade": len(self.trades) + 1,
            "side": trade.side,
            "entry_bar": trade.entry_bar,
            "exit_bar": self.t,
            "bars": self.t - trade.entry_bar + through,
            "quantity": quantity,
            "entry_price": entry,
            "exit_price": mean_price(trade.exits),
            "gross_pnl": gross,
            "fees": fees,
            "slippage": slippage,
            "funding": sum(trade.funding),
            "borrow": sum(trade.borrow),
            "pnl": pnl,
            "return": pnl / (quantity * entry),
            "mae": min(moves),
            "mfe": max(moves),
            "exit_reason": reason,
            "equity_after": self.money,
            "absorbed": trade.absorbed,
        }
