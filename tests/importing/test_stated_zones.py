"""Zones that a file tells beside its times: applied and told, or refused."""

from itertools import product

import pandas as pd
import pytest

from engine.data.importing.files import import_file
from engine.data.importing.hints import Hints
from engine.data.store import Store
from engine.errors import RepairDataError
from tests.importing.markets import candles
from tests.importing.test_random_files import NOW, difference

PRICES = ["open", "high", "low", "close"]
FRAME = candles(7, pd.date_range("2023-03-20 05:00", periods=60, freq="1h"), first=1234.0)
ZONES = {  # as it is written: whose clock that is
    "GMT+2": "Etc/GMT-2", "UTC+02:00": "Etc/GMT-2", "UTC-5": "Etc/GMT+5", "GMT-0330": "-03:30", "UTC": "UTC",
    "UTC +8": "Etc/GMT-8", "JST": "Asia/Tokyo", "Europe/Berlin": "Europe/Berlin", "UTC\u22125": "Etc/GMT+5",
    "America/New_York": "America/New_York",
}  # fmt: skip
UNCLEAR = ("CST", "IST", "BST", "EST", "MEZ", "CET", "ET", "UTC-05:00) Eastern Time (US")
HEADS = ("Time ({})", "Date ({})", "Time [{}]", "Datum ({})", "timestamp {}", "Time_{}", "Zeit({})")


def local(zone):
    """The times of the candles on the clock of a zone."""
    return FRAME.index.tz_localize("UTC").tz_convert(zone).tz_localize(None)


def table(times, name, *, place=0, more="", cells=None, above=""):
    """A file of candles whose times stand in column `place`, with one more column beside them."""
    header = [*PRICES, "volume", *([more] if more else [])]
    header.insert(place, name)
    lines = [above + ",".join(header)]
    for number, (time, row) in enumerate(zip(times, FRAME.itertuples(index=False), strict=True)):
        line = [f"{value:.4f}" for value in row] + ([cells[number % len(cells)]] if more else [])
        line.insert(place, time if isinstance(time, str) else f"{time:%Y-%m-%d %H:%M}")
        lines.append(",".join(line))
    return "\n".join(lines)


@pytest.fixture
def read(tmp_path):
    """What the store holds after an import of this content, and the notes."""

    def of(content, **hints):
        store, path = Store(tmp_path / "store"), tmp_path / "a.csv"
        path.write_text(content, encoding="utf-8")
        report = import_file(path, store, "a", now_ms=NOW, hints=Hints(**hints))
        return store.read("a").frame, {note.code: dict(note.values) for note in report.notes}

    return of


def applied(result, zone):
    """Whether the times are right, and told where they are not those of UTC."""
    stored, notes = result
    return not difference(stored, FRAME) and ("times of a told zone" in notes) == (zone != "UTC")


@pytest.mark.parametrize(("name", "zone"), [*product(HEADS, ZONES)])
def test_a_zone_in_the_name_of_the_times_is_applied(read, name, zone):
    times = local(ZONES[zone])
    for place in (0, 3, 5):
        assert applied(read(table(times, name.format(zone), place=place)), zone), place


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize(
    "above", ["# Timezone: {}\n", "Timezone,{}\n", "Times are in {}\n", "Time zone,{},,,,\n"]
)
def test_a_zone_above_the_table_is_applied(read, zone, above):
    assert applied(read(table(local(ZONES[zone]), "time", above=above.format(zone))), zone)


@pytest.mark.parametrize(
    "name", ["TZ", "Timezone", "Offset", "UTC offset", "GMT offset", "time zone", "Zone"]
)
@pytest.mark.parametrize(
    ("cell", "zone"),
    [("+08:00", "+08:00"), ("8", "+08:00"), ("5.5", "+05:30"), ("-3", "-03:00"), ("Asia/Tokyo", "Asia/Tokyo"),
     ("UTC", "UTC"), ("+0800", "+08:00"), ("GMT-4", "-04:00")],
)  # fmt: skip
def test_a_zone_in_a_column_is_applied(read, name, cell, zone):
    assert applied(read(table(local(zone), "time", more=name, cells=[cell])), zone)


def test_zones_of_rows_may_differ(read):
    zones = ["+01:00", "UTC", "-05:00"]
    times = [local(zones[number % 3])[number] for number in range(len(FRAME))]
    assert applied(read(table(times, "time", more="tz", cells=zones)), "several")


