"""The lines of the Train screen, made from the state of a run alone: replayed or live, they are the same."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from engine.results.number_format import defined, whole
from engine.runs.log_entries import LogNote
from engine.runs.modes import MODES, with_backtest
from tui.number_format import loss, span
from tui.runs import status as run_status
from tui.text.events import lasting
from tui.widgets.lines import Line, fitted, packed, spread, width_of

if TYPE_CHECKING:
    from engine.runs.log_entries import Epoch
    from engine.runs.state import State
    from tui.runs.watch import Watched

LEAST_BAR = 5  # cells of a bar beside its facts
LEVELS = {"alarm": "alarm", "warning": "warn"}
SEARCHES = ("search", "nested")  # these end trial by trial


def title(watched: Watched, width: int, waited: float | None = None, *, frozen: bool = False) -> Line:
    """Which run, what it does, how far it is; waited: for how many seconds it imports or compiles."""
    run, state = watched.run, watched.state
    left: Line = [
        (f" {run.id}", "bright"),
        (f" {run.name}" if run.name else "", ""),
        (f"  {run.mode}", "quiet"),
    ]
    left += [(f" of {run.of}", "quiet")] if run.of else []
    left += [("  SIMULATED", "warn")] if state.simulated else []
    text, role = run_status.status(state)
    far = f"{waited:.0f} s" if waited and waited >= 1 else run_status.progress(state)
    right: Line = [("FROZEN  ", "warn")] if frozen else []
    right += [(text, role), (f" · {far}" if far else "", ""), (" ", "")]
    return spread(left, right, width)


def stages(state: State, mode: str, width: int) -> list[Line]:
    """The stages: ✓ done with its time, ● at work, ○ to come. At most two lines."""
    known = [*dict.fromkeys([*MODES[mode].stages, *state.stages])]
    for shortest in (0.05, 1.0, 1e9):
        lines = packed([stage(state, name, shortest) for name in known], width)
        if len(lines) <= 2:
            break
    return lines[:2]


def stage(state: State, name: str, shortest: float) -> Line:
    """One stage; its time only if it took longer than `shortest` seconds."""
    if name not in state.stages:
        return [("○ ", "quiet"), (name, "quiet")]
    seconds = state.stages[name]
    if seconds is None:
        mark, role = ended_as(state)
        return [(f"{mark} ", role), (name, role)]
    time = f" {span(seconds).replace(' ', '')}" if defined(seconds) and seconds >= shortest else ""
    return [("✓ ", "good"), (name, ""), (time, "quiet")]


def bar(done: float, width: int, *, ascii: bool) -> Line:  # noqa: A002
    """A bar of so many cells, filled to a share."""
    full = round(min(1.0, max(0.0, done)) * width)
    return [(("#" if ascii else "█") * full, "live"), (("." if ascii else "░") * (width - full), "rule")]


def progress(state: State, width: int, *, ascii: bool) -> Line:  # noqa: A002
    """The bar of the present epoch, or of all; speed, learning rate, patience."""
    if not state.epochs:
        return []
    within = state.batches > 0 and not state.ended  # the epoch at work; else how many there have been
    share = state.batch / state.batches if within else len(state.history) / state.epochs
    right: Line = [(f"  {share * 100:3.0f} %", "")]
    facts: list[Line] = []  # a regression has neither
    if defined(state.learning_rate):
        facts.append([("  lr ", "quiet"), (f"{state.learning_rate:.1e}", "")])
    if state.patience:
        facts.append([("  patience ", "quiet"), (f"{state.wait}/{state.patience}", "")])
    if within and defined(state.loss):
        facts.insert(0, [("  loss ", "quiet"), (loss(state.loss), "")])
    if defined(state.sequences_per_s):
        facts.append([(f"  {whole(state.sequences_per_s):>6}", ""), (" samples/s", "quiet")])
    for fact in facts:
        if width_of(right) + width_of(fact) + LEAST_BAR + 9 <= width:
            right += fact
    right.append((" ", ""))
    left: Line = [(" epoch  " if within else " epochs ", "quiet")]
    room = max(5, min(60, width - width_of(left) - width_of(right)))
    return [*left, *bar(share, room, ascii=ascii), *right]


def epochs(state: State, width: int, height: int, back: int) -> list[Line]:
    """The table of epochs, its last row `back` rows before the newest."""
    spacious = width >= 78
    head = (
        f" {'epoch':>6} {'loss':>9} {'val loss':>9}   {'Δ best':>9} {'lr':>8} {'time':>8} {'samples/s':>10}"
    )
    history, best = state.history, state.best_epoch
    end = max(min(len(history), height - 1), len(history) - back)
    below = len(history) - end
    head += f"   {f'↓ {below} more' if below else ''}" if spacious else ""
    least = next((each.val_loss for each in reversed(history) if each.epoch == best), None)
    return [[(head, "quiet")], *(row(each, best, least) for each in history[max(0, end - height + 1) : end])]


def by_symbol(state: State, width: int) -> list[Line]:
    """Validation loss by symbol after the last epoch, the highest first, as many as have room."""
    losses = state.history[-1].val_loss_by if state.history else {}
    if not losses:
        return []
    worst = sorted(losses, key=lambda name: -losses[name] if defined(losses[name]) else math.inf)
    line: Line = [(" val loss by symbol", "quiet")]
    for shown, name in enumerate(worst):
        piece: Line = [(f"  {name} ", "quiet"), *number(losses[name], 0)]
        rest = f"  and {len(worst) - shown} more "
        if width_of(line) + width_of(piece) + (len(rest) if shown + 1 < len(worst) else 1) > width:
            return [[*line, (rest, "quiet")]]
        line += piece
    return [line]


def row(epoch: Epoch, best_epoch: int | None, least: float | None) -> Line:
    """One row of the table; least: the validation loss of the best epoch."""
    best, value, rate = epoch.epoch == best_epoch, epoch.val_loss, epoch.learning_rate
    gap = f"{value - least:+.4f}" if defined(value) and defined(least) and not best else ""
    line: Line = [
        (f" {epoch.epoch:>6} ", "bright" if best else ""),
        *number(epoch.loss, 9), (" ", ""), *number(value, 9),
        (" ★ " if best else "   ", "good"), (f"{'best' if best else gap:>9} ", "good" if best else "quiet"),
        (f"{f'{rate:.1e}' if defined(rate) else 'n/a':>8} {span(epoch.seconds):>8} ", "quiet"),
        (f"{whole(epoch.sequences_per_s):>10}", "quiet"),
    ]  # fmt: skip
    return line


def number(value: Any, width: int) -> Line:
    """A loss; one that is no number says so aloud."""
    return [(f"{loss(value):>{width}}", "")] if defined(value) else [(f"{'NaN':>{width}}", "alarm")]


def machine(state: State, width: int) -> Line:
    """What the process uses, and on what it trains, as far as there is room."""
    memory = f"{state.memory_mb:,.0f} MB" if defined(state.memory_mb) else "n/a"
    pieces: list[Line] = [[("cpu ", "quiet"), (f"{whole(state.cpu)} %" if defined(state.cpu) else "n/a", "")]]
    pieces.append([("memory ", "quiet"), (memory, "")])
    if state.torn:
        pieces.append([(f"{state.torn} torn lines in the log", "warn")])
    facts = ("devices", "features", "parameters", "lookback", "train", "validation", "test")
    known = ((name, getattr(state.model, name)) for name in facts)
    pieces += [[(f"{name} ", "quiet"), (whole(value), "")] for name, value in known if defined(value)]
    line: Line = []
    for piece in pieces:
        gap = "   " if line else " "
        if width_of(line) + len(gap) + width_of(piece) > width:
            break
        line += [(gap, ""), *piece]
    return line


def log(watched: Watched, width: int, height: int) -> list[Line]:
    """The log's tail, oldest first."""
    lines: list[Line] = []
    for entry in watched.log[-height:] if height else ():
        role = LEVELS.get(entry.level, "") if isinstance(entry, LogNote) else ""
        text = fitted(lasting(entry).strip(), width - 12).rstrip()
        lines.append([(f" {entry.at[11:19]}  ", "quiet"), (text, role)])
    return lines


