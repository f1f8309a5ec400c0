"""How often figures without skill look like skill: sizes and coverage against their binomial bands.

`python -m soak.sizes [REPETITIONS]`
"""

import math
import sys

import numpy as np

from engine.statistics.best_of_trials import expected_best
from engine.statistics.forecast import forecast_quality
from engine.statistics.overfitting import overfitting
from engine.statistics.returns import probabilistic_sharpe
from soak import null, timing

DAYS, BARS, RESAMPLES = (30, 110, 365), 1500, 1000
KNOWN = {
    ("interval", "t3", 30): 0.92,
    ("interval", "t3", 110): 0.921,
    ("interval", "t3", 365): 0.923,
    ("ic_p_value", "volatility", 12): 0.065,
    ("ic_p_value", "momentum", 12): 0.065,
    ("ic_p_value", "volatility", 24): 0.07,
    ("ic_p_value", "momentum", 24): 0.075,
    ("permutation", "momentum", "hold", 0.05): 0.007,
    ("permutation", "momentum", "hold", 0.5): 0.35,
    ("permutation", "momentum", "flat", 0.05): 0.027,
    ("permutation", "momentum", "flat", 0.5): 0.42,
}  # stated in docs/definitions.md


def measured(count):
    """(what, nominal share, how often) for each case."""
    for days in DAYS:
        for kind in null.RETURNS:
            inside = null.sharpe_coverage(kind, days, count, RESAMPLES)
            yield ("interval", kind, days), 0.95, inside
            found = [null.returns(kind, days, np.random.default_rng([9, seed])) for seed in range(count)]
            yield ("PSR", kind, days), 0.05, sum(probabilistic_sharpe(each) > 0.95 for each in found)
    for kind, horizon in null.FORECASTS:
        made = (null.forecast(kind, horizon, BARS, np.random.default_rng([7, seed])) for seed in range(count))
        found = [forecast_quality(*each, horizon) for each in made]
        for name in ("ic_p_value", "directional_accuracy_p_value"):
            yield (name, kind, horizon), 0.05, sum(each[name] < 0.05 for each in found)


def timed(count):
    """(what, nominal share, how often) of the permutation test, for rules that know nothing."""
    for rule in timing.RULES:
        for neutral in timing.NEUTRAL:
            found = timing.p_values(rule, neutral, count)
            for level in (0.05, 0.5):
                yield ("permutation", rule, neutral, level), level, int((found <= level).sum())


def main(arguments):
    count, outside = int(arguments[0]) if arguments else 2000, 0
    for what, nominal, times in (*measured(count), *timed(count)):
        share = KNOWN.get(what, nominal)
        band = 3 * math.sqrt(share * (1 - share) / count)
        apart = abs(times / count - share) > band
        outside += apart
        print(*what, f"{times / count:.3f} of {share:g} ± {band:.3f}", "OUTSIDE" if apart else "")
    for correlation in (0.0, 0.5):
        found = [overfitting(family(seed, correlation)) for seed in range(100)]
        print(f"PBO of 100 families of noise, correlation {correlation:g}: {np.mean(found):.3f}")
        outside += not 0.45 < np.mean(found) < 0.55
        with_one = [family(seed, correlation) for seed in range(100)]
        for returns in with_one:
            returns[:, 0] += 5 / math.sqrt(365)  # an annual Sharpe ratio of 5
        found = np.mean([overfitting(each) for each in with_one])
        print(f"PBO with one column of Sharpe 5: {found:.3f}")
        outside += not found < 0.05
    for number, correlation, times in best_of_worthless(count):
        most = 0.05 + 3 * math.sqrt(0.05 * 0.95 / count)
        apart = times / count > most
        outside += apart
        said = f"best of {number} worthless trials, correlation {correlation:g}: DSR above 0.95 in"
        print(said, f"{times / count:.3f}, at most {most:.3f}", "OUTSIDE" if apart else "")
    print(f"sizes: {outside} outside of their bands, {count} repetitions")
    return int(bool(outside))


def best_of_worthless(count):
    """(trials, correlation, how often the best of them has a deflated Sharpe ratio above 0.95)."""
    for number in (1, 10, 100):
        for correlation in (0.0, 0.5, 0.9):
            convincing = 0
            for seed in range(count):
                tried = family(seed, correlation, 365, number).T  # (N, D)
                best = tried[np.argmax(tried.mean(axis=1) / tried.std(axis=1))]
                benchmark = expected_best(tried, 0) / math.sqrt(364)
                convincing += probabilistic_sharpe(best, benchmark) > 0.95
            yield number, correlation, convincing


def family(seed, correlation, days=720, number=50):
    """Returns (D, N) without skill, each pair with this correlation."""
    generator = np.random.default_rng(seed)
    own, common = generator.standard_normal((days, number)), generator.standard_normal((days, 1))
    return math.sqrt(1 - correlation) * own + math.sqrt(correlation) * common


if __name__ == "__main__":
    sys.stdout.reconfigure(line_buffering=True)
    sys.exit(main(sys.argv[1:]))
