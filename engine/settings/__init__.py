"""All settings of a run: every key with its default, unit and range, in one frozen tree.

`load(path, overrides)` reads TOML and `-s key=value` overrides and reports every fault at once;
`Settings()` is a complete, valid set of defaults; `to_toml` writes a tree back, with comments.
Light on purpose: the app and the command line import it before anything else.
"""

from engine.settings.data import Data, Demo, Repair
from engine.settings.fields import allowed_values, choices_of, field_of, unit_of
from engine.settings.learning import MODELS, Features, Label, Model, Scaling, Split, Training, Window
from engine.settings.parameter import Parameter, Value, with_rules, with_values
from engine.settings.portfolio import Portfolio, weights_of
from engine.settings.ranges import lifted
from engine.settings.reading import load, make, read_toml, value_of
from engine.settings.search import Search
from engine.settings.space import space_of
from engine.settings.trading import (
    Backtest,
    Calibration,
    Cpcv,
    Evidence,
    Parallel,
    Runs,
    Signal,
    WalkForward,
)
from engine.settings.tree import (
    Settings,
    changed,
    cores,
    defaults,
    dotted,
    for_own_signals,
    for_symbol,
    pinned,
    with_funding,
    with_limits,
    with_threshold,
)
from engine.settings.universe import Universe, resolved, title
from engine.settings.values import (
    EXCHANGE,
    NAMED,
    OWN_COLUMNS,
    SERIES_NAME,
    SYMBOL,
    TIMEFRAME_MS,
    Group,
    brackets_of,
    extra_of,
    moment,
)
from engine.settings.writing import to_toml

__all__ = [
    "EXCHANGE",
    "MODELS",
    "NAMED",
    "OWN_COLUMNS",
    "SERIES_NAME",
    "SYMBOL",
    "TIMEFRAME_MS",
    "Backtest",
    "Calibration",
    "Cpcv",
    "Data",
    "Demo",
    "Evidence",
    "Features",
    "Group",
    "Label",
    "Model",
    "Parallel",
    "Parameter",
    "Portfolio",
    "Repair",
    "Runs",
    "Scaling",
    "Search",
    "Settings",
    "Signal",
    "Split",
    "Training",
    "Universe",
    "Value",
    "WalkForward",
    "Window",
    "allowed_values",
    "brackets_of",
    "changed",
    "choices_of",
    "cores",
    "defaults",
    "dotted",
    "extra_of",
    "field_of",
    "for_own_signals",
    "for_symbol",
    "lifted",
    "load",
    "make",
    "moment",
    "pinned",
    "read_toml",
    "resolved",
    "space_of",
    "title",
    "to_toml",
    "unit_of",
    "value_of",
    "weights_of",
    "with_funding",
    "with_limits",
    "with_rules",
    "with_threshold",
    "with_values",
]
