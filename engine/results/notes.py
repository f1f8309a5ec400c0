"""What a reader of the figures must know: facts in the result, sentences only where they are shown."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any

from engine.results.codec import null_is_nan

Value = Annotated[int | float | str, null_is_nan]


@dataclass(frozen=True)
class Note:
    """One remark: its code, a key of TEXTS, and the values that its sentence names.

    The code `text` is for a remark of a result that was written as a sentence.
    """

    code: str
    values: dict[str, Value] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The sentence; code and values as they are where a later or damaged file says something else."""
        try:
            return TEXTS[self.code].format_map(self.values)
        except (KeyError, ValueError, IndexError, AttributeError, OverflowError):
            known = {name: "n/a" if value != value else value for name, value in self.values.items()}  # noqa: PLR0124
            values = ", ".join(f"{name} = {value}" for name, value in known.items())
            return f"{self.code} ({values})" if values else self.code


def log_event(note: Note, level: str = "info") -> dict[str, Any]:
    """The note as an event of a run's log; level: info, warning or alarm."""
    return {"kind": "note", "level": level, "code": note.code, "values": note.values}


MARKET_TRAINED = "{done} of {wanted}: edge {edge:g}, seed {seed}: IC {ic:+.3f} ({low:+.3f} … {high:+.3f})"
TEXTS = {
    "winner beyond chance": (
        "Better than chance: the winner's Sharpe ratio of {sharpe:.2f} over {days:,} out-of-fold days lies "
        "above the {best:.2f} that the best of {trials:,} trials without skill would show, at a probability "
        "of {probability:.0%}."
    ),
    "winner may be luck": (
        "It may be luck: the best of {trials:,} trials without skill would show a Sharpe ratio of "
        "{best:.2f}. The winner shows {sharpe:.2f} over {days:,} out-of-fold days; that it lies above is "
        "{probability:.0%} probable."
    ),
    "nothing claimed": "{why}",
    "nothing pruned": "With {objectives} objectives no trial is ended early (search.prune).",
    "nothing pruned on paths": "With search.inner = cpcv no trial is ended early (search.prune).",
    "winner never traded": (
        "No verdict: the winner's account stood still on all {days:,} out-of-fold days, so there is no "
        "Sharpe ratio to judge."
    ),
    "trials of other data": (
        "{trials:,} trials that are kept were of other data or settings: they are carried out again."
    ),
    "search without verdict": (
        "No verdict: the inner folds have {days:,} days of returns, and fewer than {fewest} say nothing."
    ),
    "overfitting of a search": (
        "PBO: in {share:.0%} of the splits of its days the best trial of one half is below the median of the "
        "other; among trials of equal skill, with an edge or without, that is rightly one half."
    ),
    "range of a series": "{series}: {kept:,} of its {rows:,} candles lie in the range set",
    "made of shorter candles": (
        "{series}: {rows:,} candles of {timeframe} made of {shorter} ones; {left:,} of those belong to none "
        "that is complete"
    ),
    "source failed, stored before": "{error}. The run goes on with what was stored before",
    "not audited": "The leak audit could not be carried out. {error}",
    "audited so far": "leak audit: history {histories}",
    "audited": "leak audit {status}",
    "forecasts not compared": (
        "The stored series are not those that the run saw: its forecasts and scalers were not held "
        "against replayed ones, so code that knows when it is audited would not be found."
    ),
    "source failed": "{error}. The run goes on without it",
    "series starts late": "{series} starts at {first}, the exchange has nothing earlier",
    "series ends early": "{series} ends at {last}, the exchange has sent nothing later",
    "series has gaps": "{series} lacks {bars:,} candles in {gaps:,} gaps",
    "market with sessions": (
        "The market trades {calendar}: a daily return is one session's, a year has {days:g} sessions and "
        "{bars:,.0f} bars."
    ),
    "market of a zone": "Days are those of {zone}, whose clock the bars keep.",
    "closed after the horizon": "Positions close after label.horizon, {bars} bars, as signal.exit asks.",
    "ledger alone": (
        "The trial ledger lies in {path}, as no folder of the user's can be written: looks from other homes "
        "do not count here."
    ),
    "values join at their stamps": (
        "{series} has a value every {hours:g} hours and joins at its stamps, with no delay. If a value "
        "sums up what follows its stamp, the run knows the future: give it that delay, "
        "data.extra=[{series}:{hours:g}:…]"
    ),
    "values stamped at midnight": (
        "{series} has a value every {hours:g} hours, stamped at the beginning of a day. If a value sums up "
        "what follows its stamp, join it with that delay: data.extra=[{series}:{hours:g}:…]"
    ),
    "rows rejected": "{series}: {rows:,} rows were rejected: {why}",
    "rows of one time": (
        "{series}: {rows:,} rows have the time of another one and were left out, {conflicting:,} of them "
        "contradict it"
    ),
    "features unknown": "Left out, because their values are not known in the training rows: {names}.",
    "features constant": "Left out, because they are constant in the training rows: {names}.",
    "rows not complete": "{series}: {rows:,} rows were not complete yet and left out",
    "volume not known": "{series}: the volume of {rows:,} candles is not known",
    "variables dropped": (
        "Left out of the run's environment, because they could break or change it: {names}."
    ),
    "text": "{text}",
    "times": "times: {forms}",
    "times of a zone": "times without a zone are those of {zone}",
    "times of a told zone": "times are those of {zone}, as the file says",
    "a told zone left aside": (
        "times carry their own zone or are stamps: {zone}, which the file says elsewhere, is left aside"
    ),
    "times near the minute": (
        "{rows:,} times are off the minute, by up to {furthest} ms: stored at the minute"
    ),
    "times are the ends of bars": "times are the ends of bars: stored at their opens, one step before",
    "date and time in two columns": "date and time stand in two columns",
    "part of a file": (
        "the step changes: {rows:,} rows of {other} s are left aside, those of {step} s are taken"
    ),
    "decimal comma": "the decimal mark is a comma",
    "marks of thousands": "thousands are marked",
    "times of an absolute column": (
        "times are column {column}, which tells a zone or counts from 1970; column {other} is local"
    ),
    "a code page": "the text is no Unicode: read in code page {page}, in which its names are known",
    "no header": "no header; columns taken as {columns}",
    "values are a column": "values are column {column}",
    "rates are a column": "rates are column {column}; every other column is 0",
    "values in a unit": "values of column {column} are in {unit}: stored as shares",
    "volume is a column": "volume is column {column}",
    "volume by its numbers": (
        "volume is column {column}: times the price it is column {quote}, which is in quote currency; passed "
        "over: {others}"
    ),
    "columns passed over": "passed over: {columns}, which hold prices, times or words, and are no volume",
    "volume of two": "volume is column {column}; passed over: column {others}",
    "volume of -1": "{rows:,} rows have a volume of -1, which means unknown",
    "lines of dividends": "{rows:,} lines that tell a dividend or a split were left out",
    "comments among rows": "{rows:,} comments among the rows were left out",
    "headers among rows": "{rows:,} rows that repeat the names of the columns were left out",
    "summary rows": "{rows:,} rows that sum up others were left out: {text}",
    "days carried on": "{rows:,} rows without a day have that of the last row above that has one",
    "contracts in a row": (
        "{count} contracts follow each other, by column {column}: prices leap where one takes the place of "
        "another, as nothing is adjusted"
    ),
    "row numbers in front": "the first column numbers the rows: passed over",
    "cut last line": "the last line has no end and may be cut off: {text}",
    "day numbers": "day numbers are counted from 1900, as Excel does; Excel for Mac once counted from 1904",
    "times are the ends of periods": "times are the last days of {periods}: stored at the first days",
    "times are days of trading": (
        "times are the first days of trading of {periods}: stored at the first days of {periods}"
    ),
    "short for a calendar": (
        "the file spans {days:g} days, too few to tell a market that closes: taken as 24/7; "
        "data.calendar says otherwise"
    ),
    "days stamped by day": (
        "daily bars are stamped at {clock}, taken as the time at which they open; if it is the close, say so "
        "with --label close"
    ),
    "tick volume": "tick volume: volume is column {column}, the number of price changes",
    "no volume": "no volume in the file: it is unknown",
    "no volume among": (
        "no volume in base units in the file: it is unknown; passed over, as they count something else or a "
        "part: {columns}"
    ),
    "volume in a unit": "volume is column {column}: its numbers times {multiple:,}",
    "lines above the rows": "above the rows it says: {text}; numbers are stored as they are written",
    "a line of units": (
        "a line of units beside the names: prices in {prices}, volume in {volume}; prices are stored as they "
        "are written"
    ),
    "prices in a unit": "prices are in {unit}, as they are written",
    "unknown volumes": "{rows:,} rows have a blank volume: it is unknown",
    "prices adjusted": "prices are adjusted for {adjusted}, as the publisher writes them",
    "prices may be ten-thousandths": "prices are taken as they are written; LEAN writes stocks × 10,000",
    "prices in billionths": "prices are written in billionths, as Databento does: stored as whole units",
    "times may be Eastern": "times are taken as UTC; those of HistData are Eastern Standard Time all year: "
    "--timezone Etc/GMT+5",
    "prices of a side": "prices are those of the {side} side",
    "close is another column": "close is column {column}",
    "rows of another width": "{rows:,} rows with another number of columns than {width}",
    "unfinished candles": "{rows:,} candles that were not finished were left out",
    "a footer": "a footer was left aside: {text}",
    "other data than trained on": "The market data differ from those that the model was trained on.",
    "own features changed": "The file of own features has changed since the training.",
    "other versions than at training": "Other versions than at training: {libraries}.",
    "test dates without window": "{lacking} of {dates} test dates have no window in the present data.",
    "in-sample": "IN-SAMPLE: the model was trained on {inside} of {bars} bars; they prove nothing.",
    "signals of a file": "Signals of {signals} over candles of {candles}.",
    "weights with leverage": "{rows:,} target weights are above all of equity, up to {largest:g} times it.",
    "signals waited": "{signals} signals stand at bars that are missing: each waited for the next bar.",
    "signals look early": (
        "These signals look one bar early: they agree with the return of the very bar in which they are "
        "filled (correlation {own:.2f}), not with the next one's ({next:.2f}). What is decided at a bar's "
        "close belongs to the time of the bar after it."
    ),
    "IC too good to be true": (
        "TOO GOOD TO BE TRUE: an IC of {ic:.2f}. Forecasts of a real market are seldom so closely tied to "
        "what follows, in either direction: look for what the features know too early, or for too few "
        "forecasts."
    ),
    "Sharpe too good to be true": (
        "TOO GOOD TO BE TRUE: a Sharpe ratio of {sharpe:.2f}. Look for what the signals know too early, and "
        "for costs that are too low."
    ),
    "no forecast reaches the threshold": (
        "No forecast goes beyond signal.entry_threshold, {threshold:g}: the largest is {largest:.2g}. "
        "signal.threshold_from=validation lets validation choose one."
    ),
    "no band lies beyond the costs": (
        "No forecast's {band:g} % band lies beyond the costs, {threshold:g}: the nearest edge comes to "
        "{nearest:.2g}. Bands of a smaller signal.band are narrower."
    ),
    "nothing pays": (
        "On validation forecasts earn {gross:.1f} bps a trade before costs, which are {costs:.1f} bps. "
        "So nothing is traded."
    ),
    "too few trades on validation": (
        "At no threshold does validation hold enough trades to choose one: nothing is traded."
    ),
    "folds do not pay": "In {folds} of {of} folds no threshold paid on validation: nothing is traded there.",
    "universe of candidates": (
        "{symbols:,} symbols are traded: those that are named and stored. Markets that had gone before they "
        "could be stored are missing, and so is what was lost in them."
    ),
    "loop compiles": (
        "The loop of one account over several symbols is compiled for this machine, which happens once and "
        "takes about a minute of one core."
    ),
    "symbol lost": "{symbol} is left out, as it cannot be had: {error}",
    "symbols move as one": (
        "One market under two names, or as good as one, since their returns are correlated beyond 0.999: "
        "{pairs}. The account takes each for itself, so that market counts twice, in what is learned, too."
    ),
    "symbols without test": "Nothing is traded of {symbols}, without a bar in the test's span.",
    "steps of symbols": (
        "The symbols' smallest steps of quantity are not applied, as they differ; the largest of their "
        "minimum orders is."
    ),
    "bars filled": (
        "{bars:,} bars that were not there are filled flat: features and windows see them, nobody "
        "trades them (data.fill_gaps)."
    ),
    "held without forecast": (
        "{bars:,} bars had no forecast, in {stretches:,} stretches: a position was held there "
        "(signal.without_forecast)."
    ),
    "closed without forecast": (
        "{bars:,} bars had no forecast, in {stretches:,} stretches: a position was closed there "
        "(signal.without_forecast)."
    ),
    "borrowed for free": "Borrowing for short sales cost nothing: backtest.borrow_rate is 0.",
    "ruined": "RUINED: equity fell to 0 and the simulation ended there.",
    "liquidated": "Positions liquidated: {times:,}; what the account then lacked: {absorbed:,.2f}.",
    "filled at the close": (
        "Fills are at the close that the decision was made on: optimistic, nobody gets them."
    ),
    "capped by volume": "{capped} fills were cut short by the bar's volume, {dropped} rests dropped.",
    "too small": "{orders} orders were below the exchange's step or minimum and given up.",
    "limits unknown": "The exchange's smallest order and step are not known: none was applied.",
    "unsized": "{orders} orders were given up because no forecast volatility was known.",
    "already trained": "already trained: run {run} has this model, from the same settings and data",
    "loss is no number": "loss is {loss} in epoch {epoch}",
    "span searched": "span {span} of {of} is searched and traded: run {run}",
    "out of sample": (
        "These figures are out of sample: each of the {spans} spans was traded by the winner of a search "
        "that saw nothing of it."
    ),
    "fold trained": "{done} of {folds} folds, fold {fold}: {epochs} epochs, best {best_epoch}",
    "seed trained": "seed {seed}: run {run} is done",
    "market trained": MARKET_TRAINED,
    "market trained, truth recovered": MARKET_TRAINED + ", correlation with the truth {recovered:.3f}",
}
