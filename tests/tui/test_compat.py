"""What tui.compat takes of Textual and plotext is there and does what it is taken for."""

import inspect
from functools import partial

import pytest
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual import app, message_pump, worker
from textual.app import App
from textual.command import CommandPalette
from textual.screen import Screen
from textual.strip import Strip
from textual.widgets import Static

from tui.compat import QUESTION, ContainedApp, SafePalette, cells_of, coloured, forget_height
from tui.frames import Look

OVERRIDDEN = [
    (App, "_handle_exception", ["self", "error"]),
    (App, "_fatal_error", ["self"]),
    (CommandPalette, "_action_command_list", ["self", "action"]),
]


@pytest.mark.parametrize(("base", "name", "parameters"), OVERRIDDEN)
def test_methods_that_are_overridden_take_what_they_took(base, name, parameters):
    assert list(inspect.signature(getattr(base, name)).parameters) == parameters


@pytest.mark.parametrize("name", ["_handle_exception", "_fatal_error"])
def test_textual_still_calls_what_is_overridden(name):
    assert any(f".{name}(" in inspect.getsource(module) for module in (app, message_pump, worker))


async def test_an_error_ends_the_app_silently_and_is_kept(capfd):
    deck = ContainedApp()

    async def met():
        async with deck.run_test() as pilot:
            deck.meet(ZeroDivisionError("secret"))
            await pilot.pause()

    with pytest.raises(ZeroDivisionError):
        await met()
    assert isinstance(deck.fault, ZeroDivisionError)
    assert "secret" not in "".join(capfd.readouterr())


async def test_an_app_that_was_asked_to_end_meets_no_error():
    deck = ContainedApp()
    async with deck.run_test():
        assert not deck.leaving
        deck.exit()
        assert deck.leaving
        deck.meet(ZeroDivisionError())
    assert deck.fault is None


async def test_the_first_theme_styles_as_setting_it_would():
    class Begun(ContainedApp):
        def __init__(self):
            super().__init__()
            self.begin_with("textual-light")

    class Set(ContainedApp):
        def on_mount(self):
            self.theme = "textual-light"

    seen = []
    for kind in (Begun, Set):
        deck = kind()
        async with deck.run_test() as pilot:
            await pilot.pause()
            names = sorted(name for name in deck.classes if name.startswith("-"))
            seen.append((deck.theme, names, deck.get_css_variables(), deck.screen.styles.background))
    assert seen[0] == seen[1]


async def test_a_screen_styled_when_mounted_reads_no_style_sheet_again():
    class Reads(ContainedApp):
        CSS = "Static { width: 7; }"
        reads = 0

        def refresh_css(self, *, animate=True):
            self.reads += 1
            super().refresh_css(animate=animate)

    class One(Screen):
        def compose(self):
            yield Static("x")

    def made(deck, *, styled):
        screen = One()
        if styled:
            deck.styled_when_mounted(screen)
        return screen

    reads = []
    for styled in (False, True):
        deck = Reads()
        deck.add_mode("one", partial(made, deck, styled=styled))
        async with deck.run_test() as pilot:
            deck.reads = 0
            await deck.switch_mode("one")
            await pilot.pause()
            assert deck.screen.query_one(Static).size.width == 7
            reads.append(deck.reads)
    assert reads == [2, 0]


async def test_a_height_is_worked_out_anew():
    widget = Static("one")
    deck = ContainedApp()
    async with deck.run_test() as pilot:
        await deck.mount(widget)
        await pilot.pause()
        assert len(widget._box_model_cache)
        forget_height(widget)
        assert not len(widget._box_model_cache)


async def test_a_palette_without_a_list_takes_keys():
    deck = ContainedApp()
    async with deck.run_test() as pilot:
        palette = SafePalette()
        await deck.push_screen(palette)
        await pilot.pause()
        for child in list(palette.children):
            await child.remove()
        palette._action_command_list("cursor_down")


def test_plotext_marks_its_colours_as_expected():
    import plotext

    plotext.clear_figure()
    plotext.theme("clear")
    plotext.plotsize(40, 12)
    colours = ("blue", "red", "green", "magenta", "cyan")
    for height, colour in enumerate(colours):
        plotext.plot([0, 1], [height, height], color=colour, marker="x")
    rows = [piece for row in plotext.build().split("\n") for piece in coloured(row)]
    assert {colour for text, colour in rows if "x" in text} == set(colours)
    assert all("\x1b" not in text for text, _ in rows)


def test_the_compositor_draws_what_the_terminal_is_sent_from():
    assert list(inspect.signature(App._display).parameters) == ["self", "screen", "renderable"]
    assert "app._display(self, update)" in inspect.getsource(Screen)
    strip = Strip([Segment("漢a", Style(color="red", bold=True)), Segment(" ", Style(bgcolor="blue"))])
    bold, blue = Look("1", "31", ""), Look("", "", "44")
    standard = Console(color_system="standard", force_terminal=True)._color_system
    assert cells_of(strip, standard) == [("漢", bold), ("", bold), ("a", bold), (" ", blue)]
    assert [look for _, look in cells_of(strip, None)] == [Look("1")] * 3 + [Look()]


@pytest.mark.parametrize("answers", [True, False])
async def test_pictures_wait_for_the_terminal_and_only_the_last_is_sent(answers):
    deck = ContainedApp()
    async with deck.run_test() as pilot:
        shown = Static("one")
        await deck.mount(shown)
        sent = []
        deck._driver.write = sent.append
        deck._due = True
        deck._send()
        assert sent.count(QUESTION) == 1
        for text in ("two", "three"):
            shown.update(text)
            await pilot.pause()
            deck._due = True
        assert sent.count(QUESTION) == 1
        deck.answered() if answers else deck._taken()
        assert sent.count(QUESTION) == 2
        deck.answered()
        assert sent.count(QUESTION) == 2
        assert "two" not in "".join(sent)
        deck.repaint()
        deck._due = True
        deck._send()
        assert sent.count(QUESTION) == 3
