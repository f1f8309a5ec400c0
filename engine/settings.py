"""All settings of a run: every key with its default, unit and range, in one frozen tree.

`load(path, overrides)` reads TOML and `-s key=value` overrides and reports every fault at once;
`Settings()` is a complete, valid set of defaults; `to_toml` writes a tree back, with comments.
Light on purpose: the app and the command line import it before anything else.
"""

from __future__ import annotations

import datetime as dt
import difflib
import json
import math
import os
import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from engine.errors import ChangeSettings, Problem, SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping

TIMEFRAME_MS = {
    "1m": 60_000, "3m": 180_000, "5m": 300_000, "15m": 900_000, "30m": 1_800_000,
    "1h": 3_600_000, "2h": 7_200_000, "4h": 14_400_000, "6h": 21_600_000, "8h": 28_800_000,
    "12h": 43_200_000, "1d": 86_400_000,
}  # fmt: skip
MOST_DEVICES, LEAST_SHARE = 8, 16  # devices of a training; sequences of a batch for each
SERIES_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
SYMBOL = re.compile(r"[A-Z0-9a-z]{1,20}(/[A-Z0-9a-z]{1,20})?(:[A-Z0-9a-z]{1,20})?")
EXCHANGE = re.compile(r"([a-z0-9]{2,30})?")
OWN_COLUMNS = (  # of a merged market; a series of the user's own has another name
    "open", "high", "low", "close", "volume", "flag", "candles", "funding", "open_interest", "second_close",
    "second_volume",
)  # fmt: skip
EXTRA_HOURS = (24.0, 72.0)  # delay and staleness of a series of the user's own that tells neither

Whole = Annotated[int, Field(strict=True)]
Number = Annotated[float, Field(allow_inf_nan=False)]


def matching(pattern: re.Pattern[str], value: str, wanted: str) -> str:
    """Return value if the whole of it matches; raise ValueError that says what is wanted."""
    if not pattern.fullmatch(value):
        raise ValueError(f"must be {wanted}")
    return value


def extra_of(text: str) -> tuple[str, float, float]:
    """Name, delay and staleness in hours of an entry of data.extra. Raises ValueError."""
    name, *hours = text.split(":")
    matching(SERIES_NAME, name, "NAME, NAME:DELAY or NAME:DELAY:STALENESS, such as fear_greed:24:72")
    if name in OWN_COLUMNS:
        raise ValueError(f"must not name a series {name}: that is one of the run's own")
    try:
        told = [float(number) for number in hours]
    except ValueError:
        told = [math.nan]
    delay, staleness = (*told, *EXTRA_HOURS[len(told) :])[:2]
    if len(hours) > 2 or not (0 <= delay <= 8760 and 0 < staleness <= 87_600):
        raise ValueError(f"must be written NAME:DELAY:STALENESS, 0 … 8760 h and above 0 … 87600 h; {text}")
    return name, delay, staleness


def moment(text: str) -> dt.datetime:
    """Read an ISO 8601 date or time; without an offset it is UTC. Raises ValueError."""
    try:
        read = dt.datetime.fromisoformat(text)
    except ValueError:
        raise ValueError("must be a date or time such as 2021-01-31 or 2021-01-31T12:00") from None
    return read.replace(tzinfo=dt.UTC) if read.tzinfo is None else read.astimezone(dt.UTC)


def setting(default: Any, doc: str, unit: str = "", **bounds: Any) -> Any:
    """One setting: its default, what it means, its unit, and its bounds (ge, gt, le, lt)."""
    extra = {"unit": unit}
    return Field(default=default, description=doc, json_schema_extra=extra, **bounds)  # type: ignore[arg-type]


