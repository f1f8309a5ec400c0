"""Where the trial ledger lies: one SQLite file that belongs to the user, for all homes.

    with opened(home) as store:
        store.add(look, returns)

The journal is SQLite's rollback journal, which works on network file systems too; a writer waits for another.
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from engine import user_folders
from engine.disk import stamp
from engine.errors import MakeRoomError, RepairDataError
from engine.plain_file import expanded
from engine.runs import earlier_ledger
from engine.runs.trial_ledger import Counted, Evaluation, same_bars, without_timeframe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

FILE = "trials.sqlite"
VARIABLE = "QUANTDECK_LEDGER"
WAIT_S = 60.0
FIRST = """
CREATE TABLE IF NOT EXISTS series (
    data TEXT, name TEXT, market INTEGER NOT NULL, from_ms INTEGER, to_ms INTEGER, prices BLOB, closes TEXT,
    PRIMARY KEY (data, name)
);
CREATE TABLE IF NOT EXISTS trials (trial TEXT PRIMARY KEY, days BLOB NOT NULL, returns BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS looks (
    id INTEGER PRIMARY KEY, at TEXT, kind TEXT, run TEXT, of TEXT, market TEXT, data TEXT, from_ms INTEGER,
    to_ms INTEGER, bars INTEGER, trial TEXT, sharpe REAL, total_return REAL, simulated INTEGER, settings TEXT,
    days_per_year REAL, symbol TEXT, timeframe TEXT, home TEXT, attempt TEXT, line TEXT UNIQUE
);
CREATE INDEX IF NOT EXISTS looks_attempt ON looks (attempt);
CREATE INDEX IF NOT EXISTS looks_data ON looks (data);
CREATE TABLE IF NOT EXISTS imported (file TEXT PRIMARY KEY, bytes INTEGER, changed INTEGER, broken INTEGER);
"""
VERSIONS = (
    FIRST,
    "ALTER TABLE looks ADD COLUMN last_ms INTEGER NOT NULL DEFAULT 0",
)  # each made of the one before
COLUMNS = tuple(each.name for each in fields(Evaluation) if each.name != "same_market")


@dataclass(frozen=True)
class Place:
    """Where the ledger lies. alone: in a home, as nothing of the user's can be written: it knows no other."""

    path: Path
    alone: bool


@dataclass(frozen=True)
class Series:
    """Prices that were looked at. prices: as whoever recorded them wrote them; closes: a few, in words."""

    data: str
    name: str
    market: int
    from_ms: int
    to_ms: int
    prices: bytes = b""
    closes: str = "{}"


@dataclass(frozen=True)
class DailyReturns:
    """A trial's returns by days since 1970: int32 and float64 arrays, as bytes."""

    days: bytes
    returns: bytes


def place(home: Path) -> Place:
    """The user's ledger: what QUANTDECK_LEDGER names, within the home if it is relative; else in the user's
    folder of states (XDG_STATE_HOME, ~/.local/state); in the home where there is none that can be written.
    """
    if named := os.environ.get(VARIABLE):
        path = expanded(named)
        return Place(home / path, alone=False)
    folder = user_folders.states() / "quantdeck"
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if os.access(folder, os.W_OK, effective_ids=True):
            return Place(folder / FILE, alone=False)
    return Place(home / FILE, alone=True)


def read(home: Path) -> tuple[list[Evaluation], int]:
    """All looks, oldest first, and how many lines of earlier ledgers are broken.

    Raises MakeRoomError, RepairDataError if it cannot be read.
    """
    if not place(home).path.exists() and not (home / earlier_ledger.FILE).exists():
        return [], 0
    with opened(home) as store:
        return store.looks(), store.broken()


@contextlib.contextmanager
def opened(home: Path) -> Iterator[Store]:
    """The ledger, held by this process alone until the end. Raises MakeRoomError, RepairDataError."""
    path = place(home).path
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            path.touch(0o600)
    except OSError as error:
        raise refused(path, error.strerror or str(error)) from None
    try:
        with contextlib.closing(sqlite3.connect(path, timeout=WAIT_S, isolation_level=None)) as database:
            database.execute("PRAGMA synchronous = FULL")
            database.execute("BEGIN IMMEDIATE")
            try:
                store = Store(database)
                store.prepare(path)
                store.import_earlier(home)
                yield store
            except BaseException:
                database.execute("ROLLBACK")
                raise
            database.execute("COMMIT")
    except sqlite3.OperationalError as error:
        raise refused(path, str(error)) from None
    except sqlite3.DatabaseError as error:
        raise RepairDataError(
            str(path), f"is damaged: {error}", "Put it back from a copy, or move it away: its looks are lost"
        ) from None


def refused(path: Path, reason: str) -> MakeRoomError:
    """The ledger cannot be written."""
    return MakeRoomError(
        str(path), f"cannot be written: {reason}", f"Allow writing there, or name another in {VARIABLE}"
    )


class Store:
    """The open ledger, within one transaction."""

    def __init__(self, database: sqlite3.Connection) -> None:
        """Of an open database."""
        self._database = database

    def prepare(self, path: Path) -> None:
        """Make the tables. Raises RepairDataError for those of a later version."""
        version = self._database.execute("PRAGMA user_version").fetchone()[0]
        if version > len(VERSIONS):
            reason = f"is a ledger of version {version}; versions up to {len(VERSIONS)} are known"
            raise RepairDataError(str(path), reason, "Use a later version of quantdeck")
        for script in VERSIONS[version:]:
            for statement in script.split(";"):
                self._database.execute(statement)
        if version < len(VERSIONS):  # written only then: whoever only counts waits for no disk
            self._database.execute(f"PRAGMA user_version = {len(VERSIONS)}")

    def looks(self, market: int | None = None) -> list[Evaluation]:
        """All looks, or those at a market, the oldest first."""
        chosen = "" if market is None else "WHERE series.market = ?"
        rows = self._database.execute(
            f"SELECT {', '.join(f'looks.{name}' for name in COLUMNS)}, series.market "  # noqa: S608
            f"FROM looks JOIN series ON series.data = looks.data AND series.name = looks.market {chosen} "
            "ORDER BY looks.at, looks.id",
            () if market is None else (market,),
        )
        return [look_of(row) for row in rows]

    def looks_at(self, span: Evaluation) -> list[Counted]:
        """Those at the bars of one, whose market is known, the oldest first."""
        rows = self._database.execute(
            "SELECT looks.trial, looks.sharpe, looks.kind, looks.from_ms, looks.to_ms "
            "FROM looks JOIN series ON series.data = looks.data AND series.name = looks.market "
            "WHERE series.market = ? ORDER BY looks.at, looks.id",
            (span.same_market,),
        )
        own = (span.from_ms, span.to_ms)
        return [Counted(*look) for *look, first, last in rows if same_bars((first, last), own)]

    def market_of(self, look: Evaluation) -> int:
        """The number of the look's market; 0 if its bars were never looked at."""
        stored = (look.data, look.market)
        found = self._database.execute(
            "SELECT market FROM series WHERE data = ? AND name = ?", stored
        ).fetchone()
        return int(found[0]) if found else 0

    def returns(self, trials: Sequence[str]) -> dict[str, DailyReturns]:
        """Daily returns of those trials that were recorded with them."""
        found: dict[str, DailyReturns] = {}
        for trial in trials:
            row = self._database.execute(
                "SELECT days, returns FROM trials WHERE trial = ?", (trial,)
            ).fetchone()
            if row:
                found[trial] = DailyReturns(*row)
        return found

    def broken(self) -> int:
        """How many lines of earlier ledgers could not be read."""
        return int(self._database.execute("SELECT total(broken) FROM imported").fetchone()[0])

    def has(self, look: Evaluation) -> bool:
        """Whether the same settings were looked at before, on the same bars through the same model."""
        return bool(
            self._database.execute("SELECT 1 FROM looks WHERE attempt = ?", (look.attempt,)).fetchone()
        )

    def add(self, look: Evaluation, returns: DailyReturns | None = None, line: str | None = None) -> None:
        """Record a look at a series that is there; a line of an earlier ledger is recorded once."""
        values = [
            json.dumps(look.settings) if name == "settings" else getattr(look, name) for name in COLUMNS
        ]
        marks = ", ".join("?" * (len(values) + 2))
        self._database.execute(
            f"INSERT OR IGNORE INTO looks ({', '.join(COLUMNS)}, attempt, line) VALUES ({marks})",  # noqa: S608
            (*values, look.attempt, line),
        )
        if returns is not None:
            stored = (look.trial, returns.days, returns.returns)
            self._database.execute("INSERT OR IGNORE INTO trials VALUES (?, ?, ?)", stored)

    def add_series(self, series: Series, match: Callable[[Series, Sequence[Series]], set[int]]) -> int:
        """Record prices; `match` finds the markets that they are of, which become one. Returns its number."""
        rows = self._database.execute("SELECT data, name, market, from_ms, to_ms, prices, closes FROM series")
        others = [Series(*row) for row in rows]
        same = match(series, others)
        market = min(same, default=max((each.market for each in others), default=0) + 1)
        for other in same - {market}:
            self._database.execute("UPDATE series SET market = ? WHERE market = ?", (market, other))
        row = (series.data, series.name, market, series.from_ms, series.to_ms, series.prices, series.closes)
        self._database.execute("INSERT INTO series VALUES (?, ?, ?, ?, ?, ?, ?)", row)
        return market

    def import_earlier(self, home: Path) -> None:
        """Take over what a home's file of an earlier version holds, unless that was done."""
        path = home / earlier_ledger.FILE
        try:
            found = stamp(str(path), follow=True)
        except OSError:
            return
        if not found.inode:
            return
        stored = (str(path.resolve()), found.size, found.modified_ns)
        known = self._database.execute(
            "SELECT 1 FROM imported WHERE file = ? AND bytes = ? AND changed = ?", stored
        )
        if known.fetchone():
            return
        lines, broken = earlier_ledger.read(home)
        for line in lines:
            look = line.look
            if not self.market_of(look):
                closes = json.dumps(line.closes)
                series = Series(look.data, look.market, 0, look.from_ms, look.to_ms, b"", closes)
                self.add_series(series, by_name_or_closes)
            self.add(look, line=line.digest)
        self._database.execute("INSERT OR REPLACE INTO imported VALUES (?, ?, ?, ?)", (*stored, broken))


def by_name_or_closes(series: Series, others: Sequence[Series]) -> set[int]:
    """Markets of equal bars or names, and those with which sampled closes agree."""
    closes, name = json.loads(series.closes), without_timeframe(series.name)
    return {
        other.market
        for other in others
        if other.data == series.data
        or without_timeframe(other.name) == name
        or earlier_ledger.same_candles(closes, json.loads(other.closes))
    }


def look_of(row: Sequence[Any]) -> Evaluation:
    """A look as the ledger holds it."""
    stored: dict[str, Any] = dict(zip(COLUMNS, row, strict=False))
    stored |= {"settings": json.loads(stored["settings"]), "simulated": bool(stored["simulated"])}
    return Evaluation(**stored, same_market=row[-1])
