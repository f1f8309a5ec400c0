"""A chart on the screen as a file: asked for by its name, drawn by the engine, which says where it lies."""

from __future__ import annotations

from importlib.util import find_spec
from itertools import chain, count
from pathlib import Path
from typing import TYPE_CHECKING

from engine.plain_file import expanded
from engine.results.answers import WrittenCharts
from tui.background.questions import Question
from tui.screens.dialogs import Prompt

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from engine.runs.events import Event
    from tui.background.questions import Questions
    from tui.screens.base import BaseScreen

SVG, PNG = ".svg", ".png"
WITHOUT_PNG = "PNG takes the extra: pip install 'quantdeck[png]'; or end it in .svg"


def png_there() -> bool:
    """Whether what makes PNG is installed."""
    return find_spec("resvg_py") is not None


def wrong(text: str, more: Mapping[str, str] | None = None) -> str:
    """What is wrong with a file's name; `more`: other suffixes that will do, and what each is."""
    path, kinds = expanded(text), {SVG: "the chart"} | dict(more or {})
    if path.suffix == PNG:
        fault = "" if png_there() else WITHOUT_PNG
    else:
        named = ", ".join(f"{suffix} ({what})" for suffix, what in kinds.items())
        fault = "" if path.suffix in kinds else f"end it in {named} or {PNG}"
    return fault or ("that file exists already: choose another name" if path.exists() else "")


def free_name(stem: str, suffix: str) -> str:
    """A name that no file of this folder has."""
    names = (f"{stem}{more}{suffix}" for more in chain([""], (f"-{number}" for number in count(2))))
    return next(name for name in names if not Path(name).exists())


def ask_chart(
    screen: BaseScreen, questions: Questions, request: Event, stem: str,
    others: Mapping[str, tuple[str, Callable[[Path], object]]] | None = None,
) -> None:  # fmt: skip
    """Ask for a file and write the chart that `request` names.

    others: further suffixes, what each is, and what writes it.
    """
    others = others or {}
    kinds = {suffix: what for suffix, (what, _) in others.items()}

    def typed(text: object) -> None:
        if isinstance(text, str):
            path = expanded(text).absolute()
            if path.suffix in others:
                others[path.suffix][1](path)
            else:
                write(screen, questions, request, path)

    more = "".join(f", {suffix}: {what}" for suffix, what in kinds.items())
    png = ".png a picture" if png_there() else "PNG takes the extra quantdeck[png]"
    question = f"Export to: .svg is the chart, {png}{more}"
    screen.app.push_screen(Prompt(question, free_name(stem, SVG), lambda text: wrong(text, kinds)), typed)


def write(screen: BaseScreen, questions: Questions, request: Event, path: Path) -> None:
    """Have the engine write it, and say where."""

    def answered(written: WrittenCharts) -> None:
        for each in written.paths:
            screen.deck.wrote(Path(each))

    asked = {"do": "charts.write", "path": str(path), **request}
    questions.ask("export", Question(asked, WrittenCharts, answered, screen.deck.report_error))
