"""`quantdeck whatif|compare|report|trades`: what the app's Backtest and Runs screens do, line by line."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from engine.errors import ChangeSettingsError
from engine.plain_file import expanded
from engine.results.answers import OpenedResult, TradeDetail, TradesPage, WrittenReport, WrittenTrades
from engine.results.codec import to_json
from engine.results.compared import ComparedRuns
from engine.results.number_format import whole
from engine.results.return_analysis import ReturnAnalysis
from engine.runs.audit_status import audit_status, caveats_of
from engine.runs.home import Home, home_path
from engine.runs.requests import EngineClient
from engine.runs.results import backtest_of
from tui.commands.answer import Answer
from tui.commands.which_run import to_report, with_result
from tui.number_format import setting
from tui.runs.comparison import different, intervals_of
from tui.runs.facts import facts_of, has_result
from tui.settings.what_if import RuleOverrides
from tui.text.backtest import backtest_document, spread_of_returns, what_if
from tui.text.comparison import side_by_side
from tui.text.trades import trade_facts, trades_table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.runs.folder import RunFolder

PAGE = 1000  # trades asked for at a time
ABOUT = ("run", "name", "mode", "of", "state", "created", "simulated")  # of each run that is compared
FIGURES = ("start", "end", "bars", "benchmark")


def only_rules(config: str | None, overrides: list[str] | None) -> list[str]:
    """What `-s` gives to a command that tries rules on a result. Raises ChangeSettingsError on a file."""
    if config:
        raise ChangeSettingsError(
            f"-c {config}",
            "is not read here",
            "Give the rules to try with -s, such as -s fee_bps=5",
        )
    return overrides or []


def moves_of(rules: list[str], settings: dict[str, Any]) -> RuleOverrides:
    """What `-s` moves of a run's own settings. Raises ChangeSettingsError."""
    moves = RuleOverrides(settings)
    for text in rules:
        moves = moves.typed(text)
    return moves


def overrides_of(rules: list[str], run: RunFolder, client: EngineClient) -> dict[str, Any]:
    """The moves as a question to the engine takes them."""
    if not rules:
        return {}
    return dict(moves_of(rules, recorded_of(run, client).settings).overrides)


def recorded_of(run: RunFolder, client: EngineClient) -> OpenedResult:
    """A result as it was recorded, with the rules that made it."""
    return client.ask({"do": "result.open", "run": str(run.path), "columns": 1}, OpenedResult)


def whatif(home: str | None, text: str, config: str | None, overrides: list[str] | None) -> Answer:
    """The result of a run under other rules, over the predictions that it has; counted as a look."""
    run = with_result(Home(home_path(home)), text)
    rules = only_rules(config, overrides)
    with EngineClient() as client:
        recorded = recorded_of(run, client)
        moves = moves_of(rules, recorded.settings)
        rules_tried = {"columns": 1, "overrides": dict(moves.overrides)}
        request = {"do": "result.whatif", "run": str(run.path), **rules_tried}
        result = client.ask(request, OpenedResult).result
    said = "  ".join(f"{key} {setting(old)} → {setting(new)}" for key, old, new in moves.listing)
    said = f"run {run.id}   what if: {said or 'nothing is moved, these are the rules of the run'}"
    document = backtest_document(run, replace(result, files={}))
    head = {"settings": dict(moves.overrides), "recorded": recorded.result.metrics}
    return Answer(document | head, what_if(run, result, recorded.result, said))


def returns(
    home: str | None, text: str, config: str | None, overrides: list[str] | None, *, window: int
) -> Answer:
    """How returns and trades of a result are spread, as it was or under the rules given."""
    run = with_result(Home(home_path(home)), text)
    rules = only_rules(config, overrides)
    with EngineClient() as client:
        moved = overrides_of(rules, run, client)
        found = analysed(run, client, moved, window)
    return Answer({"settings": moved, **to_json(found)}, spread_of_returns(found))


def analysed(
    run: RunFolder, client: EngineClient, overrides: dict[str, Any] | None = None, window: int = 0
) -> ReturnAnalysis:
    """How returns and trades of a result are spread."""
    request = {"do": "result.returns", "run": str(run.path), "overrides": overrides or {}, "window": window}
    return client.ask(request, ReturnAnalysis)