class Group(BaseModel):
    """A table of the settings file: frozen, closed, validated when made."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)


class Data(Group):
    """Where market data comes from."""

    exchange: str = setting("binance", "ccxt exchange id, or demo for the embedded simulated exchange")
    symbol: str = setting("BTC/USDT", "market in ccxt's notation; a perpetual is BTC/USDT:USDT")
    timeframe: Literal[tuple(TIMEFRAME_MS)] = setting("1h", "length of a candle")  # type: ignore[valid-type]
    start: str = setting(
        "", "first candle, UTC date or time (ISO 8601); empty: the whole data.series, or two years"
    )
    end: str = setting("", "end, UTC date or time, exclusive; empty means now")
    series: str = setting("", "name of a stored or imported series to use instead of the exchange's candles")
    funding: bool = setting(False, "collect the funding rates of the perpetual market")
    open_interest: bool = setting(False, "collect the open interest of the perpetual market")
    perpetual_exchange: str = setting("binanceusdm", "ccxt exchange id of the perpetual market")
    perpetual_symbol: str = setting("BTC/USDT:USDT", "the perpetual market")
    second_exchange: str = setting("", "ccxt exchange id of a second exchange's candles; empty means none")
    second_symbol: str = setting("BTC/USDT", "market on the second exchange")
    endpoint: str = setting("", "address that replaces the exchanges' own, such as a local recorder's")
    fill_gaps: Whole = setting(0, "gaps up to this long are filled flat and flagged", "bars", ge=0, le=1000)
    funding_staleness: Number = setting(12.0, "funding older than this counts as missing", "h", gt=0, le=240)
    open_interest_staleness: Number = setting(
        6.0, "open interest older than this counts as missing", "h", gt=0, le=240
    )
    second_staleness: Number = setting(3.0, "second candles older than this are missing", "h", gt=0, le=240)
    open_interest_delay: Number = setting(
        5.0, "open interest is published this long after its stamp", "min", ge=0, le=1440
    )
    when_source_fails: Literal["fail", "go-on"] = setting(
        "fail", "what a run does when a source besides the primary one cannot be had"
    )
    retries: Whole = setting(
        5, "tries of one request before the source counts as failed", "tries", ge=1, le=50
    )
    timeout: Number = setting(20.0, "time limit of one request", "s", gt=0, le=600)
    refetch: bool = setting(False, "ask again for what an exchange was found not to have")
    extra: tuple[str, ...] = setting(
        (),
        "imported series of values that join: NAME:DELAY:STALENESS, in hours after stamp and publication; "
        "NAME alone means 24 and 72",
    )

    @field_validator("exchange", "perpetual_exchange", "second_exchange")
    @classmethod
    def _exchange(cls, value: str) -> str:
        return matching(EXCHANGE, value, "lower-case letters and digits, such as binance")

    @field_validator("symbol", "perpetual_symbol", "second_symbol")
    @classmethod
    def _symbol(cls, value: str) -> str:
        return matching(SYMBOL, value, "a market such as BTC/USDT or BTC/USDT:USDT")

    @field_validator("series")
    @classmethod
    def _series(cls, value: str) -> str:
        return matching(SERIES_NAME, value, "letters, digits, dot, dash and underscore") if value else value

    @field_validator("endpoint")
    @classmethod
    def _endpoint(cls, value: str) -> str:
        return (
            matching(re.compile(r"https?://[\w.:\[\]-]+(/[\w./-]*)?"), value, "http://host:port")
            if value
            else value
        )

    @field_validator("extra")
    @classmethod
    def _extra(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        names = [extra_of(each)[0] for each in value]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"names {', '.join(twice)} twice")
        return value

    @field_validator("start", "end")
    @classmethod
    def _date(cls, value: str) -> str:
        if value:
            moment(value)
        return value

    @model_validator(mode="after")
    def _order(self) -> Self:
        if self.start and self.end and moment(self.end) <= moment(self.start):
            raise ValueError(f"data.end|{self.end} is not after data.start, {self.start}")
        return self

    @property
    def perpetual(self) -> bool:
        """Whether the traded market is a perpetual, which pays funding and lends nothing."""
        return ":" in self.symbol

    @property
    def step_ms(self) -> int:
        """Length of a candle in milliseconds."""
        return TIMEFRAME_MS[self.timeframe]


class Demo(Group):
    """The embedded exchange simulator, used when data.exchange is demo."""

    seed: Whole = setting(7, "seed of the simulated market", "", ge=0, le=2**31 - 1)
    edge: Number = setting(
        0.05, "correlation of the next return with what is knowable before it; 0 = nothing", "", ge=0, le=0.9
    )


class Features(Group):
    """What the model sees of a bar."""

    names: tuple[str, ...] = setting(
        ("all",), "features by name, in order; all = every one whose series the run has", min_length=1
    )
    file: str = setting("", "Python file with features of your own")
    timeframes: tuple[Literal[tuple(TIMEFRAME_MS)], ...] = setting(  # type: ignore[valid-type]
        (), "longer candles, such as 4h, 1d, whose features join, each known when its candle closes"
    )
    longer: tuple[str, ...] = setting(
        ("return_1", "volatility_12", "rsi_14", "sma_distance_12", "bar_range"),
        "features by name that each of these timeframes adds, as rsi_14_4h",
        min_length=1,
    )

    @property
    def chosen(self) -> tuple[str, ...]:
        """`names`, and those that the timeframes add."""
        added = [f"{name}_{timeframe}" for timeframe in self.timeframes for name in self.longer]
        return (*self.names, *(name for name in dict.fromkeys(added) if name not in self.names))


class Window(Group):
    """The stretch of bars that one prediction looks at."""

    lookback: Whole = setting(60, "bars in a window", "bars", ge=1, le=5000)


class Label(Group):
    """What is predicted."""

    horizon: Whole = setting(
        1, "bars from entry to exit of the return that is predicted", "bars", ge=1, le=1000
    )
    kind: Literal["open", "close"] = setting(
        "open", "open: open[t+h]/open[t]-1, tradeable; close: close[t+h-1]/close[t-1]-1"
    )


class Split(Group):
    """Chronological shares of the samples."""

    validation: Number = setting(0.15, "share of samples for validation", "share", gt=0, lt=0.9)
    test: Number = setting(0.15, "share of samples for the test, the last ones", "share", gt=0, lt=0.9)

    @model_validator(mode="after")
    def _room(self) -> Self:
        if self.validation + self.test > 0.9:
            total = self.validation + self.test
            raise ValueError(
                f"split.test|validation + test = {total:g}; at most 0.9, the rest is for training"
            )
        return self


class Scaling(Group):
    """How features are scaled, fitted on training rows only."""

    kind: Literal["standard", "robust", "minmax", "none"] = setting("standard", "scikit-learn's scaler")


class Model(Group):
    """The LSTM."""

    units: tuple[Annotated[int, Field(ge=1, le=4096, strict=True)], ...] = setting(
        (64, 32), "units of each stacked LSTM layer", "units", min_length=1, max_length=8
    )
    dropout: Number = setting(0.2, "dropout after each LSTM layer but the last", "share", ge=0, lt=0.95)
    weight_decay: Number = setting(
        0.003, "share of each weight that a first step takes away; 0 = none", "share", ge=0, lt=1
    )
    loss: Literal["mse", "huber"] = setting("mse", "loss on scaled labels")
    gradient_clip: Number = setting(
        1.0, "global norm that gradients are clipped to; 0 = no clipping", "", ge=0, le=1e6
    )


class Training(Group):
    """How the model is fitted."""

    epochs: Whole = setting(30, "most epochs", "epochs", ge=1, le=100_000)
    batch_size: Whole = setting(64, "sequences in a batch", "sequences", ge=1, le=65_536)
    learning_rate: Number = setting(1e-3, "Adam's first learning rate", "", gt=0, le=1)
    patience: Whole = setting(
        6, "epochs without gain before training stops early", "epochs", ge=1, le=100_000
    )
    plateau_patience: Whole = setting(
        3, "epochs without gain before the rate falls", "epochs", ge=1, le=100_000
    )
    plateau_factor: Number = setting(0.5, "what the rate is multiplied by then", "", gt=0, lt=1)
    seed: Whole = setting(1, "seed of weights, dropout and shuffling", "", ge=0, le=2**31 - 1)
    seeds: Whole = setting(
        5,
        "trainings of quantdeck train --seeds: this many, from training.seed on",
        "trainings",
        ge=2,
        le=1000,
    )
    devices: Whole = setting(
        0,
        "processor devices that share a batch; 0 = one per core; results are bit-equal for equal numbers",
        "devices",
        ge=0,
        le=64,
    )


class Signal(Group):
    """From predictions to decisions."""

    entry_threshold: Number = setting(
        0.0005, "predicted return beyond which a position is taken", "return", ge=0, le=1
    )
    threshold_from: Literal["settings", "validation"] = setting(
        "settings", "entry_threshold as it is set, or the one with the best Sharpe ratio on validation"
    )
    neutral: Literal["hold", "flat"] = setting("hold", "within the threshold: hold the position or close it")


class Backtest(Group):
    """The simulated trading."""

    span: Literal["test", "later", "all"] = setting(
        "test",
        "bars that are traded: the test dates of the model, those and all since, or all, in-sample ones too",
    )
    initial_capital: Number = setting(10_000.0, "money at the start", "quote currency", gt=0, le=1e15)
    fee_bps: Number = setting(10.0, "fee of a fill", "bps", ge=0, le=1000)
    slippage_bps: Number = setting(2.0, "slippage of a fill", "bps", ge=0, le=1000)
    maker_discount: Number = setting(
        0.0,
        "share of the fee that a profit target saves, because it rests in the book (maker)",
        "share",
        ge=0,
        le=1,
    )
    slippage_volatility: Number = setting(
        0.0, "slippage on top, as a multiple of one bar's forecast volatility", "σ", ge=0, le=10
    )
    slippage_impact: Number = setting(
        0.0,
        "slippage on top for a fill of a bar's whole volume; falls with the root of the share",
        "σ",
        ge=0,
        le=100,
    )
    minimum_notional: Number = setting(
        0.0, "smallest order that the exchange takes; 0 = none", "quote currency", ge=0, le=1e9
    )
    quantity_step: Number = setting(
        0.0, "quantities are rounded down to multiples of this; 0 = no step", "units traded", ge=0, le=1e9
    )
    limits_from: Literal["settings", "exchange"] = setting(
        "settings",
        "minimum_notional and quantity_step as they are set, or as the exchange told them with its candles",
    )
    borrow_rate: Number = setting(
        0.0, "yearly rate for borrowing what a short sells on a spot market", "share/year", ge=0, le=10
    )
    fill: Literal["next-open", "same-close", "worst-of-bar"] = setting(
        "next-open", "where orders fill; same-close is the textbook's and optimistic"
    )
    sizing: Literal["fraction", "volatility"] = setting("fraction", "how positions are sized")
    fraction: Number = setting(1.0, "share of equity in a position", "share", gt=0, le=1)
    target_volatility: Number = setting(
        0.4, "volatility aimed at by volatility sizing", "share/year", gt=0, le=10
    )
    volatility_span: Whole = setting(
        48, "bars that the forecast volatility looks back", "bars", ge=2, le=10_000
    )
    max_leverage: Number = setting(1.0, "most leverage of volatility sizing", "times equity", gt=0, le=20)
    stop_loss: Number = setting(0.0, "distance of the stop loss; 0 = none", "return or σ", ge=0, le=100)
    take_profit: Number = setting(0.0, "distance of the profit target; 0 = none", "return or σ", ge=0, le=100)
    trailing_stop: Number = setting(
        0.0, "distance of the trailing stop; 0 = none", "return or σ", ge=0, le=100
    )
    stop_unit: Literal["return", "volatility"] = setting(
        "return", "distances as returns, or in standard deviations of one bar's return"
    )
    short: bool = setting(True, "whether short positions are taken")
    max_volume_share: Number = setting(
        0.0, "most of a bar's volume that a fill takes; 0 = no limit", "share", ge=0, le=1
    )
    unfilled: Literal["wait", "drop"] = setting("wait", "what happens to the part beyond that limit")
    rebalance_band: Number = setting(
        0.0, "resize a position when its weight is off by more than this; 0 = never", "share", ge=0, le=1
    )


class Evidence(Group):
    """How hard a result is questioned; the same seed gives the same answers."""

    resamples: Whole = setting(
        1000, "bootstrap resamples behind the 95 % intervals", "resamples", ge=100, le=100_000
    )
    permutations: Whole = setting(
        1000, "shuffles of the signals; 0 = no permutation test", "shuffles", ge=0, le=100_000
    )
    seed: Whole = setting(0, "seed of resamples and shuffles", "", ge=0, le=2**31 - 1)


class WalkForward(Group):
    """Trainings one after the other in time, each tested on the bars that follow (quantdeck walkforward)."""

    folds: Whole = setting(
        5, "stretches of test bars, each with a training of its own", "folds", ge=2, le=500
    )
    window: Literal["rolling", "anchored"] = setting(
        "rolling", "training samples: the same number for each fold, or all since the beginning"
    )
    first_test: Number = setting(0.4, "share of samples before the first test bar", "share", ge=0.1, le=0.95)
    embargo: Whole = setting(
        0, "bars left out before each cut, beyond those that labels reach over", "bars", ge=0, le=10_000
    )


class Calibration(Group):
    """Trainings on simulated markets whose truth is known (quantdeck calibrate)."""

    edges: tuple[Annotated[float, Field(ge=0, le=0.9, allow_inf_nan=False)], ...] = setting(
        (0.0, 0.05, 0.1), "correlations of the next return with what is knowable", min_length=1, max_length=20
    )
    seeds: Whole = setting(5, "markets for each of them", "markets", ge=1, le=1000)
    bars: Whole = setting(20_000, "training samples of each market", "bars", ge=500, le=1_000_000)


class Parallel(Group):
    """Where the trainings of seeds, folds and calibration run side by side."""

    backend: Literal["loky", "dask"] = setting(
        "loky", "processes of this machine, or the workers of a dask cluster (needs quantdeck[dask])"
    )
    workers: Whole = setting(0, "trainings at a time; 0 = one per core, or all of the cluster", ge=0, le=1000)
    address: str = setting("", "scheduler of the dask cluster, such as tcp://10.0.0.5:8786")


Mending = Literal["leave", "refetch", "second", "fill"]


class Repair(Group):
    """What quantdeck data repair does with a stored series of candles."""

    gaps: Mending = setting(
        "leave",
        "missing candles: leave; refetch: ask the exchange again; second: take the other series'; fill: flat",
    )
    spikes: Mending = setting("leave", "candles far from the second series', or without one from neighbours")
    conflicts: Mending = setting("leave", "candles that came more than once with contradicting numbers")
    second: str = setting("", "name of a stored series of candles to compare with and take from")
    tolerance: Number = setting(
        0.05, "a candle this far from the second series' is a spike", "log ratio", gt=0, le=10
    )
    longest_fill: Whole = setting(24, "gaps longer than this are not filled flat", "bars", ge=1, le=10_000)

    @field_validator("second")
    @classmethod
    def _second(cls, value: str) -> str:
        return matching(SERIES_NAME, value, "letters, digits, dot, dash and underscore") if value else value


class Settings(Group):
    """The whole tree; one group a table of `quantdeck.toml`."""

    data: Data = Data()
    demo: Demo = Demo()
    features: Features = Features()
    window: Window = Window()
    label: Label = Label()
    split: Split = Split()
    scaling: Scaling = Scaling()
    model: Model = Model()
    training: Training = Training()
    signal: Signal = Signal()
    backtest: Backtest = Backtest()
    evidence: Evidence = Evidence()
    walk_forward: WalkForward = WalkForward()
    calibration: Calibration = Calibration()
    parallel: Parallel = Parallel()
    repair: Repair = Repair()


def load(path: Path | None, overrides: list[str] | None = None) -> Settings:
    """Settings from a TOML file (or the defaults) with `key=value` overrides on top.

    Raises SettingsError with every fault at once, ChangeSettings if the file cannot be read.
    """
    return make(read_toml(path) if path else {}, overrides, str(path) if path else "settings")


def make(tree: dict[str, Any], overrides: list[str] | None = None, where: str = "settings") -> Settings:
    """Settings from nested dicts and `key=value` overrides; SettingsError tells every fault."""
    problems = [problem for text in overrides or [] if (problem := override(tree, text))]
    settings, faults = validated(tree)
    if faults:  # the rules between settings speak once the settings by themselves are right
        faults += validated(without(tree, faults))[1]
    problems += [problem_of(fault) for fault in faults]
    if problems or settings is None:
        raise SettingsError(where, problems)
    return settings


def validated(tree: dict[str, Any]) -> tuple[Settings | None, list[Any]]:
    """The settings of a tree, or pydantic's list of faults."""
    try:
        return Settings.model_validate(tree), []
    except ValidationError as error:
        return None, list(error.errors())


