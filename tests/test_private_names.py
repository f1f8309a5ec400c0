"""Private names of other people's libraries: only in the two places kept for them.

What a name is, the syntax tree cannot always tell. So outside those places every `x._name` counts where x is
neither the object itself nor a module of ours, and every `self._name` of a class that inherits from a
library's class and does not give itself that name.
"""

import ast
import inspect
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
OURS = ("engine", "tui")
DOORS = ("engine/compat/", "tui/compat.py")
STANDARD = {("os", "_exit")}  # documented names of Python itself that begin with an underscore
NAMED_TUPLE = {"_fields", "_asdict", "_replace", "_make"}
# Names without an underscore that no library documents, or documents as its own business.
INTERNAL = {
    "NumpyArrayWrapper", "NumpyUnpickler", "eval_jaxpr", "load_build", "make_test_function",
    "make_train_function", "on_rest_response", "parse_json", "safe_number", "safe_number_2", "throttle",
    "httpExceptions", "shared_object_id",
}  # fmt: skip
# Hooks into Python's own imports: they would change other people's modules.
HOOKS = {("sys", "meta_path"), ("sys", "path_hooks"), ("metadata", "distributions")}


@dataclass(frozen=True)
class Class:
    bases: tuple[str, ...]
    given: frozenset[str]  # the private names that it gives itself


def private(name):
    return name.startswith("_") and not name.endswith("__") and name != "_"


def names_given(node):
    """The private names that a class defines, in its body or by assigning to `self`."""
    found = set()
    for each in node.body:
        match each:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                found.add(name)
            case ast.AnnAssign(target=ast.Name(id=name)):
                found.add(name)
            case ast.Assign(targets=targets):
                found |= {target.id for target in targets if isinstance(target, ast.Name)}
    for each in ast.walk(node):
        match each:
            case ast.Attribute(value=ast.Name(id="self" | "cls"), attr=name, ctx=ast.Store()):
                found.add(name)
    return frozenset(name for name in found if private(name))


def classes_of(trees):
    """Every class of ours by its name."""
    return {
        node.name: Class(tuple(ast.unparse(base).split("[")[0] for base in node.bases), names_given(node))
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
    }


def inherited(name, classes):
    """The private names that a class of ours and its bases of ours give themselves."""
    if name not in classes:
        return frozenset()
    own = classes[name]
    return own.given.union(*(inherited(base.rpartition(".")[2], classes) for base in own.bases))


def foreign(name, classes):
    """Whether a class, or one of its bases, is a library's."""
    if name not in classes:
        return name not in {"Protocol", "Exception", "NamedTuple", "Generic", "Enum", "StrEnum", "object"}
    return any(foreign(base.rpartition(".")[2], classes) for base in classes[name].bases)


class Finder(ast.NodeVisitor):
    def __init__(self, classes):
        self.classes, self.within, self.found = classes, [], []

    def note(self, node, what):
        self.found.append(f"{node.lineno}: {what}")

    def visit_ClassDef(self, node):
        # What a class of a library has already is overridden, not given: only its own tests can tell that.
        self.within.append(node.name)
        self.generic_visit(node)
        self.within.pop()

    def visit_Import(self, node):
        for each in node.names:
            if each.name.split(".")[0] not in OURS and any(map(private, each.name.split("."))):
                self.note(node, f"import {each.name}")

    def visit_ImportFrom(self, node):
        parts = (node.module or "").split(".")
        if parts[0] in (*OURS, "__future__") or node.level:
            return
        for each in node.names:
            if any(map(private, (*parts, each.name))) or each.name in INTERNAL:
                self.note(node, f"from {node.module} import {each.name}")

    def visit_function(self, node):
        if node.name in INTERNAL:
            self.note(node, f"def {node.name}")
        self.generic_visit(node)

    visit_FunctionDef = visit_AsyncFunctionDef = visit_function  # noqa: N815

    def visit_Constant(self, node):
        text = node.value
        if isinstance(text, str) and text.replace(".", "").replace("_", "").isalnum():
            parts = text.split(".")
            if (len(parts) > 1 and any(map(private, parts[1:])) and parts[0] not in OURS) or text in INTERNAL:
                self.note(node, repr(text))

    def visit_Call(self, node):
        match node:
            case ast.Call(
                func=ast.Name(id="getattr" | "setattr" | "hasattr"),
                args=[_, ast.Constant(value=str(name)), *_],
            ):
                if private(name):
                    self.note(node, ast.unparse(node))
        self.generic_visit(node)

    def visit_Attribute(self, node):
        name = node.attr
        self.generic_visit(node)
        if not (private(name) or name in INTERNAL or any(name == hook for _, hook in HOOKS)):
            return
        owner = ast.unparse(node.value)  # takes its time
        if name in INTERNAL or (owner.rpartition(".")[2], name) in HOOKS:
            self.note(node, f"{owner}.{name}")
        elif private(name) and (owner, name) not in STANDARD and name not in NAMED_TUPLE:
            inside = self.within[-1] if self.within else ""
            given = inherited(inside, self.classes)
            if owner not in {"self", "cls"} or (foreign(inside, self.classes) and name not in given):
                self.note(node, f"{owner}.{name}")


