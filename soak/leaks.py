"""Planted leaks and honest features under all cuts of an audit: `python -m soak.leaks [NUMBER …]`.

Each table takes some minutes; numbers choose among them, from 1.

The tests have the same features on a short market, where a day stands for a week and there are fewer cuts.
"""

import sys
import tempfile
from pathlib import Path

import numpy as np

from engine.studies.leak_audit.isolation import Isolated
from tests.studies import attacks, covert_features, hidden_features, own_features
from tests.studies.judged import judged
from tests.studies.markets import FIRST_MS, STEP

STRETCH = FIRST_MS // STEP + 500
GAPS = ((0.85, 30), (0.9, 40), (0.95, 20))
VALUES = {
    "after": 500, "holidays": list(range(17_900, 18_300, 10)),
    "coefficients": np.hanning(64).round(4).tolist(), "since": STRETCH, "until": STRETCH + 20,
}  # fmt: skip
FILES = (
    ("leaks", own_features.LEAKS, (), True),
    ("leaks by libraries", attacks.LEAKS, (), True),
    ("leaks that remember", own_features.MEMORY, (), True),
    ("leaks of common tools", hidden_features.LEAKS, (), True),
    ("leaks kept where few look", covert_features.LEAKS, (), True),
    ("rare leaks among returns", hidden_features.RARE, GAPS, True),
    ("honest", own_features.HONEST, (), False),
    ("honest by libraries", attacks.HONEST, (), False),
    ("honest and compiled", attacks.COMPILED, (), False),
    ("honest that look alike", covert_features.HONEST, (), False),
    ("honest of common tools", hidden_features.HONEST, (), False),
)


def main(chosen):
    wrong = 0
    for title, table, gaps, leaking in (FILES[number - 1] for number in chosen):
        with tempfile.TemporaryDirectory() as place:
            path = hidden_features.written(Path(place) / "mine.py", table, VALUES)
            found = judged(Path(place), path, Isolated(path), gaps)
        named = found.leaks | found.unjudged
        amiss = set(table) - named if leaking else named | found.unsteady
        wrong += len(amiss) + len(found.outside)
        print(f"{title}: {len(named)} of {len(table)} named", *sorted(amiss), *found.outside, flush=True)
    print(f"leaks: {wrong} amiss")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main(list(map(int, sys.argv[1:])) or range(1, len(FILES) + 1)))
