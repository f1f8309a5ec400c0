"""A slow, obvious division of the account: the judge of the compiled one. Times are in hours."""

from __future__ import annotations

import math

GONE = 24


class Symbol:
    """What is known of one symbol: the weight that may be held, since which of its bars, its last bar."""

    def __init__(self):
        self.held, self.since, self.seen, self.bars = 0.0, None, None, 0


def divide(times, markets, limits, divided):  # noqa: PLR0912  all rules at one place
    """Target weights {name: {time: weight}} of markets {name: {time: (wanted, part, member)}}."""
    symbols, targets = {name: Symbol() for name in markets}, {name: {} for name in markets}
    period = None
    for time in times:
        here = {name: bars[time] for name, bars in markets.items() if time in bars}
        opens, period = period != time // limits.every, time // limits.every
        for name in here:
            symbols[name].seen = time
        known = {name for name, each in symbols.items() if each.seen is not None and time - each.seen <= GONE}
        count = len({name for name in known if symbols[name].held} | {name for name in here if here[name][2]})
        fixed = {name: symbols[name].held for name in known}  # what stays, signed
        grows, tells, fresh = {}, {}, set()
        for name, (decision, part, member) in here.items():
            symbol, wanted = symbols[name], decision if member else 0.0
            age = symbol.bars - symbol.since if symbol.held else None
            if symbol.held and limits.exit_after and age < limits.exit_after:
                if not math.isnan(wanted):
                    tells[name] = sign(wanted) * abs(symbol.held)
                continue
            due = symbol.held and limits.exit_after
            if due or wanted == 0 or wanted * symbol.held < 0:
                fixed[name] = 0.0
                fresh.add(name)
            if math.isnan(wanted):
                continue
            if name in fresh:
                tells[name] = 0.0
            if wanted and opens and not math.isnan(part):
                size = abs(wanted) * part / (count if divided else 1)
                size = min(size, limits.symbol_cap or math.inf)
                if limits.resized:
                    fixed[name] = 0.0
                grows[name] = sign(wanted) * max(size - abs(fixed[name]), 0.0)
                tells[name] = sign(wanted) * size
        hold_caps(fixed, grows, limits)
        after = {name: fixed[name] + grows.get(name, 0.0) for name in known}
        limit_turnover(after, {name: 0.0 if name in fresh else symbols[name].held for name in known},
                       {name: symbols[name].held for name in known}, here, limits.turnover_limit)  # fmt: skip
        for name in here:
            symbol, new = symbols[name], after[name]
            if abs(new) < 1e-9:
                new = 0.0
            if name in tells:
                targets[name][time] = sign(tells[name]) * min(abs(tells[name]), abs(new))
            if new and (not symbol.held or name in fresh):
                symbol.since = symbol.bars
            symbol.held = new
            symbol.bars += 1
    return targets


def sign(value):
    return (value > 0) - (value < 0)


def hold_caps(fixed, grows, limits):
    """Shorten what comes on top."""
    held, more = sum(map(abs, fixed.values())), sum(map(abs, grows.values()))
    if limits.gross_cap and held + more > limits.gross_cap and more:
        rate = max(limits.gross_cap - held, 0.0) / more
        grows.update({name: rate * value for name, value in grows.items()})
    net = sum(fixed.values()) + sum(grows.values())
    if limits.net_cap and abs(net) > limits.net_cap:
        heavy = {name: value for name, value in grows.items() if value * net > 0}
        if heavy:
            rate = max(1 - (abs(net) - limits.net_cap) / sum(map(abs, heavy.values())), 0.0)
            grows.update({name: rate * value for name, value in heavy.items()})


def limit_turnover(after, goes_on, held, here, limit):
    """Shorten growth at one rate to what closing and shrinking leave of the limit."""
    freed, growth = 0.0, {}
    for name in here:
        base = goes_on[name] if goes_on[name] * after[name] > 0 else 0.0
        freed += abs(held[name]) - min(abs(base), abs(after[name]))
        growth[name] = (base, max(abs(after[name]) - abs(base), 0.0))
    total = sum(more for _, more in growth.values())
    if limit and freed + total > limit and total:
        rate = max(limit - freed, 0.0) / total
        for name, (base, more) in growth.items():
            if more:
                after[name] = sign(after[name]) * (abs(base) + rate * more)
