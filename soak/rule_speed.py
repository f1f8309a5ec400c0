"""How many rules a second a search tries on forecasts that are there, and whether memory stays flat.

`python -m soak.rule_speed [VARIANTS [BARS]]`, 20,000 of each if left out. The forecasts are noise, which
trades at nearly every bar. 2,000 variants a second on two cores, drawing and checking them among it, and
memory that does not grow.
"""

import resource
import sys
import tempfile
import time

import numpy as np

from engine import experiment, preparation
from engine.settings import space_of
from engine.studies.folds import folds
from engine.studies.search.rules import ForecastsOfOne, variants
from soak.pruning import job_of
from soak.search import home_with, settings_of

SPACE = [
    "signal.entry_threshold = {low = 0.0001, high = 0.01, log = true}",
    "backtest.stop_loss = {low = 0.005, high = 0.1}", "backtest.take_profit = {low = 0.005, high = 0.1}",
]  # fmt: skip
ROOM_MB = 50.0  # that the second half may take more


def peak_mb():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def forecasts_of(folder, bars):
    """Settings, and noise in the place of the forecasts of every inner fold."""
    home, _ = home_with(folder, 1, 0.1, bars)
    job = job_of(home, home.create("search", settings_of("features.names=return_1", space=SPACE)))
    data = preparation.prepare(job, job.settings.features.chosen)
    samples = experiment.samples_of(data.market, data.table, job.settings)
    bar = data.market.numbers_of(samples.target_ms)
    parts = folds(bar, np.isfinite(samples.label), job.settings)
    rng = np.random.default_rng(0)
    noise = [[rng.normal(0, 0.003, len(part)) for part in (each.validation, each.test)] for each in parts]
    return job.settings, ForecastsOfOne(samples, parts, *zip(*noise, strict=True))


def main(count=20_000, bars=20_000):
    with tempfile.TemporaryDirectory() as folder:
        settings, forecasts = forecasts_of(folder, int(bars))
    space, calendar = space_of(settings), forecasts.samples.market.calendar
    forecasts.on_validation(variants(settings, space, {}, calendar, 300, [0, 1]))  # compiles
    rounds, half = [], int(count) // 2
    for seed in (0, 1):
        began, used = time.perf_counter(), time.process_time()
        forecasts.on_validation(variants(settings, space, {}, calendar, half, [0, seed]))
        rounds.append((half / (time.perf_counter() - began), time.process_time() - used, peak_mb()))
    traded = sum(len(each.validation) for each in forecasts.folds)
    (first, one, before), (second, two, after) = rounds
    rate = 2 * first * second / (first + second)
    print(f"{int(bars):,} bars, {traded:,} traded by each of {2 * half:,} rules: {rate:,.0f}/s")
    room = f"memory {before:,.0f} MB at half of them, {after:,.0f} at the end"
    print(f"CPU {(one + two) / half / 2 * 1000:.2f} ms a rule; {room}")
    return int(rate < 2000 or after - before > ROOM_MB)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