def found_in(sources):
    """What a mapping of paths to source text uses of private names, one text each."""
    trees = {path: ast.parse(text) for path, text in sources.items()}
    classes = classes_of(trees.values())
    found = []
    for path, tree in trees.items():
        finder = Finder(classes)
        finder.visit(tree)
        found += [f"{path}:{each}" for each in finder.found]
    return found


def sources():
    return {
        str(path.relative_to(ROOT)): path.read_text()
        for room in OURS
        for path in sorted((ROOT / room).rglob("*.py"))
    }


@cache
def found_in_ours():
    return found_in(sources())


def test_private_names_of_libraries_are_used_in_the_places_kept_for_them_alone():
    # Classes are looked up in all of our code, the places kept for private names too.
    found = found_in_ours()
    assert [each for each in found if not each.startswith(DOORS)] == []


def test_the_places_kept_for_them_use_some():
    found = found_in_ours()
    for door in DOORS:
        assert any(each.startswith(door) for each in found), door


CRAFTED = {
    "import numpy._core": 1,
    "from sklearn.preprocessing._data import StandardScaler": 1,
    "from numpy import _core": 1,
    "from engine.models import _mine": 0,
    "import sys\nsys.meta_path.insert(0, None)": 1,
    "from importlib import metadata\nmetadata.distributions = None": 1,
    "place = 'keras.src._things'": 1,
    "getattr(screen, '_stack')": 1,
    "screen._stack.clear()": 1,
    "row._asdict()": 0,
    "import os\nos._exit(1)": 0,
    "class Ours:\n def a(self): return self._free": 0,
    "class Ours(Theirs):\n def a(self): return self._theirs": 1,
    "class Ours(Theirs):\n def a(self): self._own = 1\n def b(self): return self._own": 0,
    "class Base(Theirs):\n _own = 1\nclass Ours(Base):\n def b(self): return self._own": 0,
    "class Ours(Theirs):\n def a(self): super()._theirs()": 1,
    "class Ours(Theirs):\n def make_train_function(self): pass": 1,
}


@pytest.mark.parametrize("text", CRAFTED)
def test_each_way_to_use_a_private_name_is_found(text):
    assert len(found_in({"crafted.py": text})) == CRAFTED[text]


SHARED = """
import importlib, pkgutil
from engine.models.training import backend
from engine.settings import Training
backend.prepare(Training(devices=1))
import engine, tui
from tests.test_private_names import shared_with_libraries
for room in (engine, tui):
    for module in pkgutil.walk_packages(room.__path__, room.__name__ + "."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
print(*sorted(shared_with_libraries()), sep="\\n")
"""


def shared_with_libraries():
    """Private names that a class of ours and a library's class below it both give themselves, as texts."""
    waiting, seen = [object], set()
    while waiting:
        for each in type.__subclasses__(waiting.pop()):
            if each not in seen:
                seen.add(each)
                waiting.append(each)
    for ours in seen:
        if str(ours.__module__).partition(".")[0] not in OURS:
            continue
        for theirs in ours.__mro__[1:]:
            if str(theirs.__module__).partition(".")[0] not in (*OURS, *sys.stdlib_module_names):
                for name in given_at_run_time(ours) & given_at_run_time(theirs):
                    yield f"{ours.__module__}: {ours.__name__}.{name} of {theirs.__name__}"


@cache
def given_at_run_time(kind):
    """The private names that a class gives itself, by its source where there is one."""
    try:
        (tree,) = ast.parse(textwrap.dedent(inspect.getsource(kind))).body
    except (OSError, TypeError, SyntaxError):
        return frozenset()
    return names_given(tree)


def test_no_class_of_ours_gives_itself_a_name_that_its_library_uses():
    done = subprocess.run(
        [sys.executable, "-c", SHARED], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr
    found = done.stdout.split("\n")[:-1]
    assert found
    assert [each for each in found if not each.startswith("tui.compat:")] == []