@pytest.mark.parametrize("zone", UNCLEAR)
@pytest.mark.parametrize("way", ["header", "column", "above"])
def test_a_zone_that_is_not_certain_is_refused_until_it_is_said(read, zone, way):
    times = local("America/New_York")
    said = {
        "header": table(times, f"Time ({zone})"),
        "column": table(times, "time", more="tz", cells=[zone]),
        "above": table(times, "time", above=f"# timezone: {zone}\n"),
    }[way]
    if way == "column" and zone in {"EST", "CET"}:  # an offset, as in the cells of times
        return
    with pytest.raises(RepairDataError) as caught:
        read(said)
    assert "--timezone" in caught.value.remedy
    assert not difference(read(said, timezone="America/New_York")[0], FRAME)


@pytest.mark.parametrize("zone", [zone for zone in ZONES if zone != "UTC"])
def test_zones_that_contradict_each_other_are_refused(read, zone):
    for times in ("{:%Y-%m-%dT%H:%M:%SZ}", "{:%Y-%m-%d %H:%M+01:00}", "{:%Y-%m-%d %H:%M UTC}"):
        if "+01:00" in times and zone == "Europe/Berlin":
            continue
        with pytest.raises(RepairDataError, match="another zone"):
            read(table(map(times.format, FRAME.index), f"Time ({zone})"))
    with pytest.raises(RepairDataError, match="another zone"):
        read(table(FRAME.index, f"Time ({zone})"), timezone="Pacific/Auckland")
    with pytest.raises(RepairDataError, match="zone"):
        read(table(FRAME.index, f"Time ({zone})", above="# Timezone: UTC+11\n"))


@pytest.mark.parametrize("zone", ZONES)
def test_offsets_in_the_cells_that_agree_are_read(read, zone):
    aware = FRAME.index.tz_localize("UTC").tz_convert(ZONES[zone])
    stored, _ = read(table([time.isoformat() for time in aware], f"Time ({zone})"))
    assert not difference(stored, FRAME)


def test_stamps_are_of_utc_whatever_the_name_says(read):
    stored, notes = read(table([str(time.value // 10**9) for time in FRAME.index], "Time (GMT+2)"))
    assert not difference(stored, FRAME)
    assert notes["a told zone left aside"] == {"zone": "UTC+02:00"}


@pytest.mark.parametrize(
    ("name", "seconds"),
    [("gmtoffset", 1), ("gmtoff", 1), ("utc_offset", 1), ("utcoffset", 1), ("tz_offset_seconds", 1)],
)
@pytest.mark.parametrize("zone", ["Etc/GMT+5", "Etc/GMT-9", "Asia/Kolkata", "Etc/GMT-1"])
def test_offsets_in_seconds_are_applied(read, name, seconds, zone):
    offset = FRAME.index[0].tz_localize("UTC").tz_convert(zone).utcoffset().total_seconds()
    content = table(local(zone), "time", more=name, cells=[f"{offset / seconds:.0f}"])
    assert not difference(read(content)[0], FRAME)


@pytest.mark.parametrize("name", ["utc_offset", "gmtoffset", "tz_offset"])
@pytest.mark.parametrize("cell", ["330", "-300", "345", "600"])
def test_three_digits_that_may_be_minutes_or_hours_are_refused(read, name, cell):
    content = table(local("Etc/GMT-5"), "time", more=name, cells=[cell])
    with pytest.raises(RepairDataError, match=f"column {name} says {cell}"):
        read(content)
    assert not difference(read(content, timezone="Etc/GMT-5")[0], FRAME)


ELSEWHERE = (
    "time_est", "datetime_ist", "time_et", "date_pst", "NY time", "Время (МСК)", "北京时间",  # noqa: RUF001
    "日本時間",
)  # fmt: skip


@pytest.mark.parametrize("name", ELSEWHERE)
def test_a_zone_behind_the_name_of_times_that_is_not_certain_is_asked_for(read, name):
    with pytest.raises(RepairDataError, match="names the zone"):
        read(table(local("Etc/GMT+5"), name))


@pytest.mark.parametrize(
    ("name", "zone"),
    [
        ("datetime_jst", "Asia/Tokyo"), ("timestamp_sgt", "Asia/Singapore"), ("time_berlin", "Europe/Berlin"),
        ("time_new york", "America/New_York"),
    ],
)  # fmt: skip
def test_a_certain_zone_behind_the_name_of_times_is_applied(read, name, zone):
    assert applied(read(table(local(zone), name)), zone)
