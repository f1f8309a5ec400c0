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
from tui.screens.base import BaseScreen, Dialog
from tui.screens.help import actions, keys
from tui.terminal.keys import VIEW
from tui.widgets.virtual_table import VirtualTable


def rooms():
    """Every screen of the app, dialogs aside: those only answer what a screen asks."""
    found = set()
    for module in pkgutil.walk_packages(tui.screens.__path__, "tui.screens."):
        here = importlib.import_module(module.name)
        found |= {
            each for each in vars(here).values() if isinstance(each, type) and issubclass(each, BaseScreen)
        }
    return sorted(found - {BaseScreen}, key=lambda each: each.__name__)


OWNERS = [*rooms(), BaseScreen, Quantdeck, VirtualTable]


def commands():
    """Every command that a key names, without its `quantdeck`."""
    named = {binding.tooltip for owner in OWNERS for binding in owner.BINDINGS if binding.tooltip != VIEW}
    return sorted({part for text in named for part in text.removeprefix("quantdeck ").split(", ")})


def test_the_screens_are_found():
    assert {entry.place.partition(":")[2] for entry in tui.screens.SCREENS.values()} < {
        each.__name__ for each in rooms()
    }
    assert not any(issubclass(each, Dialog) for each in rooms())


@pytest.mark.parametrize("owner", OWNERS, ids=lambda owner: owner.__name__)
def test_every_key_names_a_sub_command_or_only_changes_the_view(owner):
    assert owner.BINDINGS
    for binding in owner.BINDINGS:
        assert isinstance(binding, Binding), binding
        assert binding.description, binding
        assert binding.tooltip == VIEW or binding.tooltip.startswith("quantdeck "), binding
        assert hasattr(owner, f"action_{binding.action.partition('(')[0]}") or "." in binding.action


@pytest.mark.parametrize("command", commands())
def test_each_command_that_is_named_is_one(command):
    """Words in capitals stand for what a user gives."""
    root = typer.main.get_command(app)
    words = shlex.split(command)
    while words and hasattr(root, "commands") and not words[0].startswith("--"):
        root = root.commands[words.pop(0)]
    options = {name for parameter in root.params for name in parameter.opts} | {"--help"}
    for word in words:
        assert word in options or word.isupper() or "=" in word, (command, word)


@pytest.mark.parametrize("mode", ["data", "train", "backtest", "runs"])
async def test_help_and_palette_list_every_key(deck_on, home, mode):
    deck = deck_on(home, first=mode)
    async with deck.run_test(size=(200, 50)) as pilot:
        await quiet(pilot)
        listed = {each.what for each in keys(deck.screen)}
        offered = {action for _, action, _ in actions(deck.screen)}
        for binding in type(deck.screen).BINDINGS:
            if deck.screen.check_action(binding.action.partition("(")[0].rpartition(".")[2], ()) is not True:
                continue  # what would do nothing now is not offered
            assert binding.description in listed
            assert binding.action in offered
        await pilot.press("question_mark")
        await quiet(pilot)
        shown = text_of(deck)
        for what in sorted(listed)[:5]:
            assert what in shown
