"""What the model sees of a bar: some fifty features, chosen by name, and those of the user's own.

`resolve` says which a run takes, `compute` makes the (T, F) matrix, `check_columns` refuses what cannot
be scaled, `feature` marks a function as an own feature.
docs/features.md lists every feature with its formula.
"""

from engine.features.catalogue import ALL, BUILT_IN, SEVERAL, group_of, resolve, table, with_own
from engine.features.definition import Feature, feature
from engine.features.inputs import Bars
from engine.features.matrix import check_columns, compute, without_use

__all__ = [
    "ALL",
    "BUILT_IN",
    "SEVERAL",
    "Bars",
    "Feature",
    "check_columns",
    "compute",
    "feature",
    "group_of",
    "resolve",
    "table",
    "with_own",
    "without_use",
]