def sources(
    state: State, width: int, waited: float | None = None, *, ascii: bool = False,  # noqa: A002
) -> list[Line]:  # fmt: skip
    """What a run does before it has epochs, or instead of them; waited: for how many seconds already."""
    lines: list[Line] = [[(f" {waiting(state, waited)}", "quiet")], []]
    room = max(12, min(44, width - 54))
    for series, source in state.sources.items():
        ended, failed = source.ended, source.failed
        mark = ("✓", "good") if ended else ("✗", "bad") if failed else ended_as(state)
        left = f"{span(source.left_s)} left" if defined(source.left_s) and not ended else ""
        of = f"page {whole(source.page)}/{whole(source.pages)}" if defined(source.page) and not ended else ""
        lines.append([
            (" ", ""), mark, (f" {fitted(series, room)} ", ""), *bar(source.share, 12, ascii=ascii),
            (f" {whole(source.rows or 0):>9} rows  ", ""), (" ".join(filter(None, (of, left))), "quiet"),
        ])  # fmt: skip
        if failed:
            lines.append([(f"     {source.error or ''}", "bad")])
    return lines


def ended_as(state: State) -> tuple[str, str]:
    """The mark of what is at work, or has come to no end: a stop that was asked for is no fault."""
    if not state.ended:
        return "●", "live"
    return ("■", "warn") if state.status == "stopped" else ("✗", "bad")


def waiting(state: State, waited: float | None = None) -> str:
    """What is happening while there is no epoch to show; waited: for how many seconds already."""
    what = {
        "queued": f"queued: {whole(state.before)} ahead of it, one begins when another ends"
        if state.before
        else "queued: the engine process is about to start",
        "starting": "starting: the engine imports its libraries",
        "collecting": "collecting market data",
        "preparing": "computing features and windows",
        "training": "building and compiling the model; the first epoch follows"
        if run_status.compiling(state)
        else "no trial is over yet"
        if state.mode in SEARCHES
        else "training",
        "backtesting": "backtesting",
        "saving": "saving",
        "stopping": "stopping at the next safe point",
        "done": "done. Press 3 for the backtest" if state.mode in with_backtest() else "done",
    }
    first = "trial" if state.mode in SEARCHES else "epoch"
    text = what.get(state.status, f"{state.status} before the first {first}")
    return f"{text} ({span(waited)} so far)" if waited and waited >= 1 else text
