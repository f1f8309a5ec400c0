"""What pooling is worth: one model over several symbols against one a symbol, on the same bars.

`python -m soak.universe planted [SEEDS [MEMBERS [TENTHS …]]]`: simulated markets with a common edge, at noise
correlation 0 and 0.7, or so many tenths: what share of the truth each recovers.
`python -m soak.universe alone [SEEDS [KIND]]`: an edge in one symbol of 8: in how many seeds it is found
there, and how often elsewhere.
`python -m soak.universe size [SYMBOLS [BARS [SETTING …]]]`: what a large universe costs, see universe_size.
`python -m soak.universe perpetuals FOLDER [SEEDS [MEMBERS [HORIZON [KIND]]]]`: walk-forward over the files
there, *.csv.gz: the mean IC of each symbol's test bars, and the difference with its 95 % interval over weeks.
"""

import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from engine import experiment
from engine.data.demo.market import DemoMarket
from engine.data.demo.paths import FURTHER, ORIGIN_MS
from engine.data.importing.files import import_file
from engine.data.store import Series, Store
from engine.market.candles import OHLCV, check
from engine.market.times import milliseconds, time_index
from engine.preparation import Job
from engine.runs.home import Home
from engine.settings import make
from engine.statistics.conformal import centre
from engine.statistics.forecast import forecast_quality, information_coefficient
from engine.studies.folds import folds
from engine.universe.pool import Pool
from engine.universe.preparation import prepare
from soak.universe_size import size

SYMBOLS, BARS, NOW_MS, WEEK_MS = 8, 14_000, 10**13, 7 * 86_400_000
DRAWS = 2000
SKILL_P = 0.05  # two-sided, of an IC above 0


def quiet(_):
    """Nobody watches."""


def prepared(home, *overrides):
    """What there is to learn from the stored series of candles."""
    settings = make({}, ["data.symbols=soak-*", "training.devices=1", *overrides])
    run = home.create("train", settings)
    return settings, prepare(Job(settings, run, home, NOW_MS, quiet))


def alone(pool, s, settings):
    """The pool of one symbol."""
    rows = pool.rows(s)
    market = pool.market_of(s)
    table = pool.table.iloc[rows]
    return Pool.of((pool.symbols[s],), [market], table, [np.ones(len(table), np.bool_)], settings)


def forecasts(pool, parts, settings, folder):
    """Forecasts of each part's test by a model of its own, as (target row, forecast) in one."""
    rows, made = [], []
    for number, part in enumerate(parts):
        keep = Path(folder) / f"{len(pool.symbols)}-{number}-{np.random.default_rng().integers(2**40)}"
        trained = experiment.fit(settings, pool, part, 1, keep, quiet)
        made.append(centre(experiment.forecast_samples(trained, pool, part.test, quiet)))
        rows.append(pool.windows.target[part.test])
    return np.concatenate(rows), np.concatenate(made)


def both(settings, data, folder):
    """Forecasts pooled and single by symbol: (target times, label, pooled, single) each."""
    pool = data.pool(settings)
    parts = folds(pool.bar[pool.windows.target], np.isfinite(pool.label), settings)
    rows, made = forecasts(pool, parts, settings, folder)
    found = []
    for s in range(len(pool.symbols)):
        one = alone(pool, s, settings)
        own = folds(one.bar[one.windows.target], np.isfinite(one.label), settings)
        row, single = forecasts(one, own, settings, folder)
        place, inside = pool.rows(s), (rows >= pool.rows(s).start) & (rows < pool.rows(s).stop)
        together = np.full(len(one.table), np.nan)
        together[rows[inside] - place.start] = made[inside]
        known = np.isfinite(together[row]) & np.isfinite(one.forward_return[row])
        time = milliseconds(one.market.frame.index)[row]
        found.append((time[known], one.forward_return[row][known], together[row][known], single[known]))
    return found


def keep(market, store):
    """Store the candles of the market's symbols."""
    end_ms = ORIGIN_MS + BARS * market.step_ms
    for base in FURTHER[:SYMBOLS]:
        candles = market.candles(f"{base}/USDT", "1h", ORIGIN_MS, end_ms)
        raw = {name: getattr(candles, name) for name in OHLCV}
        frame = check(pd.DataFrame(raw, index=time_index(candles.time)), market.step_ms, end_ms).frame
        name = f"soak-{base}"
        with store.locked(name):
            store.write(Series(name, "candles", "", f"{base}/USDT", "1h", simulated=True, frame=frame))


def planted(seeds=2, members=1, *correlations):
    """Print what is recovered of a common edge."""
    print("correlation  seed  pooled  single  (mean of 8 symbols: correlation of forecast and truth)")
    for correlation in [each / 10 for each in correlations] or (0.0, 0.7):
        for seed in range(seeds):
            market = DemoMarket(seed, 0.1, "1h", correlation)
            with tempfile.TemporaryDirectory() as folder:
                home = Home(Path(folder))
                keep(market, Store(home.data))
                settings, data = prepared(
                    home, "label.horizon=1", f"model.members={members}", f"training.seed={seed + 1}",
                    "walk_forward.folds=2", "walk_forward.first_test=0.7",
                )  # fmt: skip
                measured = []
                for name, (time, _, pooled, single) in zip(
                    data.markets, both(settings, data, folder), strict=True
                ):
                    base = name.removeprefix("soak-")
                    truth = market.conditional_mean(time, f"{base}/USDT")
                    measured.append([np.corrcoef(each, truth)[0, 1] for each in (pooled, single)])
            pooled, single = np.mean(measured, axis=0)
            print(f"{correlation:11.1f}  {seed:4d}  {pooled:6.3f}  {single:6.3f}", flush=True)


