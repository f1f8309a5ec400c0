"""Pages say what the code says. `python -m tests.test_docs` writes the parts that are made from the code."""

import ast
import importlib
import re
import tomllib
from pathlib import Path

import pytest
import typer

from engine.data.kinds import KINDS
from engine.features import table as features_table
from engine.results.metrics import METRICS
from engine.runs.modes import MODES
from engine.settings import Settings, allowed_values, defaults, field_of
from tests.importing.layouts import LAYOUTS
from tests.importing.refusals import REFUSED
from tui.grammar import app

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PACKAGES = ("engine", "tui", "tests", "docs", "examples", "benchmarks", "soak")
PAGES = sorted(path for path in [*DOCS.glob("*.md"), *ROOT.glob("*.md"), ROOT / "artifacts" / "README.md"])
CURRENT = [page for page in PAGES if page.name != "CHANGELOG.md"]  # that one names what was, too

SETTINGS_HEAD = """# Settings

One TOML file, `quantdeck.toml`, a table for each group; `quantdeck init` writes one with comments. Any
setting can be given on the command line as well: `-s group.key=value`, as often as needed. All faults are
told at once, each with its key, its value and what is allowed.
"""


def table(head, rows):
    """A Markdown table."""
    lines = [f"| {' | '.join(map(str, cells))} |" for cells in (head, *rows)]
    return "\n".join([lines[0], f"|{'---|' * len(head)}", *lines[1:], ""])


def settings_page():
    """A table for each group of settings."""
    parts = [SETTINGS_HEAD]
    for group, values in Settings():
        keys = [(f"{group}.{name}", value) for name, value in values]
        rows = [
            (f"`{key}`", shown(value), allowed_values(key), field_of(key).description) for key, value in keys
        ]
        parts += [
            f"## {group}",
            "",
            values.__doc__,
            "",
            table(("key", "default", "allowed", "what it is"), rows),
        ]
    return "\n".join(parts)


def shown(value):
    """A default as somebody would write it."""
    if isinstance(value, tuple):
        value = ", ".join(map(str, value))
    return f"`{str(value).lower() if isinstance(value, bool) else value}`" if value != "" else "(empty)"


def metrics_table():
    """Every metric with its formula."""
    rows = [
        (f"`{each.key}`", each.label, each.unit, each.formula.replace("|", "\\|"))
        for each in METRICS.values()
    ]
    return table(("name", "label", "unit", "formula"), rows)


def modes_table():
    """Every kind of run: its stages in the order in which they first begin, its result, where it begins."""
    rows = [
        (f"`{each.name}`", " → ".join(each.stages), f"`{each.result.partition(':')[2]}`", f"`{each.entry}`")
        for each in MODES.values()
    ]
    return table(("mode", "stages", "result", "entry"), rows)


def kinds_table():
    """Every kind of series."""
    rows = [
        (
            f"`{kind.name}`", kind.doc, ", ".join(kind.columns), kind.period or "as the candles",
            f"{60 * kind.delay_h:g} min" if kind.joins else "",
            f"{kind.staleness_h:g} h" if kind.joins else "",
        )
        for kind in KINDS.values()
    ]  # fmt: skip
    return table(("kind", "what it holds", "columns", "period", "delay", "stale after"), rows)


def layouts_table():
    """Every layout of a file that a test reads or sees refused."""
    read = [
        (
            each.name,
            each.looks,
            f"read as {each.read_as}" + (f", with {options(each.hints)}" if each.hints else ""),
        )
        for each in LAYOUTS
    ]
    refused = [
        (
            "refused",
            each.looks,
            f"“{each.reason}”" + (f"; read with {options(each.hints)}" if each.hints else ""),
        )
        for each in REFUSED
    ]
    rows = [[cell.replace("|", "\\|") for cell in row] for row in (*read, *refused)]
    return table(("layout", "what it looks like", "what becomes of it"), rows)


def options(hints):
    """Hints as they are written on the command line."""
    return " ".join(
        f"`--{name.replace('_', '-')}`" if value is True else f"`--{name} {value}`"
        for name, value in hints.items()
    )


MADE = {  # page and part: what writes it
    ("definitions.md", "metrics"): metrics_table,
    ("architecture.md", "modes"): modes_table,
    ("data.md", "kinds"): kinds_table,
    ("data.md", "layouts"): layouts_table,
    ("features.md", "catalogue"): features_table,
}


PICTURES = {  # what the README shows is what the tests of the screens hold
    "train.svg": "app/__snapshots__/test_snapshots/test_the_picture_of_the_readme.raw",
    "backtest.svg": "results/__snapshots__/test_snapshots/test_the_picture_of_the_docs.raw",
}


def part_of(page, part):
    """The text between a page's two comments."""
    found = re.search(
        rf"<!-- {part} -->\n\n?(.*?)\n?<!-- end of {part} -->", (DOCS / page).read_text(), re.DOTALL
    )
    return found[1]


def write():
    """Write what is made from the code."""
    (DOCS / "settings.md").write_text(settings_page())
    for (page, part), make in MADE.items():
        path = DOCS / page
        begin, end = f"<!-- {part} -->\n", f"<!-- end of {part} -->"
        before, _, rest = path.read_text().partition(begin)
        path.write_text(f"{before}{begin}\n{make().rstrip()}\n\n{end}{rest.partition(end)[2]}")
    for picture, snapshot in PICTURES.items():
        (DOCS / picture).write_bytes((ROOT / "tests" / "tui" / snapshot).read_bytes())


def test_the_settings_page_is_the_settings():
    assert (DOCS / "settings.md").read_text() == settings_page()


