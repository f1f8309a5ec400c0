"""`quantdeck charts`: the charts of a run as files."""

from __future__ import annotations

from engine.plain_file import expanded
from engine.results.answers import WrittenCharts
from engine.results.codec import to_json
from engine.runs.home import Home, home_path
from engine.runs.requests import EngineClient
from tui.commands.answer import Answer
from tui.commands.results import only_rules, overrides_of
from tui.commands.which_run import to_report


def charts(
    home: str | None, text: str, out: str, config: str | None, overrides: list[str] | None,
    *, png: bool, force: bool, symbol: str = "",
) -> Answer:  # fmt: skip
    """Write every chart of a run, as it was or under the rules given, to a folder.

    symbol: of several, the one whose prices are drawn; without it the first one's.
    """
    run = to_report(Home(home_path(home)), text)
    rules = only_rules(config, overrides)
    folder = expanded(out).absolute()
    with EngineClient() as client:
        moved = overrides_of(rules, run, client)
        facts = {"folder": str(folder), "png": png, "replace": force, "overrides": moved, "symbol": symbol}
        written = client.ask({"do": "charts.write", "run": str(run.path), **facts}, WrittenCharts)
    lines = [f"run {run.id}: {len(written.paths)} charts written", *(f"  {path}" for path in written.paths)]
    return Answer({"run": run.id, "settings": moved, **to_json(written)}, "\n".join(lines))
