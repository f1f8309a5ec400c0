"""`quantdeck data status|update|import|export|verify|repair`: the stored series."""

from __future__ import annotations

from dataclasses import is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.errors import Problem, RepairDataError
from engine.hints import hint
from engine.results.codec import to_json
from engine.results.notes import Note
from engine.results.number_format import whole
from engine.results.series import (
    ExportReport,
    ImportReport,
    RepairReport,
    StoredSeries,
    StoreStatus,
    UndoReport,
    VerifyReport,
)
from engine.runs.home import home_path
from engine.runs.requests import ask
from tui.commands.answer import Answer
from tui.commands.settings import from_file
from tui.number_format import table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.results.codec import Kind

LABELS = {
    "closures": "days closed", "layout": "read as", "out_of_order": "out of order",
    "zero_volume": "zero volume", "unknown_volume": "unknown volume", "rejected_by": "rejected by",
    "gap_list": "gaps", "flag_list": "flagged", "rejected_list": "rejected rows",
}  # fmt: skip
FURTHER = (  # of a report, where there is anything to tell
    "layout", "calendar", "closures", "notes", "order", "out_of_order", "incomplete", "spikes", "zero_volume",
    "unknown_volume",
    "rejected_by", "gap_list", "flag_list", "rejected_list", "rules",
)  # fmt: skip


def request(home: str | None, do: str, kind: type[Kind], **details: Any) -> Kind:
    """Have the engine answer one request; its progress goes to stderr."""
    from engine.runs.log_entries import entry_of
    from tui.commands.progress import display
    from tui.text.events import lasting

    with display() as shown:
        return ask(
            {"do": do, "home": str(home_path(home)), **details},
            kind,
            lambda event: shown.print_line(line) if (line := lasting(entry_of(event, do))) else None,
        )


def status(home: str | None) -> Answer:
    """List what is stored."""
    stored = request(home, "data.status", StoreStatus)
    broken = [f"broken: {each.series}: {each.reason}. {each.remedy}" for each in stored.broken]
    if not stored.series and not broken:
        fetch, bring = hint(home_path(home), "data update"), hint(home_path(home), "data import FILE")
        return Answer(to_json(stored), f"no series stored yet; fetch some: {fetch}, or: {bring}")
    header = ("series", "kind", "rows", "first", "last", "gaps", "calendar", "simulated", "origin")
    rows = [
        [
            each.series,
            each.kind.replace("_", " "),
            whole(each.rows),
            each.first or "n/a",
            each.last or "n/a",
            whole(each.gaps),
            each.calendar,
            "SIMULATED" if each.simulated else "no",
            origin(each),
        ]
        for each in stored.series
    ]
    return Answer(to_json(stored), "\n".join([table(header, rows, right=(2, 5)), *broken]))


def origin(series: StoredSeries) -> str:
    """Where a series came from, in a few words."""
    words = [each for key, each in series.origin.items() if key != "sha256" and isinstance(each, str)]
    count = len(series.repairs)
    repaired = f", repaired {count} times" if count > 1 else ", repaired" if count else ""
    return (" ".join(words) or series.exchange) + repaired


def verify(home: str | None) -> Answer:
    """Read every stored series and compare it with its hash."""
    report = request(home, "data.verify", VerifyReport)
    if not report.broken:
        return Answer(to_json(report), f"{whole(report.checked)} series: all are as they were stored")
    reason = f"{len(report.broken)} of {report.checked} series not as stored"
    problems = [Problem(each.series, "", each.reason) for each in report.broken]
    error = RepairDataError(report.folder, reason, report.broken[0].remedy, problems)
    return Answer(to_json(report), error=error)


def import_file(home: str | None, file: str, name: str, hints: Mapping[str, str | bool]) -> Answer:
    """Store a file as a series and tell what was found in it; see engine.data.importing.hints."""
    named = {"name": name} if name else {}
    path = str(Path(file).absolute())
    report = request(home, "data.import", ImportReport, path=path, hints=dict(hints), **named)
    return Answer(to_json(report), import_text(report))


