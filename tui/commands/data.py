"""`quantdeck data status|update|import|export|verify|repair`: the stored series."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from engine.runs.folder import home_path
from engine.runs.requests import ask
from tui.commands.answer import Answer
from tui.commands.settings import from_file
from tui.number_format import table, whole

COUNTS = (
    "rows_read", "rows_stored", "duplicates", "conflicting", "rejected", "missing", "gaps", "flagged",
)  # fmt: skip
LISTS = {"gap_list": "gaps", "flag_list": "flagged", "rejected_list": "rejected rows"}
TOLD = (*COUNTS, "series", "first", "last", "step_ms")


def request(home: str | None, do: str, **details: Any) -> dict[str, Any]:
    """Have the engine answer one request; its progress goes to stderr."""
    from tui.commands.progress import display, lasting

    with display() as shown:
        return ask(
            {"do": do, "home": str(home_path(home)), **details},
            lambda event: shown.print_line(line) if (line := lasting(event)) else None,
        )


def status(home: str | None) -> Answer:
    """List what is stored."""
    answer = request(home, "data.status")
    series = answer.get("series", [])
    broken = [
        f"broken: {each['series']}: {each['reason']}. {each['remedy']}" for each in answer.get("broken", [])
    ]
    if not series and not broken:
        return Answer(
            answer, "no series stored yet; fetch some: quantdeck data update, or: quantdeck data import FILE"
        )
    header = ("series", "kind", "rows", "first", "last", "gaps", "simulated", "origin")
    rows = [
        [
            str(each.get("series") or each.get("name", "")),
            str(each.get("kind", "")).replace("_", " "),
            whole(each.get("rows")),
            str(each.get("first") or "n/a"),
            str(each.get("last") or "n/a"),
            whole(len(gaps) if isinstance(gaps := each.get("gaps"), list) else gaps),
            "SIMULATED" if each.get("simulated") else "no",
            origin(each),
        ]
        for each in series
    ]
    return Answer(answer, "\n".join([table(header, rows, right=(2, 5)), *broken]))


def origin(series: dict[str, Any]) -> str:
    """Where a series came from, in a few words."""
    facts = series.get("origin") or {}
    told = [str(value) for key, value in facts.items() if key != "sha256" and isinstance(value, str)]
    repairs = len(series.get("repairs") or [])
    mended = f", repaired {repairs} times" if repairs > 1 else ", repaired" if repairs else ""
    return (" ".join(told) or str(series.get("exchange") or "")) + mended


def verify(home: str | None) -> Answer:
    """Read every stored series and compare it with its hash."""
    answer = request(home, "data.verify")
    broken = answer.get("broken", [])
    if not broken:
        return Answer(answer, f"{whole(answer.get('checked'))} series: all are as they were stored")
    error = {
        "class": "RepairDataError",
        "thing": str(answer.get("folder", "")),
        "reason": f"{len(broken)} of {answer.get('checked')} series not as stored",
        "remedy": broken[0]["remedy"],
        "exit_code": 1,
        "problems": [{"key": each["series"], "value": "", "reason": each["reason"]} for each in broken],
    }
    return Answer(answer, error=error)


def import_file(home: str | None, file: str, name: str) -> Answer:
    """Store a file as a series and tell what was found in it."""
    named = {"name": name} if name else {}
    report = request(home, "data.import", path=str(Path(file).absolute()), **named)
    return Answer(report, import_text(report))


def import_text(report: dict[str, Any]) -> str:
    """A repair report in lines; what this page does not know is told under its own name."""
    number = {key: whole(report.get(key)) for key in COUNTS}
    lines = [
        f"Imported as {report.get('series', '')}",
        f"  rows       {number['rows_read']} read, {number['rows_stored']} stored",
        f"  doubles    {number['duplicates']} resolved, {number['conflicting']} of them conflicting",
        f"  rejected   {number['rejected']}",
        f"  missing    {number['missing']} in {number['gaps']} gaps",
        f"  flagged    {number['flagged']}",
        f"  from       {report.get('first') or 'n/a'}",
        f"  to         {report.get('last') or 'n/a'}",
    ]
    for key, value in report.items():
        if key in TOLD or not value:
            continue
        label = LISTS.get(key, key.replace("_", " "))
        if isinstance(value, list):
            lines += [f"  {label}:", *(f"    {one_line(item)}" for item in value)]
        else:
            lines.append(f"  {label:<9}  {one_line(value)}")
    return "\n".join(lines)


def one_line(value: Any) -> str:
    """A value of a report on one line."""
    if isinstance(value, dict):
        return "  ".join(f"{key.replace('_', ' ')} {item}" for key, item in value.items())
    return " to ".join(map(str, value)) if isinstance(value, list) else str(value)


def export(home: str | None, series: str, file: str) -> Answer:
    """Write a stored series to a file."""
    path = str(Path(file).absolute())
    answer = request(home, "data.export", series=series, path=path)
    return Answer(answer, f"{series} written to {answer.get('path', path)}: {whole(answer.get('rows'))} rows")


def repair(
    home: str | None, series: str, config: str | None, overrides: list[str] | None, *, undo: bool
) -> Answer:
    """Find and mend what is wrong with a series, or take the last repair back."""
    chosen = from_file(config, overrides)
    if undo:
        report = request(home, "data.repair", series=series, undo=True)
        return Answer(report, undo_text(report))
    given = {name: getattr(chosen, name).model_dump(mode="json") for name in ("data", "repair")}
    report = request(home, "data.repair", series=series, settings=given)
    return Answer(report, repair_text(report))


def repair_text(report: dict[str, Any]) -> str:
    """What was found, what was done about it, what is left, in lines."""
    second, policy, repairs = report["second"], report["policy"], report["done"]
    found, done, left = (
        {key: whole(value) for key, value in report[part].items()} for part in ("found", "done", "left")
    )
    against = f" against {second} ({found['compared']} compared, {found['confirmed']} more confirmed)"
    remaining = f"{left['spikes']} spikes, {left['conflicts']} conflicts"
    taken = f"{done['taken']} taken from {second or 'a second series'}, {done['filled']} filled flat"
    lines = [
        f"{report['series']}: {whole(report['rows'])} candles",
        f"  gaps       {found['missing']} candles in {found['gaps']} gaps: {policy['gaps']}",
        f"  spikes     {found['spikes']}{against if second else ''}: {policy['spikes']}",
        f"  conflicts  {found['conflicts']}: {policy['conflicts']}",
        f"  arrival    {found['duplicates']} doubles resolved, {found['rejected']} rows rejected",
        f"  mended     {done['refetched']} sent again, {taken}",
        f"  left       {left['missing']} missing in {left['gaps']} gaps, {remaining}",
    ]
    lines += [f"    {one_line(item)}" for item in report["details"]]
    if any(repairs.values()):
        lines.append(f"Take it back with: quantdeck data repair {report['series']} --undo")
    elif any(report["left"][key] for key in ("gaps", "spikes", "conflicts")):
        lines.append(
            "Mend it with -s repair.gaps=, repair.spikes=, repair.conflicts= refetch, second or fill"
        )
    return "\n".join(lines)


def undo_text(report: dict[str, Any]) -> str:
    """What undoing a repair did."""
    moved = f"{whole(report['removed'])} candles removed, {whole(report['put_back'])} put back"
    rest = f"{whole(report['repairs'])} earlier repairs stay"
    return f"{report['series']}: the repair of {report['undone']} is taken back: {moved}; {rest}"
