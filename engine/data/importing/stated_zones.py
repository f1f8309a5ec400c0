"""Zones that a file tells elsewhere than in its times: in a column's name, in a column, above the table."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from zoneinfo import available_timezones

import numpy as np

from engine.data.importing.hints import HintNeededError, UnclearError
from engine.data.importing.offset_units import SECONDS, minutes_in, offsets_of
from engine.data.importing.zones import FURTHEST_H, OFFSETS_MIN

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

STEADY = {"UTC", "GMT", "Z", "MSK", "JST", "KST", "HKT", "SGT"}  # mean one place, whose clocks do not change
MOVING = {  # abbreviations whose clocks change in summer, or that several places use
    *OFFSETS_MIN, "ET", "CT", "MT", "PT", "CST", "IST", "BST", "AST", "ADT", "GST", "MEZ", "MESZ", "NST",
    "AKST", "HST", "SAST", "BRT", "ART", "PKT", "WIB", "NYT",
} - STEADY  # fmt: skip
TOWNS = "new york|london|berlin|frankfurt|zurich|paris|tokyo|moscow|sydney|singapore|chicago"
REGIONS = re.compile(
    r"(?i)(?<![a-z])(eastern|central|mountain|pacific|local|ny time|exchange time|server time|broker)"
    r"(?![a-z])|"
    rf"(?<=[a-z][_ -])({TOWNS})\b|мск|москв|北京|日本|東京|香港|한국"
)
SIGNED = r"[-+\u2212]\s?\d{1,2}(?::?[0-5]\d)?(?!\d)"
OFFSET = re.compile(
    rf"(?i)(?<!/)(?:UTC|GMT)\s?{SIGNED}|(?<=[(\[{{])\s*{SIGNED}(?=\s*[)\]}}])|(?<=\s){SIGNED}$"
)
PLACE = re.compile(r"[A-Za-z]+(?:/[A-Za-z_+\-\d ]+?)+(?=[)\]},;\"']|\s*$)")
CITY = re.compile(r"(?<=[(\[{])[A-Z][A-Za-z_ ]+(?=[)\]}])")
ABBREVIATION = re.compile(rf"(?<![A-Za-z])({'|'.join(sorted(STEADY | MOVING))})(?![A-Za-z])")
BEHIND = re.compile(rf"(?i)(?<=[a-z])[_ -]({'|'.join(sorted(STEADY | MOVING))})$")  # as in time_est
SIGNLESS = re.compile(r"(?i)(?:UTC|GMT)\s?\d{1,2}(?!\d)")
ABOVE = re.compile(
    r"(?i)^[\s#/\"';*-]*(?:.{0,30}\b)?"
    r"(?:time ?zone|tz|zeitzone|(?:utc|gmt)[ _-]?offset|times? (?:are |is )?in)\b[\s:=,;\"'\t|]*(?P<zone>.+)$"
)
SAID = re.compile(  # in words, of which a zone has to be one
    r"(?i)(?:^|[^A-Za-z])times?(?:stamps?)?(?: and dates?)?"
    r"(?:\s*[:=]\s*|\s*(?=\()|(?<=times)\s+|"
    r"(?:\s+(?:are|is|all|shown|given|displayed|quoted|expressed|stated|reported|listed|in|as|at|on)\b)+[\s:=]+)"
    r"(?P<zone>.+)$"
)
CLOCK = re.compile(r"(?<![-+\d])\d{1,2}:\d{2}")  # of when a file was made
FIELDS = 100  # of a record beside the rows
COLUMNS = re.compile(
    r"tz|time_?zone|zeitzone|(utc|gmt|tz|time_?zone)_?off(set)?(_(h|hours?|min(ute)?s?|s|sec(ond)?s?))?"
)
HYPHENS = dict.fromkeys((*range(0x2010, 0x2016), 0x2212, 0xFE63, 0xFF0D), "-")
EDGES = " \t\"',;|)."
PERHAPS = ("offset", "zone")  # if their cells are zones


@dataclass(frozen=True)
class StatedZones:
    """The zone of each row that the file tells beside its time."""

    zone: NDArray[np.int64]  # (N,) place in `zones`
    zones: tuple[str, ...]  # offsets such as UTC+02:00, and names such as Europe/Berlin

    @property
    def only(self) -> str:
        """The one zone of all rows; empty if there are several."""
        return self.zones[0] if len(self.zones) == 1 else ""


def certain(text: str) -> str:
    """A zone as UTC, UTC+02:00 or Europe/Berlin; empty if what it means is not certain."""
    text = text.strip(" ()[]{}\"',;.")
    if parts := re.fullmatch(r"(?i)(?:UTC|GMT)?\s?([-+\u2212])\s?(\d{1,2})(?::?([0-5]\d))?(?::00)?", text):
        minutes = int(parts[2]) * 60 + int(parts[3] or 0)
        return of_minutes(minutes if parts[1] == "+" else -minutes)
    if text.upper() in STEADY:
        return of_minutes(OFFSETS_MIN[text.upper()])
    return places().get(text.lower().replace(" ", "_"), "")


def of_minutes(minutes: int) -> str:
    """The offset as UTC+02:00; empty for one that no clock has."""
    if abs(minutes) > FURTHEST_H * 60:
        return ""
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{'-' if minutes < 0 else '+'}{hours:02}:{rest:02}" if minutes else "UTC"


@functools.cache
def places() -> dict[str, str]:
    """Zones by their names in lower case, and by those of their cities, which are of one zone."""
    known = {name.lower(): name for name in available_timezones() if "/" in name}
    areas = ("Africa/", "America/", "Asia/", "Australia/", "Europe/", "Pacific/")
    towns = [name for name in sorted(known.values()) if name.startswith(areas)]
    cities = {name.rpartition("/")[2].lower(): name for name in towns}
    return {**cities, **known}


def zone_in(name: str) -> tuple[str, str]:
    """The zone that the name of a column of times tells, empty for none; and the name without it.

    A zone that is not certain is given as it is written, such as `EST` of `Time (EST)`.
    """
    found: list[tuple[str, str]] = []  # what was found, and the zone that it is
    rest = re.sub(r"(?i)(?<![A-Za-z])(utc|gmt)(?![A-Za-z])", lambda match: match[0].upper(), name)
    rest = BEHIND.sub(lambda match: f" {match[0][1:].upper()}", rest)
    for pattern in (OFFSET, PLACE, CITY, ABBREVIATION):
        for match in pattern.finditer(rest):
            zone = certain(match[0])
            if zone or pattern in {OFFSET, ABBREVIATION}:
                found.append((match[0].strip(), zone))
        for cell, _ in found:
            rest = rest.replace(cell, "")
    for unclear in (SIGNLESS, REGIONS):
        found += [(match[0], "") for match in unclear.finditer(rest)]
    rest = re.sub(r"[(\[{]\s*[)\]}].*$", "", rest).strip(" _-")
    zones = {zone or cell for cell, zone in found}
    return " ".join(sorted(zones)), rest if found else name


def zone_above(lines: Sequence[str]) -> str:
    """The zone that a line above a table tells, as it is written if it is not certain; empty for none."""
    for line in lines:
        if match := ABOVE.match(line):
            stated = match["zone"].strip(" \t\"',;|)")
            return certain(stated) or zone_in(f"({stated})")[0] or stated[:40]
        said = SAID.search(line)
        if (
            said
            and not CLOCK.search(said["zone"])
            and (found := zone_in(f"({said['zone'].strip(EDGES)})")[0])
        ):
            return certain(said["zone"].strip(EDGES)) or certain(found) or found
    return ""


def zone_beside(document: Any) -> str:
    """The zone that the fields beside the rows of a JSON document tell; as it is written if not certain.

    Raises ValueError if two that are certain contradict each other.
    """
    stated = [*zones_in(document)]
    sure = one_zone([certain(text) for text, _ in stated if "/" in text]) or one_zone(
        [certain(text) for text, named in stated if named]
    )
    return sure or next((text[:40] for text, named in stated if named), "")


def zones_in(document: Any, key: str = "") -> Iterator[tuple[str, bool]]:
    """Texts of a document that are zones, or that a field named after zones holds; and which of both."""
    if isinstance(document, str):
        named = re.search(r"(?i)time ?_?zone|(?<![a-z])tz(?![a-z])", key) is not None
        if named or ("/" in document and document.lower() in places()):
            yield document, named
    elif isinstance(document, dict) and len(document) <= FIELDS:
        for name, each in document.items():
            yield from zones_in(each, str(name))
    elif isinstance(document, list) and len(document) == 1:
        yield from zones_in(document[0], key)


def zones_of_rows(column: Any, name: str, *, said: str) -> StatedZones | None:
    """The zones of a column of text, (N,); None for one without a word.

    Raises ValueError for blank cells among others, and for a zone that is not certain unless somebody has
    `said` one.
    """
    coded = column.dictionary_encode()
    written = [str(cell) for cell in coded.dictionary.to_pylist()]
    if set(written) <= {""}:
        return None
    minutes = {} if said else offsets_of(written, name.strip().lower().replace(" ", "_"))
    zones = []
    for cell in written:
        zone = of_minutes(minutes[cell]) if cell in minutes else zone_of_cell(cell) or said
        if not zone:
            reason = f"column {name} says {cell or 'nothing'} in a row, which is no zone that is certain"
            raise HintNeededError(reason, "--timezone")
        zones.append(zone)
    return StatedZones(coded.indices.to_numpy(zero_copy_only=False).astype(np.int64), tuple(zones))


def zone_column(names: Sequence[str], rows: Sequence[Sequence[str]]) -> int | None:
    """The column of a table that tells the zone of each row, by its plain name and the first rows."""
    for place, name in enumerate(names):
        if COLUMNS.fullmatch(name):
            return place
        if name in PERHAPS and rows and all(zone_of_cell(row[place]) for row in rows):
            return place
    return None


def zone_of_cell(cell: str) -> str:
    """The zone of a row, empty if it is not certain."""
    cell = cell.translate(HYPHENS)
    if re.fullmatch(r"[-+]?\d{3}", cell):  # minutes, or hours and minutes
        return ""
    return of_number(cell) or certain(cell) or (cell.upper() if cell.upper() in OFFSETS_MIN else "")


def of_number(cell: str) -> str:
    """Hours without a sign, or with a fraction, or seconds, as an offset; empty for others."""
    if SECONDS.fullmatch(cell) and (minutes := minutes_in(cell, "seconds")) is not None:
        return of_minutes(minutes)
    if not re.fullmatch(r"[-+]?\d{1,2}(\.\d+)?", cell):
        return ""
    return of_minutes(round(float(cell) * 60))


def one_zone(names: Sequence[str]) -> str:
    """The one zone among those that several names tell; raises ValueError if they contradict each other."""
    zones = sorted({name for name in names if name})
    if len(zones) > 1:
        raise UnclearError(f"names the zones {' and '.join(zones)}: which one is meant is not known")
    return zones[0] if zones else ""