def only_one(seeds=20, kind="ridge"):
    """Print where an edge is found that one symbol alone has; whether the pooled model is as it must be.

    Found: the IC of a symbol's test bars is above 0 with a two-sided p-value below 5 %. The symbols' noise is
    independent. One model a symbol stands beside the pooled one.
    """
    found, alarms = np.zeros(2, np.int64), np.zeros(2, np.int64)  # pooled, single
    for seed in range(seeds):
        base = FURTHER[seed % SYMBOLS]
        with tempfile.TemporaryDirectory() as folder:
            home = Home(Path(folder))
            keep(DemoMarket(seed, 0.1, "1h", 0.0, base), Store(home.data))
            settings, data = prepared(
                home, "label.horizon=1", "model.members=1", f"training.seed={seed + 1}",
                "walk_forward.folds=2", "walk_forward.first_test=0.7", f"model.kind={kind}",
            )  # fmt: skip
            for name, (_, came, *two) in zip(data.markets, both(settings, data, folder), strict=True):
                skill = np.array([has_skill(each, came) for each in two])
                if name == f"soak-{base}":
                    found += skill
                else:
                    alarms += skill
        print(f"seed {seed}: found pooled, single {found}, alarms on others {alarms}", flush=True)
    others = seeds * (SYMBOLS - 1)
    holds = bool(found[0] >= 0.95 * seeds and alarms[0] <= 0.05 * others)
    print(f"edge in one of {SYMBOLS}, {kind}: found {found} of {seeds}, alarms {alarms} of {others}: {holds}")
    return holds


def has_skill(forecast, came):
    """Whether an IC is above 0 by more than chance."""
    quality = forecast_quality(forecast, came)
    return quality["ic"] > 0 and quality["ic_p_value"] < SKILL_P


def perpetuals(folder, seeds=2, members=1, horizon=4, kind="lstm"):
    """Print the IC of pooled and single models over the same test bars."""
    with tempfile.TemporaryDirectory() as place:
        home = Home(Path(place))
        for path in sorted(Path(folder).glob("*.csv.gz")):
            import_file(path, Store(home.data), f"soak-{path.name.partition('_')[0]}", now_ms=NOW_MS)
        rows = []
        for seed in range(seeds):
            settings, data = prepared(
                home, f"label.horizon={horizon}", f"model.members={members}", f"training.seed={seed + 1}",
                "walk_forward.folds=2", "walk_forward.first_test=0.6", f"model.kind={kind}",
            )  # fmt: skip
            found = both(settings, data, place)
            ics = [[information_coefficient(each, came) for each in two] for _, came, *two in found]
            rows.append(found)
            print(
                f"seed {seed}: pooled {np.mean(ics, axis=0)[0]:.4f}  single {np.mean(ics, axis=0)[1]:.4f}",
                flush=True,
            )
        report(list(data.markets), rows)


def report(symbols, seeds):
    """Print each symbol's IC and the interval of the difference, weeks drawn again, the same for all."""
    weeks = np.unique(np.concatenate([time // WEEK_MS for time, *_ in seeds[0]]))
    random = np.random.default_rng(1)
    drawn = random.integers(0, len(weeks), (DRAWS, len(weeks)))
    apart = np.zeros(DRAWS)
    print("symbol             pooled  single")
    for s, name in enumerate(symbols):
        measured = np.mean(
            [[information_coefficient(each, found[s][1]) for each in found[s][2:]] for found in seeds], axis=0
        )
        print(f"{name:18s} {measured[0]:6.4f}  {measured[1]:6.4f}")
        for found in seeds:
            time, came, *two = found[s]
            apart += differences(weeks, time // WEEK_MS, came, two, drawn) / len(symbols) / len(seeds)
    low, high = np.quantile(apart, [0.025, 0.975])
    print(f"pooled less single, weekly blocks: {apart.mean():+.4f} ({low:+.4f} … {high:+.4f})")


def differences(weeks, week, came, two, drawn):
    """The IC of the first less that of the second over weeks drawn again, (D,).

    Ranks are those of the whole; sums of their products by week stand for the rest.
    """
    place, ranked = (
        np.searchsorted(weeks, week),
        [np.argsort(np.argsort(each)) + 0.0 for each in (came, *two)],
    )
    target, first, second = ((each - each.mean()) / each.std() for each in ranked)
    sums = [
        np.bincount(place, each, len(weeks)) for each in (target * first, target * second, np.ones(len(came)))
    ]
    gained = (sums[0] - sums[1])[drawn].sum(axis=1)
    return gained / sums[2][drawn].sum(axis=1)


if __name__ == "__main__":
    what, *given = sys.argv[1:]
    match what:
        case "planted":
            planted(*map(int, given))
        case "alone":
            sys.exit(not only_one(*map(int, given[:1]), *given[1:]))
        case "size":
            sys.exit(not size(*map(int, given[:2]), *given[2:]))
        case _:
            perpetuals(given[0], *map(int, given[1:4]), *given[4:])
