"""Large libraries, imported without what they would only waste time on."""

from __future__ import annotations

import contextlib
import gc
import importlib
import sys
import threading
from importlib.abc import Loader, MetaPathFinder, SourceLoader
from importlib.machinery import PathFinder
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from importlib.machinery import ModuleSpec

WAKING = threading.RLock()


def put_off(*names: str) -> None:
    """From now on, import these modules when something in them is first asked for."""
    DEFERRAL.seldom |= set(names)
    if DEFERRAL not in sys.meta_path:
        sys.meta_path.insert(0, DEFERRAL)


@contextlib.contextmanager
def quickly() -> Iterator[None]:
    """Look for no garbage meanwhile: what imports make stays, and the search takes a sixth of their time."""
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


@contextlib.contextmanager
def absent(name: str) -> Iterator[None]:
    """Whoever asks whether this module is installed hears no, unless it is imported already."""
    if name in sys.modules:
        yield
        return
    sys.modules[name] = None  # type: ignore[assignment]  # as Python itself marks what cannot be imported
    try:
        yield
    finally:
        del sys.modules[name]


@contextlib.contextmanager
def unlisted() -> Iterator[None]:
    """Whoever asks what is installed hears nothing.

    pydantic and JAX read all metadata that there is, in search of plugins that nobody here has.
    """
    from importlib import metadata  # which the app's start does without

    listing = metadata.distributions
    metadata.distributions = lambda **_: ()
    try:
        yield
    finally:
        metadata.distributions = listing


class Deferred(ModuleType):
    """A module whose code runs when something in it is first asked for.

    importlib.util.LazyLoader means the same, but its modules run as soon as they are imported a second time.
    """

    waiting: Loader | None  # None from the moment that the code runs
    named: bool  # it is put off by its own name, not for standing in a package that is

    def __getattr__(self, name: str) -> object:
        """Called for what is not there (yet). Names that Python gives every module wake nothing."""
        if name.startswith("__") and name != "__all__":
            raise AttributeError(name)
        if (below := f"{self.__name__}.{name}") in DEFERRAL.seldom:
            return importlib.import_module(below)
        self.wake()
        if type(self) is ModuleType or name in vars(self):
            return getattr(self, name)
        raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}", name=name, obj=self)

    def wake(self) -> None:
        """Run the module's code, nothing if that has begun.

        The code of the package comes first, as always, unless the module was named by itself.
        """
        with WAKING:
            if not self.named and isinstance(package := package_of(self.__name__), Deferred):
                package.wake()
            loader, self.waiting = self.waiting, None
            if loader is None:
                return
            try:
                loader.exec_module(self)
            except BaseException:
                self.waiting = loader
                raise
            self.__class__ = ModuleType  # type: ignore[assignment]  # mypy takes no other class for modules


def package_of(name: str) -> ModuleType | None:
    """The package that a module stands in, if it is imported."""
    return sys.modules.get(name.rpartition(".")[0])


class Deferral(MetaPathFinder, Loader):
    """Puts off the modules that are `seldom` needed, and what stands in a package that is put off."""

    def __init__(self) -> None:
        """Nothing is put off yet."""
        self.seldom: frozenset[str] = frozenset()

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The module's own spec, its loader put aside; None for every module that is not put off."""
        package = package_of(fullname)
        inside = isinstance(package, Deferred) and package.waiting is not None
        if not inside and fullname not in self.seldom:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is None or not isinstance(spec.loader, SourceLoader):
            return None
        spec.loader_state, spec.loader = spec.loader, self
        return spec

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """A module that waits."""
        return Deferred(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """Give it its own loader back, for later."""
        spec = module.__spec__
        if spec is not None and isinstance(module, Deferred):
            module.named = spec.name in self.seldom
            spec.loader = module.__loader__ = module.waiting = spec.loader_state


DEFERRAL = Deferral()