def import_text(report: ImportReport) -> str:
    """An import in lines."""
    lines = [
        f"Imported as {report.series}",
        f"  rows       {whole(report.rows_read)} read, {whole(report.rows_stored)} stored",
        f"  duplicates {whole(report.duplicates)} merged, {whole(report.conflicting)} of them conflicting",
        f"  rejected   {whole(report.rejected)}",
        f"  missing    {whole(report.missing)} in {whole(report.gaps)} gaps",
        f"  flagged    {whole(report.flagged)}",
        f"  from       {report.first or 'n/a'}",
        f"  to         {report.last or 'n/a'}",
    ]
    for name in FURTHER:
        value, label = getattr(report, name), LABELS.get(name, name)
        if isinstance(value, tuple) and value:
            lines += [f"  {label}:", *(f"    {one_line(item)}" for item in value)]
        elif value:
            lines.append(f"  {label:<9}  {one_line(value)}")
    return "\n".join(lines)


def one_line(value: Any) -> str:
    """A value of a report on one line."""
    if isinstance(value, Note):
        return value.text
    plain = to_json(value) if is_dataclass(value) and not isinstance(value, type) else value
    if isinstance(plain, dict):
        return "  ".join(f"{key.replace('_', ' ')} {item}" for key, item in plain.items())
    return str(plain)


def export(home: str | None, series: str, file: str, *, force: bool) -> Answer:
    """Write a stored series to a file."""
    path = str(Path(file).absolute())
    written = request(home, "data.export", ExportReport, series=series, path=path, replace=force)
    return Answer(to_json(written), f"{series} written to {written.path}: {whole(written.rows)} rows")


def repair(
    home: str | None, series: str, config: str | None, overrides: list[str] | None, *, undo: bool
) -> Answer:
    """Find and repair what is wrong with a series, or take the last repair back."""
    chosen = from_file(config, overrides)
    if undo:
        undone = request(home, "data.repair", UndoReport, series=series, undo=True)
        return Answer(to_json(undone), undo_text(undone))
    given = {name: getattr(chosen, name).model_dump(mode="json") for name in ("data", "repair")}
    report = request(home, "data.repair", RepairReport, series=series, settings=given)
    return Answer(to_json(report), repair_text(report, home_path(home)))


def repair_text(report: RepairReport, home: Path) -> str:
    """What was found, what was done about it, what is left, in lines."""
    second, policy, found, done, left = report.second, report.policy, report.found, report.done, report.left
    compared = f"{whole(found.compared)} compared, {whole(found.confirmed)} more confirmed"
    against = f" against {second} ({compared})" if second else ""
    taken = f"{whole(done.taken)} taken from {second or 'a second series'}, {whole(done.filled)} filled flat"
    remaining = f"{whole(left.spikes)} spikes, {whole(left.conflicts)} conflicts"
    lines = [
        f"{report.series}: {whole(report.rows)} candles",
        f"  gaps       {whole(found.missing)} candles in {whole(found.gaps)} gaps: {policy['gaps']}",
        f"  spikes     {whole(found.spikes)}{against}: {policy['spikes']}",
        f"  conflicts  {whole(found.conflicts)}: {policy['conflicts']}",
        f"  arrival    {whole(found.duplicates)} duplicates merged, {whole(found.rejected)} rows rejected",
        f"  repaired   {whole(done.refetched)} sent again, {taken}",
        f"  left       {whole(left.missing)} missing in {whole(left.gaps)} gaps, {remaining}",
    ]
    lines += [f"    {one_line(item)}" for item in report.details]
    if done.refetched or done.taken or done.filled:
        lines.append(f"Take it back with: {hint(home, f'data repair {report.series} --undo')}")
    elif left.gaps or left.spikes or left.conflicts:
        lines.append(
            "Repair it with -s repair.gaps=, repair.spikes=, repair.conflicts= refetch, second or fill"
        )
    return "\n".join(lines)


def undo_text(report: UndoReport) -> str:
    """What undoing a repair did."""
    moved = f"{whole(report.removed)} candles removed, {whole(report.put_back)} put back"
    rest = f"{whole(report.repairs)} earlier repairs stay"
    return f"{report.series}: the repair of {report.undone} is taken back: {moved}; {rest}"
