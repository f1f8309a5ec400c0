"""What quantdeck says of itself: help and version, for people and as one JSON document."""

import json
from importlib import metadata

import pytest
import typer

from tui.cli import main
from tui.grammar import app


def groups_and_commands(command, path=()):
    """The words of each command and each group of them."""
    yield path
    for name, each in getattr(command, "commands", {}).items():
        yield from groups_and_commands(each, (*path, name))


@pytest.mark.parametrize("wish", ["--help", "-h"])
@pytest.mark.parametrize("json_first", [True, False])
def test_help_of_everything_is_a_document_where_json_is_wanted(capsys, wish, json_first):
    for words in groups_and_commands(typer.main.get_command(app)):
        asked = [*words, "--json", wish] if json_first else [*words, wish, "--json"]
        assert main(asked) == 0
        document = json.loads(capsys.readouterr().out)
        assert main([*words, wish]) == 0
        said = capsys.readouterr().out
        assert document["help"].rstrip("\n") == said.rstrip("\n")
        assert said.startswith(f"Usage: {' '.join(['quantdeck', *words])}")


def test_the_version_is_a_document_where_json_is_wanted(capsys):
    for asked in (["--version", "--json"], ["--json", "--version"]):
        assert main(asked) == 0
        assert json.loads(capsys.readouterr().out) == {"version": metadata.version("quantdeck")}
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"quantdeck {metadata.version('quantdeck')}\n"
