"""Whatever a key does, a sub-command does; help and palette name both."""

import importlib
import pkgutil
import shlex

import pytest
import typer
from textual.binding import Binding

import tui.screens
from tests.tui.results.conftest import quiet, text_of
from tui.app import Quantdeck
from tui.grammar import app
from tui.screens.base import BaseScreen
from tui.screens.help import actions, keys
from tui.sub_commands import SUB_COMMANDS, VIEW, name_of, same_as
from tui.widgets.virtual_table import VirtualTable


def rooms():
    """Every screen of the app, dialogs aside: those only answer what a screen asks."""
    found = []
    for module in pkgutil.iter_modules(tui.screens.__path__):
        here = importlib.import_module(f"tui.screens.{module.name}")
        found += [
            each for each in vars(here).values() if isinstance(each, type) and issubclass(each, BaseScreen)
        ]
    return sorted({each for each in found if each is not BaseScreen}, key=lambda each: each.__name__)


def bindings(owner):
    """Action and description of each binding that a class brings along itself."""
    for binding in owner.BINDINGS:
        assert isinstance(binding, Binding), binding
        yield binding.action, binding.description


def commands():
    """Every command that the table names, without its `quantdeck`."""
    named = {text for table in SUB_COMMANDS.values() for text in table.values() if text}
    return sorted({part for text in named for part in text.removeprefix("quantdeck ").split(", ")})


@pytest.mark.parametrize("screen", rooms(), ids=lambda screen: screen.__name__)
def test_every_key_of_a_screen_has_a_sub_command_or_only_changes_the_view(screen):
    for action, description in [*bindings(screen), *bindings(BaseScreen), *bindings(Quantdeck)]:
        assert same_as(screen.__name__, action) is not None, (action, description)
        assert description, action


def test_the_trades_keys_have_theirs():
    for action, _ in bindings(VirtualTable):
        assert same_as("BacktestScreen", action) is not None, action


def test_the_table_names_no_action_that_is_gone():
    own = {screen.__name__: {name_of(action) for action, _ in bindings(screen)} for screen in rooms()}
    own["BacktestScreen"] |= {name_of(action) for action, _ in bindings(VirtualTable)}
    later = {"export"}  # on Data, where a key may come
    for screen, table in SUB_COMMANDS.items():
        named = {action for action, text in table.items() if text != VIEW}
        assert named - own[screen] <= later, screen


@pytest.mark.parametrize("command", commands())
def test_each_command_that_is_named_is_one(command):
    """Words in capitals stand for what a user gives."""
    root = typer.main.get_command(app)
    words = shlex.split(command)
    while words and hasattr(root, "commands"):
        root = root.commands[words.pop(0)]
    options = {name for parameter in root.params for name in parameter.opts}
    for word in words:
        assert word in options or word.isupper() or "=" in word, (command, word)


@pytest.mark.parametrize("mode", ["data", "train", "backtest", "runs"])
async def test_help_and_palette_list_every_key(deck_on, home, mode):
    deck = deck_on(home, first=mode)
    async with deck.run_test(size=(200, 50)) as pilot:
        await quiet(pilot)
        listed = {what for _, what, _ in keys(deck.screen)}
        offered = {action for _, action, _ in actions(deck.screen)}
        for binding in type(deck.screen).BINDINGS:
            if deck.screen.check_action(name_of(binding.action), ()) is not True:
                continue  # what would do nothing now is not offered
            assert binding.description in listed
            assert binding.action in offered
        await pilot.press("question_mark")
        await quiet(pilot)
        shown = text_of(deck)
        for what in sorted(listed)[:5]:
            assert what in shown
