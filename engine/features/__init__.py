"""What the model sees of a bar: some fifty features, chosen by name, and those of the user's own.

`resolve` says which a run takes, `compute` makes the (T, F) matrix, `check_columns` refuses what cannot
be scaled, `feature` marks a function as an own feature, `realised_volatility` serves the simulation.
docs/features.md lists every feature with its formula.
"""

from engine.features.catalogue import BUILT_IN, resolve, table, with_own
from engine.features.definition import Feature, feature
from engine.features.inputs import FeatureInputs
from engine.features.matrix import check_columns, compute
from engine.features.volatility import realised_volatility

__all__ = [
    "BUILT_IN",
    "Feature",
    "FeatureInputs",
    "check_columns",
    "compute",
    "feature",
    "realised_volatility",
    "resolve",
    "table",
    "with_own",
]
