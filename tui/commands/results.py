"""`quantdeck whatif|compare|report|trades`: what the app's Backtest and Runs screens do, line by line."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.errors import ChangeSettingsError
from engine.runs.audit_status import seal_of
from engine.runs.folder import Home, home_path
from engine.runs.modes import with_backtest
from engine.runs.requests import EngineClient
from tui.commands.answer import Answer
from tui.commands.outcome import result_document, result_of
from tui.commands.runs import about
from tui.commands.summary import METRICS as EVERY
from tui.comparison import METRICS, different, gap, scaled
from tui.number_format import UNDEFINED, amount, percent, signed_percent, table, whole
from tui.what_if import Moves

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.runs.folder import RunFolder

LISTED = 50  # trades that are printed unless told otherwise
PAGE = 1000  # trades asked for at a time
SHOWN = (
    "trade", "side", "entry_time", "exit_time", "bars", "return", "pnl", "entry_price", "exit_price",
    "exit_reason",
)  # fmt: skip
PERCENT = ("return", "mae", "mfe", "prediction")


def with_result(path: str | None, text: str) -> RunFolder:
    """The run with a backtest that is meant; `last` is the last that has its result."""
    home = Home(home_path(path))
    if text == "last":
        done = [run for run in home.all() if run.mode in with_backtest() and run.result_path.exists()]
        return done[-1] if done else home.find("last", with_backtest())
    return home.find(text, with_backtest())


def only_rules(config: str | None, overrides: list[str] | None) -> list[str]:
    """What `-s` gives to a command that tries rules on a result. Raises ChangeSettingsError on a file."""
    if config:
        raise ChangeSettingsError(
            f"-c {config}",
            "is not read here",
            "Give the rules to try with -s, such as -s fee_bps=5",
        )
    return overrides or []


def moves_of(rules: list[str], settings: dict[str, Any]) -> Moves:
    """What `-s` moves of a run's own settings. Raises ChangeSettingsError."""
    moves = Moves(settings)
    for text in rules:
        moves = moves.typed(text)
    return moves


def overrides_of(rules: list[str], run: RunFolder, client: EngineClient) -> dict[str, Any]:
    """The moves as a question to the engine takes them."""
    if not rules:
        return {}
    settings = client.ask({"do": "result.open", "run": str(run.path), "columns": 1})["settings"]
    return dict(moves_of(rules, settings).overrides)


def whatif(home: str | None, text: str, config: str | None, overrides: list[str] | None) -> Answer:
    """The result of a run under other rules, over the predictions that it has; counted as a look."""
    run = with_result(home, text)
    rules = only_rules(config, overrides)
    with EngineClient() as client:
        opened = client.ask({"do": "result.open", "run": str(run.path), "columns": 1})
        moves = moves_of(rules, opened["settings"])
        tried = client.ask(
            {"do": "result.whatif", "run": str(run.path), "columns": 1, "overrides": dict(moves.overrides)}
        )
    recorded, told = opened["result"], tried["result"]
    document = result_document(run, {**told, "trades": "", "equity": "", "predictions": ""})
    head = {"run": run.id, "settings": dict(moves.overrides), "recorded": recorded.get("metrics") or {}}
    return Answer(head | document, tried_text(run, moves, recorded, told))


def tried_text(run: RunFolder, moves: Moves, recorded: dict[str, Any], told: dict[str, Any]) -> str:
    """What the rules came to, beside the run as it was recorded."""
    lines = ["SIMULATED market: these figures say nothing about a real one"] if told.get("simulated") else []
    said = "  ".join(f"{key} {old} → {new}" for key, old, new in moves.listing)
    lines.append(f"run {run.id}   what if: {said or 'nothing is moved, these are the rules of the run'}")
    columns = [source.get("metrics") or {} for source in (recorded, told)]
    columns.append(told.get("benchmark") or {})
    rows = [
        [label, *(write(figures.get(key)) for figures in columns), unit]
        for key, label, write, unit in EVERY
        if any(key in figures for figures in columns)
    ]
    ledger = told.get("ledger") or {}
    rows.append(["deflated Sharpe", "", percent(ledger.get("deflated_sharpe")), "", "%"])
    lines.append(table(("", "recorded", "what if", "buy & hold", ""), rows, right=(1, 2, 3)))
    counted = (told.get("sentences") or {}).get("ledger")
    lines += [counted] if counted else []
    return "\n".join([*lines, *(f"note: {note}" for note in told.get("notes") or [])])


def compare(home: str | None, texts: list[str]) -> Answer:
    """Figures of runs side by side, and the settings in which they differ."""
    if len(texts) < 2:
        raise ChangeSettingsError(
            "compare", "needs two runs or more", "Give their ids, or beginnings of them"
        )
    place = Home(home_path(home))
    runs = [place.find(text) for text in texts]
    facts = [about(run) for run in runs]
    results = [result_of(run) if run.result_path.exists() else {} for run in runs]
    differ = different([each["settings_differ"] for each in facts])
    document = {
        "runs": [
            {
                **{key: each[key] for key in ("run", "name", "mode", "of", "state", "created", "simulated")},
                **{key: result.get(key) for key in ("start", "end", "bars", "metrics", "benchmark")},
                "audit": seal_of(run),
            }
            for run, each, result in zip(runs, facts, results, strict=True)
        ],
        "settings": differ,
    }
    return Answer(document, compared_text(document))


