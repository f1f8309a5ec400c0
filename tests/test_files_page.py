"""docs/files.md names every file that the code can write, and no other."""

import ast
import fnmatch
import re
from dataclasses import fields
from pathlib import Path

from engine.results.backtest import BacktestResult

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "files.md").read_text()
ENDINGS = "py|json|jsonl|toml|parquet|csv|npz|keras|joblib|log|txt|html|h5|pages|pickle|db|sqlite"
FILE_NAME = re.compile(rf"[\w*][\w*.-]*\.({ENDINGS})|\.[a-z]+-[\w*.-]*")
# Members of Keras's archive, which is itself one file; modules; what an example calls the user's own.
NO_FILES = {
    "*.py",
    "__init__.py",
    "SPACE.toml",
    "config.json",
    "metadata.json",
    "model.weights.h5",
    "pyarrow.parquet",
}
BARE = re.compile(r"[a-z]+")  # the name of a folder, or of a file without an ending


def named_on_the_page():
    """The names in the first cells of the page's tables of files."""
    cells = re.findall(r"^\| (`[^|]*`) \|", PAGE.partition("### result.json")[0], re.MULTILINE)
    cells += re.findall(r"^\| (`[^|]*`) \|", PAGE.partition("## A series")[2], re.MULTILINE)
    return {part for cell in cells for name in re.findall(r"`([^`]+)`", cell) for part in name.split("/")}


def written(node):
    """A text of the program with * for what is filled in; None if it is none."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return re.sub(
            r"\*+",
            "*",
            "".join(str(part.value) if isinstance(part, ast.Constant) else "*" for part in node.values),
        )
    return None


def is_on_the_page(name):
    """Whether a file of that name may lie in a home."""
    return any(fnmatch.fnmatchcase(name, each) for each in named_on_the_page())


def constants(tree):
    """Texts that a module gives a name."""
    assigned = [(node.targets[0], node.value) for node in tree.body if isinstance(node, ast.Assign)]
    return {target.id: written(value) for target, value in assigned if isinstance(target, ast.Name)}


def named_in_the_code():
    """Texts that are names of files, and bare names that are joined to a path."""
    found = set()
    for path in [*ROOT.glob("engine/**/*.py"), *ROOT.glob("tui/**/*.py")]:
        tree = ast.parse(path.read_text())
        known = constants(tree)
        for node in ast.walk(tree):
            text = written(node)
            if text and FILE_NAME.fullmatch(text):
                found.add(f"{text}*" if text.startswith(".") and text.endswith("-") else text)
            if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
                right = node.right
                text = known.get(right.id) if isinstance(right, ast.Name) else written(right)
                if text and BARE.fullmatch(text):
                    found.add(text)
    return found


def alike(first, second):
    """Whether two names mean the same file; a star in both stands for what is filled in."""
    if "*" in first and "*" in second:
        return fnmatch.fnmatchcase(first, second) or fnmatch.fnmatchcase(second, first)
    return first == second or (second == ".part-*" and first.startswith(".part-"))


def test_every_file_that_the_code_names_is_on_the_page():
    page = named_on_the_page()
    found = named_in_the_code() - NO_FILES
    assert sorted(name for name in found if not any(alike(each, name) for each in page)) == []


def test_every_file_of_the_page_is_named_in_the_code():
    code = named_in_the_code()
    assert sorted(name for name in named_on_the_page() if not any(alike(name, each) for each in code)) == []


def test_every_field_of_a_result_is_on_the_page():
    section = PAGE.partition("### result.json")[2].partition("## A series")[0]
    listed = [
        name
        for cell in re.findall(r"^\| (`[^|]*`) \|", section, re.MULTILINE)
        for name in re.findall(r"`(\w+)`", cell)
    ]
    assert sorted(listed) == sorted(field.name for field in fields(BacktestResult))