def compare(home: str | None, texts: list[str]) -> Answer:
    """Figures of runs side by side, and the settings in which they differ."""
    if len(texts) < 2:
        raise ChangeSettingsError(
            "compare", "needs two runs or more", "Give their ids, or beginnings of them"
        )
    place = Home(home_path(home))
    runs = [place.find(text) for text in texts]
    facts = [facts_of(run) for run in runs]
    results = [backtest_of(run) if has_result(run) else None for run in runs]
    differ = different([each.differ for each in facts])
    found = held_against([run for run, result in zip(runs, results, strict=True) if result])
    measured = {each.run: to_json(each) for each in found.runs} if found else {}
    document = [
        {key: value for key, value in each.document().items() if key in ABOUT}
        | {key: getattr(result, key, None) for key in FIGURES}
        | {"metrics": dict(each.metrics) or None, "audit": audit_status(each.run)}
        | {"caveats": caveats_of(each.run, result) if result else []}
        | {"intervals": {key: list(ends) for key, ends in intervals_of(result).items()} or None}
        | {key: measured.get(each.run.id, {}).get(key) for key in ("equity", "against_first")}
        for each, result in zip(facts, results, strict=True)
    ]
    return Answer({"runs": document, "settings": differ}, side_by_side(facts, results, differ, found))


def held_against(runs: list[RunFolder]) -> ComparedRuns | None:
    """How runs with a backtest differ from the first of them; None of fewer than two."""
    if len(runs) < 2:
        return None
    with EngineClient() as client:
        return client.ask({"do": "result.compare", "runs": [str(run.path) for run in runs]}, ComparedRuns)


def report(
    home: str | None, text: str, file: str, config: str | None, overrides: list[str] | None, *, force: bool
) -> Answer:
    """A result as one HTML file; of a backtest the tear sheet, as it was or under the rules given."""
    run = to_report(Home(home_path(home)), text)
    rules = only_rules(config, overrides)
    path = expanded(file or f"quantdeck-{run.id}.html").absolute()
    with EngineClient() as client:
        moved = overrides_of(rules, run, client)
        facts = {"path": str(path), "replace": force or not file, "overrides": moved}
        request = {"do": "result.report", "run": str(run.path), **facts}
        written = client.ask(request, WrittenReport)
    document = {"run": run.id, "settings": moved, **to_json(written)}
    return Answer(document, f"run {run.id}: report written to {written.path}")


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
    force: bool = False,
) -> Answer:
    """The trades of a result, filtered and sorted; printed, or written to a CSV file."""
    run = with_result(Home(home_path(home)), text)
    rules = only_rules(config, overrides)
    with EngineClient() as client:
        question = {"run": str(run.path), "overrides": overrides_of(rules, run, client), **view}
        if number:
            found = client.ask({"do": "result.trade", "number": number, **question}, TradeDetail)
            return Answer({"run": run.id} | to_json(found), trade_facts(found.trade))
        if csv:
            path = str(expanded(csv).absolute())
            written = client.ask(
                {"do": "result.export", "path": path, "replace": force, **question}, WrittenTrades
            )
            wrote = f"run {run.id}: {whole(written.rows)} trades written to {written.path}"
            return Answer({"run": run.id, **to_json(written)}, wrote)
        pages = list(paged(client, question, limit))
    listed = [dict(zip(page.columns, row, strict=True)) for page in pages for row in page.rows]
    facts = {"total": pages[0].total, "all": pages[0].all, "pnl": pages[0].pnl}
    return Answer({"run": run.id, **facts, "trades": listed}, trades_table(pages[0], listed))


def paged(client: EngineClient, question: dict[str, Any], limit: int) -> Iterator[TradesPage]:
    """Windows of trades, as many as are wanted; all of them for a limit of 0."""
    start = 0
    while True:
        count = min(PAGE, limit - start) if limit else PAGE
        request = {"do": "result.trades", "from": start, "count": count, **question}
        page = client.ask(request, TradesPage)
        yield page
        start += len(page.rows)
        if not page.rows or start >= page.total or (limit and start >= limit):
            return