def compared_text(document: dict[str, Any]) -> str:
    """The table; with two runs their difference as well."""
    runs = document["runs"]
    two = len(runs) == 2
    rows = [[key, *(str(each[key] or "") for each in runs)] for key in ("name", "mode", "state")]
    rows += [
        ["market", *("SIMULATED" if each["simulated"] else "real" for each in runs)],
        *([label, *(str(each[key] or UNDEFINED)[:10] for each in runs)] for key, label in SPAN),
        ["bars", *(whole(each["bars"]) for each in runs)],
        ["leak audit", *(each["audit"] for each in runs)],
    ]
    rows = [[*row, *([""] * two)] for row in rows]
    for key, label, write, by in METRICS:
        values = [scaled((each["metrics"] or {}).get(key), by) for each in runs]
        rows.append([label, *map(write, values), *([gap(values[0], values[1], write)] if two else [])])
    header = ("", *(each["run"] for each in runs), *(["second - first"] if two else []))
    lines = [table(header, rows, right=range(1, len(header))), "", "settings that differ"]
    settings = [[key, *map(str, values)] for key, values in document["settings"].items()]
    told = table(("", *(each["run"] for each in runs)), settings) if settings else "none: all have the same"
    return "\n".join([*lines, told])


SPAN = (("start", "from"), ("end", "to"))


def report(home: str | None, text: str, file: str, config: str | None, overrides: list[str] | None) -> Answer:
    """The tear sheet as one HTML file, of the run as it was or under the rules given."""
    run = with_result(home, text)
    rules = only_rules(config, overrides)
    path = Path(file or f"quantdeck-{run.id}.html").expanduser().absolute()
    with EngineClient() as client:
        moved = overrides_of(rules, run, client)
        request = {"do": "result.report", "run": str(run.path), "path": str(path), "overrides": moved}
        answer = client.ask(request)
    document = {"run": run.id, "settings": moved, **answer}
    return Answer(document, f"run {run.id}: report written to {answer['path']}")


def trades(
    home: str | None,
    text: str,
    config: str | None,
    overrides: list[str] | None,
    *,
    view: dict[str, Any],
    limit: int = 50,
    number: int = 0,
    csv: str = "",
) -> Answer:
    """The trades of a result, filtered and sorted; printed, or written to a CSV file."""
    run = with_result(home, text)
    rules = only_rules(config, overrides)
    with EngineClient() as client:
        question = {
            "run": str(run.path), "overrides": overrides_of(rules, run, client), **view
        }  # fmt: skip
        if number:
            told = client.ask({"do": "result.trade", "number": number, **question})
            return one_trade(run, told)
        if csv:
            path = str(Path(csv).expanduser().absolute())
            answer = client.ask({"do": "result.export", "path": path, **question})
            wrote = f"run {run.id}: {whole(answer['rows'])} trades written to {answer['path']}"
            return Answer({"run": run.id, **answer}, wrote)
        pages = list(paged(client, question, limit))
    first, rows = pages[0], [row for page in pages for row in page["rows"]]
    listed = [dict(zip(first["columns"], row, strict=True)) for row in rows]
    facts = {key: first[key] for key in ("total", "all", "pnl")}
    return Answer({"run": run.id, **facts, "trades": listed}, trades_text(listed, facts))


def paged(client: EngineClient, question: dict[str, Any], limit: int) -> Iterator[dict[str, Any]]:
    """Windows of trades, as many as are wanted; all of them for a limit of 0."""
    start = 0
    while True:
        count = min(PAGE, limit - start) if limit else PAGE
        page = client.ask({"do": "result.trades", "from": start, "count": count, **question})
        yield page
        start += len(page["rows"])
        if not page["rows"] or start >= page["total"] or (limit and start >= limit):
            return


def trades_text(listed: list[dict[str, Any]], facts: dict[str, Any]) -> str:
    """A table of the trades, and how many there are."""
    rows = [[written(name, trade[name]) for name in SHOWN] for trade in listed]
    header = [f"{name.replace('_', ' ')}{' %' if name in PERCENT else ''}" for name in SHOWN]
    kept = f"{whole(facts['total'])} of {whole(facts['all'])} trades, Σ pnl {amount(facts['pnl'])}"
    rest = f"; {whole(len(listed))} shown, --limit 0 shows all" if len(listed) < facts["total"] else ""
    return "\n".join([table(header, rows, right=(0, 4, 5, 6, 7, 8)), f"{kept}{rest}"])


def written(name: str, value: Any) -> str:
    """A cell of a trade."""
    if name in PERCENT:
        return percent(value)
    if isinstance(value, float):
        return amount(value) if name in {"pnl", "equity_after"} else f"{value:,.7g}"
    return str(value)


def one_trade(run: RunFolder, told: dict[str, Any]) -> Answer:
    """All facts of one trade, and the candles around it in the document."""
    trade = told["trade"]
    rows = [
        [name.replace("_", " "), signed_percent(value) if name in PERCENT else written(name, value)]
        for name, value in trade.items()
    ]
    return Answer({"run": run.id, **told}, table(("trade", str(trade["trade"])), rows[1:]))