def without(tree: dict[str, Any], faults: list[Any]) -> dict[str, Any]:
    """A copy of the tree without the keys that the faults name; a fault of a whole table takes the table."""
    pruned = {group: dict(table) if isinstance(table, dict) else table for group, table in tree.items()}
    for fault in faults:
        group, *name = fault["loc"][:2]
        if name and isinstance(pruned.get(group), dict):
            pruned[group].pop(name[0], None)
        else:
            pruned.pop(group, None)
    return pruned


def read_toml(path: Path) -> dict[str, Any]:
    """Parse a settings file; ChangeSettings says where its syntax is wrong."""
    try:
        return tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        raise ChangeSettings(
            str(path), error.strerror or "cannot be read", "Write one with: quantdeck init"
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ChangeSettings(str(path), f"is not TOML: {error}", "Correct it there") from None


def override(tree: dict[str, Any], text: str) -> Problem | None:
    """Put one `group.key=value` into the tree; the value is TOML, or else a plain string."""
    key, equals, raw = text.partition("=")
    group, dot, name = key.strip().partition(".")
    if not equals or not dot:
        return Problem(text, "", "must be written group.key=value, such as training.epochs=5")
    if any("\ud800" <= character <= "\udfff" for character in text):  # how Python hands over other bytes
        return Problem(ascii(key)[1:-1], ascii(raw)[1:-1], "must be UTF-8 text")
    table = tree.setdefault(group, {})
    if not isinstance(table, dict):
        return Problem(key, raw, f"{group} is not a table")
    table[name] = value_of(key.strip(), raw.strip())
    return None


def value_of(key: str, raw: str) -> Any:
    """Read a value as the key's own type wants it: strings need no quotes on a command line."""
    default = defaults().get(key)
    if isinstance(default, str):
        return raw[1:-1] if len(raw) > 1 and raw[0] == raw[-1] and raw[0] in "'\"" else raw
    try:
        value = tomllib.loads(f"value = {raw}")["value"]
        return [value] if isinstance(default, tuple) and not isinstance(value, list) else value
    except tomllib.TOMLDecodeError:
        listing = [part.strip() for part in raw.strip("[]").split(",") if part.strip()]
        return listing if isinstance(default, tuple) else raw


def defaults() -> dict[str, Any]:
    """Every key, dotted, with its default."""
    return dotted(Settings())


def problem_of(fault: Any) -> Problem:
    """One pydantic fault as key, value and a reason that says what is allowed."""
    key = ".".join(str(part) for part in fault["loc"])
    value = json.dumps(fault["input"], default=str)
    if fault["type"] == "extra_forbidden":
        known = list(Settings.model_fields) if "." not in key else list(defaults())
        near = difflib.get_close_matches(key, known, 1, 0.5)
        return Problem(key, "", f"no such setting{f'; did you mean {near[0]}?' if near else ''}")
    if fault["type"] == "value_error":
        message = str(fault["ctx"]["error"])
        named, bar, reason = message.partition("|")
        return Problem(named, "", reason) if bar else Problem(key, value, message)
    allowed = allowed_values(key)
    reason = fault["msg"].replace("Input should be", "must be")
    return Problem(key, value, f"{reason}{f' (allowed: {allowed})' if allowed else ''}")


def allowed_values(key: str) -> str:
    """The range of a setting in words, such as `1 … 5000 bars`; empty if it has none."""
    field = field_of(key)
    if field is None:
        return ""
    bounds = {
        name: getattr(mark, name)
        for mark in field.metadata
        for name in ("ge", "gt", "le", "lt")
        if hasattr(mark, name)
    }
    low = f"{bounds['ge']:,.12g}" if "ge" in bounds else f"above {bounds['gt']:g}" if "gt" in bounds else ""
    high = f"{bounds['le']:,.12g}" if "le" in bounds else f"below {bounds['lt']:g}" if "lt" in bounds else ""
    unit = unit_of(key)
    if low or high:
        return f"{low} … {high}{f' {unit}' if unit else ''}"
    choices = getattr(field.annotation, "__args__", ())
    return ", ".join(choices) if choices and all(isinstance(choice, str) for choice in choices) else ""


def field_of(key: str) -> Any:
    """The field behind a dotted key, or None."""
    group, _, name = key.partition(".")
    table = Settings.model_fields.get(group)
    return table.default.__class__.model_fields.get(name.partition(".")[0]) if table else None


def unit_of(key: str) -> str:
    """The unit of a setting, empty if it has none."""
    field = field_of(key)
    return str(field.json_schema_extra["unit"]) if field else ""


def to_toml(settings: Settings, *, comments: bool = False) -> str:
    """The settings as TOML that `load` reads back unchanged; with comments for a person."""
    lines: list[str] = []
    for group, table in settings:
        lines += [f"# {table.__doc__}"] if comments else []
        lines.append(f"[{group}]")
        for name, value in table:
            key = f"{group}.{name}"
            if comments:
                allowed = allowed_values(key)
                lines.append(f"# {field_of(key).description}{f' ({allowed})' if allowed else ''}")
            lines.append(f"{name} = {toml_value(value)}")
        lines.append("")
    return "\n".join(lines)


def toml_value(value: Any) -> str:
    """A value as TOML writes it: as JSON does, but for the one character that only TOML forbids bare."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def pinned(settings: Settings) -> Settings:
    """The settings with what hangs on the machine and the current folder written out.

    training.devices = 0 becomes one device a core, at most 8 and 16 sequences of a batch for each; the
    file of own features becomes an absolute path. So a run repeats what it did, from any folder.
    """
    training, features = settings.training, settings.features
    if not training.devices:
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        devices = max(1, min(cores, MOST_DEVICES, training.batch_size // LEAST_SHARE))
        training = training.model_copy(update={"devices": devices})
    if features.file:
        features = features.model_copy(update={"file": str(Path(features.file).expanduser().absolute())})
    return settings.model_copy(update={"training": training, "features": features})


def with_threshold(settings: Settings, entry_threshold: float) -> Settings:
    """The settings with another entry threshold, all else as it is."""
    signal = settings.signal.model_copy(update={"entry_threshold": entry_threshold})
    return settings.model_copy(update={"signal": signal})


def with_limits(settings: Settings, limits: Mapping[str, Any]) -> Settings:
    """The settings with the exchange's minimum order and step, if they ask for it and these are known."""
    if settings.backtest.limits_from != "exchange":
        return settings
    told = {name: limits[name] for name in ("minimum_notional", "quantity_step") if limits.get(name)}
    return settings.model_copy(update={"backtest": settings.backtest.model_copy(update=told)})


def changed(settings: Settings) -> dict[str, Any]:
    """The dotted keys whose values differ from the defaults, pinned or not."""
    default, here = dotted(Settings()), dotted(pinned(Settings()))
    return {key: value for key, value in dotted(settings).items() if value not in (default[key], here[key])}


def dotted(settings: Settings) -> dict[str, Any]:
    """Every value by its dotted key."""
    return {f"{group}.{name}": value for group, table in settings for name, value in table}