@pytest.mark.parametrize(("page", "part"), MADE)
def test_what_is_made_from_the_code_is_what_the_code_says(page, part):
    assert part_of(page, part).strip() == MADE[page, part]().strip()


@pytest.mark.parametrize("picture", PICTURES)
def test_pictures_show_the_app_as_it_is(picture):
    assert (DOCS / picture).read_bytes() == (ROOT / "tests" / "tui" / PICTURES[picture]).read_bytes()


def layers():
    """The rooms of a package, from top to ground, as the import contracts have them."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (found,) = [each["layers"] for each in contracts if each.get("containers") == ["engine"]]
    return [sorted(layer.split(" | ")) for layer in found]


def test_the_rooms_are_those_of_the_contracts_in_their_order():
    cells = [line.split("|")[1] for line in part_of("architecture.md", "rooms").splitlines()[2:]]
    assert [sorted(re.findall(r"`(\w+)`", cell)) for cell in cells] == layers()


def test_lines_that_the_house_is_said_to_have_are_there():
    """To 10 %; a room is told by itself or among the smaller ones of its package."""
    cells = [line.split("|")[1:3] for line in part_of("architecture.md", "lines").splitlines()[2:]]
    said = {room.strip(): int(lines.replace(",", "")) for room, lines in cells}
    real = dict.fromkeys(said, 0)
    for package in ("engine", "tui"):
        for path in (ROOT / package).rglob("*.py"):
            room = f"`{package}/{path.relative_to(ROOT).parts[1]}`"
            room = room if room in said else f"`{package}`, smaller rooms"
            real[room] += len(path.read_text().splitlines())
    assert {room: lines for room, lines in said.items() if abs(lines / real[room] - 1) > 0.1} == {}


def anchors(page):
    """What can be linked to in a page: its headings as GitHub writes them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        if target.startswith("https://"):
            continue
        name, _, anchor = target.partition("#")
        path = page.parent / name if name else page
        assert path.exists(), target
        assert not anchor or anchor in anchors(path), target


@pytest.mark.parametrize("page", CURRENT, ids=lambda page: page.name)
def test_files_and_modules_that_pages_name_are_there(page):
    text = page.read_text()
    for name in re.findall(r"(?<![\w/.-])((?:\w+/)+[\w.-]*\w)", text):
        assert name.split("/")[0] not in PACKAGES or (ROOT / name).exists(), name
    for name in re.findall(r"python -m ([\w.]+)", text):
        path = ROOT / name.replace(".", "/")
        known = path.with_suffix(".py").exists() or (path / "__main__.py").exists()
        assert known or name.split(".")[0] not in PACKAGES, name


def names_in(path):
    """What a Python file defines: functions, classes, variables, fields."""
    for node in ast.walk(ast.parse(path.read_text())):
        match node:
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name) | ast.arg(arg=name):
                yield name
            case ast.Name(id=name, ctx=ast.Store()):
                yield name


@pytest.mark.parametrize("page", ["docs/architecture.md", "CONTRIBUTING.md"])
def test_files_that_a_page_names_without_their_folder_and_names_in_modules_are_there(page):
    files = [
        path for name in PACKAGES for path in (ROOT / name).rglob("*") if path.suffix in (".py", ".tcss")
    ]
    for word in re.findall(r"`([^`\n]+)`", (ROOT / page).read_text()):
        if re.fullmatch(r"(\w+/)*\w+\.(py|tcss)", word):
            assert [path for path in files if f"/{path}".endswith(f"/{word}")], word
        elif named := re.fullmatch(r"(\w+)\.(\w+)(\(.*\))?", word):
            modules = [path for path in files if path.stem == named[1] and path.suffix == ".py"]
            known = {name for path in modules for name in names_in(path)}
            assert not modules or named[2] in known | {"toml", "json", "jsonl", "log"}, word


def commands(group=None, before=()):
    """Every command of the command line, as a tuple of words."""
    group = group or typer.main.get_command(app)
    found = {before}
    for name, command in group.commands.items():
        inner = hasattr(command, "commands")
        found |= commands(command, (*before, name)) if inner else {(*before, name)}
    return found


@pytest.mark.parametrize("page", CURRENT, ids=lambda page: page.name)
def test_commands_that_pages_name_are_there(page):
    known = commands()
    groups = {words[0] for words in known if len(words) > 1}
    for line in re.findall(r"quantdeck((?: +[a-z]+)+)(?![\w.=/-])", page.read_text()):
        words = tuple(line.split())
        if words[0] in {words[0] for words in known if words}:
            assert words[: 2 if words[0] in groups else 1] in known, line


@pytest.mark.parametrize("page", CURRENT, ids=lambda page: page.name)
def test_settings_that_pages_name_are_there(page):
    keys = set(defaults())
    groups = {key.partition(".")[0] for key in keys}
    for group, name in re.findall(r"(?:`|-s '?)(\w+)\.(\w+)(?:`|=| =)", page.read_text()):
        if group in groups and name not in {"md", "py", "keras", "npz", "parquet", "csv"}:
            assert f"{group}.{name}" in keys


@pytest.mark.parametrize("page", CURRENT, ids=lambda page: page.name)
def test_python_that_pages_show_imports_what_there_is(page):
    for block in re.findall(r"^```python\n(.*?)^```", page.read_text(), re.DOTALL | re.MULTILINE):
        for node in ast.walk(ast.parse(block)):
            if isinstance(node, ast.ImportFrom):
                module = importlib.import_module(node.module)
                assert [name.name for name in node.names if not hasattr(module, name.name)] == []


if __name__ == "__main__":
    write()
