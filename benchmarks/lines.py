"""Every benchmark: who competes, at what work, what is wanted of it."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING

import numpy as np

from benchmarks import data, growth, learning, machine, memory, terminal
from benchmarks.contest import Arena, Line, line, same

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.contest import Entry
    from benchmarks.plan import Plan


def peak_memory(plan: Plan) -> list[Line]:
    """Training on a million bars of 24 features."""
    rows, batches = plan.size(1_000_000, 100_000), plan.size(400, 40)
    with Arena([("quantdeck", "memory", "quantdeck", (rows, batches, plan.devices))]) as arena:
        peak = np.array([arena.contest("train", 1, warm_up=0).peak_mb("quantdeck")])
    written = memory.materialised_mb(rows)
    return [
        line(
            f"peak memory, {rows:,} bars", peak, "MB", most=800, note=f"the windows alone: {written:,.0f} MB"
        ),
    ]


def simulation(plan: Plan) -> list[Line]:
    """Equity and trades from signals."""
    many, few = plan.size(1_000_000, 100_000), plan.size(36_000, 4_000)
    with Arena(
        [("quantdeck", "simulation", "quantdeck", (many,)), ("vectorbt", "simulation", "vectorbt", (many,))]
    ) as arena:
        large = arena.contest("simulate", plan.rounds)
    same(large.answer("quantdeck"), large.answer("vectorbt"), 1e-6, "equity and trades, vectorbt")
    entries: list[Entry] = [
        ("quantdeck", "simulation", "quantdeck", (few, "whole-units")),
        ("backtesting.py", "simulation", "backtesting", (few,)),
    ]
    with Arena(entries) as arena:
        small = arena.contest("simulate", plan.rounds)
    same(small.answer("quantdeck"), small.answer("backtesting.py"), 1e-6, "equity and trades, backtesting.py")
    with Arena(
        [("loop", "simulation", "loop_alone", (many,)), ("sheet", "simulation", "sheet", (few,))]
    ) as arena:
        loop, sheet = arena.contenders
        alone = np.array([loop.act("loop")["seconds"] for _ in range(plan.rounds + 1)][1:])
        sheets = np.array([sheet.act("tear_sheet")["seconds"] for _ in range(plan.rounds + 1)][1:])
    return [
        line(
            f"simulation against vectorbt, {many:,} bars",
            large.ratios("quantdeck", "vectorbt"),
            "×",
            least=15,
        ),
        line(
            f"simulation against backtesting.py, {few:,} bars",
            small.ratios("quantdeck", "backtesting.py"),
            "×",
            least=500,
        ),
        line("simulation, equity and trades", large.seconds("quantdeck") / many * 1e9, "ns/bar", most=10),
        line("the compiled loop by itself", alone / many * 1e9, "ns/bar"),
        line(f"metrics and tear sheet, {few:,} bars", sheets * 1e3, "ms", most=20),
    ]


def sweeps(plan: Plan) -> list[Line]:
    """Many variants over the same bars, one core against all of them."""
    bars, count = plan.size(200_000, 10_000), plan.size(100, 20)
    entries: list[Entry] = [
        ("all cores", "simulation", "variants", (bars, count, machine.cores())),
        ("one core", "simulation", "variants", (bars, count, 1)),
    ]
    with Arena(entries) as arena:
        swept = arena.contest("sweep", plan.rounds)
    same(swept.answer("all cores"), swept.answer("one core"), 0.0, "final values of a sweep")
    speed = swept.seconds("all cores") / (bars * count) * 1e9
    return [
        line(f"sweep of {count} variants, one core against all", swept.ratios("all cores", "one core"), "×"),
        line(
            f"sweep, {bars:,} bars, all cores",
            speed,
            "ns/bar",
            note=f"peak {swept.peak_mb('all cores'):,.0f} MB",
        ),
    ]


def queries(plan: Plan) -> list[Line]:
    """What somebody waits for at a result."""
    few, fewer = plan.size(36_000, 4_000), plan.size(10_000, 2_000)
    shuffles = plan.size(1_000, 100)
    entries: list[Entry] = [
        ("what-if", "queries", "what_if", (few,)),
        ("permutations", "queries", "permutations", (fewer, shuffles)),
    ]
    with Arena(entries) as arena:
        trying, shuffling = arena.contenders
        tries = np.array([trying.act("try")["seconds"] for _ in range(5 * plan.rounds + 3)][3:])
        tests = np.array([shuffling.act("shuffle")["seconds"] for _ in range(plan.rounds + 1)][1:])
    return [
        line(f"what-if, figures and curves, {few:,} bars", tries * 1e3, "ms", most=30),
        line(f"permutation test, {shuffles:,} shuffles of {fewer:,} bars", tests, "s", most=2.0),
    ]


def features(plan: Plan) -> list[Line]:
    """All features, and those that pandas has a line for."""
    rows = plan.size(1_000_000, 100_000)
    entries: list[Entry] = [
        ("quantdeck", "data", "some_features", (rows,)),
        ("pandas", "data", "some_in_pandas", (rows,)),
        ("all", "data", "every_feature", (rows,)),
    ]
    with Arena(entries) as arena:
        found = arena.contest("features", plan.rounds)
    same(found.answer("quantdeck"), found.answer("pandas"), 1e-6, "features")
    return [
        line(
            f"features, all {found.answer('all')} columns, {rows:,} rows", found.seconds("all"), "s", most=1.0
        ),
        line(
            f"features against pandas, {len(data.IN_PANDAS)} columns",
            found.ratios("quantdeck", "pandas"),
            "×",
        ),
    ]


def store(plan: Plan) -> list[Line]:
    """Reading a series back, checked, against pandas reading Parquet."""
    rows = plan.size(1_000_000, 100_000)
    entries: list[Entry] = [
        ("quantdeck", "data", "stored", (rows,)), ("pandas", "data", "parquet_in_pandas", (rows,)),
    ]  # fmt: skip
    with Arena(entries) as arena:
        found = arena.contest("read", plan.rounds)
    same(found.answer("quantdeck"), found.answer("pandas"), 0.0, "rows read")
    return [
        line(f"store read, {rows:,} rows", found.seconds("quantdeck") * 1e3, "ms", most=50),
        line("store read against pandas.read_parquet", found.ratios("quantdeck", "pandas"), "×"),
    ]


def file_import(plan: Plan) -> list[Line]:
    """A long CSV, and the real BTC file where it is, against pandas that neither checks nor stores them."""
    rows = plan.size(1_000_000, 100_000)
    entries: list[Entry] = [
        ("quantdeck", "data", "imported", (rows,)), ("pandas", "data", "csv_in_pandas", (rows,)),
    ]  # fmt: skip
    with Arena(entries) as arena:
        found = arena.contest("import", plan.rounds)
    what = f"import of {rows:,} rows"
    made = [
        line(what, found.seconds("quantdeck"), "s"),
        line(f"{what}, of pandas.read_csv's time", found.ratios("pandas", "quantdeck"), "×", most=2.5),
    ]
    if not data.REAL.exists():
        return made
    with Arena([("quantdeck", "data", "imported", ()), ("pandas", "data", "csv_in_pandas", ())]) as arena:
        found = arena.contest("import", plan.rounds)
    note = f"{found.answer('quantdeck'):,} of {found.answer('pandas'):,} lines stored"
    return [
        *made,
        line("import of the real BTC file", found.seconds("quantdeck"), "s", most=0.5, note=note),
        line("import against pandas.read_csv alone", found.ratios("quantdeck", "pandas"), "×"),
    ]


def start(plan: Plan) -> list[Line]:
    """What a user waits for after Return."""
    with Arena([("quantdeck", "start", "help_page", ()), ("python", "start", "bare_python", ())]) as arena:
        pages = arena.contest("help", plan.rounds)
    with Arena([("step", "start", "first_step", (plan.devices,))]) as arena:
        steps = arena.contest("first_step", plan.rounds).answers["step"]
    made = [
        line("quantdeck --help", pages.seconds("quantdeck"), "s", most=0.2, note="Python alone: "
             f"{np.median(pages.seconds('python')):.2f} s"),
        line("first training step of a run, cache warm", np.array([step["answer"] for step in steps]), "s",
             most=3.5),
    ]  # fmt: skip
    if importlib.util.find_spec("tui.app") is None:
        return made
    with Arena(
        [("quantdeck", "start", "screens", ("quantdeck",)), ("Textual", "start", "screens", ("bare",))]
    ) as arena:
        shown = arena.contest("screen", plan.rounds)
    for moment in ("first_byte", "settled"):
        ours, bare = (
            np.array([each["answer"][moment] for each in shown.answers[name]])
            for name in ("quantdeck", "Textual")
        )
        words = moment.replace("_", " ")
        made.append(
            line(f"app, {words}", ours * 1e3, "ms", note=f"bare Textual: {np.median(bare) * 1e3:.0f} ms")
        )
        most = 1.5 if moment == "settled" else None
        made.append(line(f"app against bare Textual, {words}", ours / bare, "×", most=most))
    return made


def growing(plan: Plan) -> list[Line]:
    """Exponents of time over bars."""
    sizes = growth.SIZES[:-1] if plan.quick else growth.SIZES
    made = []
    for what, (module, function, action) in growth.WORK.items():
        with Arena([(f"{size}", module, function, (size,)) for size in sizes]) as arena:
            found = arena.contest(action, plan.rounds)
        seconds = np.stack([found.seconds(str(size)) for size in sizes])  # (S, R)
        fitted = np.array([growth.exponent(np.array(sizes), each) for each in seconds.T])  # (R,)
        middle = np.median(seconds, axis=1)  # (S,)
        last = growth.exponent(np.array(sizes[-2:]), middle[-2:])
        note = f"{', '.join(f'{each * 1e3:.3g}' for each in middle)} ms; over the last decade {last:.2f}"
        made.append(line(f"growth of {what} over bars", fitted, "exponent", most=1.05, note=note))
    return made


ALL: dict[str, Callable[[Plan], list[Line]]] = {
    "training": learning.training,
    "kinds": learning.kinds,
    "prediction": learning.prediction,
    "memory": peak_memory,
    "simulation": simulation,
    "sweeps": sweeps,
    "queries": queries,
    "features": features,
    "store": store,
    "import": file_import,
    "start": start,
    "terminal": terminal.lines,
    "growth": growing,
}
