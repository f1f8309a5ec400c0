"""One exchange's ccxt module without the other hundred.

`import ccxt.async_support.binance` runs the two packages' own `__init__`, which import every exchange
twice, synchronous and asynchronous: 1.7 s and 102 MB where the one module costs 0.8 s and 53 MB, and 16 s
against 4 s the first time, before Python has compiled them. So two packages stand in for them: they hold
what ccxt's inner modules take from the package (its errors and its base class) and find any other
exchange when it is asked for. Where ccxt is loaded already, it is used as it is.
"""

from __future__ import annotations

import importlib
import pkgutil
import sys
from functools import cache
from importlib.machinery import PathFinder
from pathlib import Path
from types import ModuleType
from typing import Any

ASYNC = "ccxt.async_support"


class StandIn(ModuleType):
    """A package without its `__init__`; an exchange's class is found when it is asked for."""

    def __init__(self, name: str, folder: Path) -> None:
        """Stand for the package in `folder`."""
        super().__init__(name)
        self.__path__ = [str(folder)]

    def __getattr__(self, name: str) -> Any:
        """The class `name` of the module `name`, as the package's `__init__` would have bound it."""
        if not name.islower() or name.startswith("_"):
            raise AttributeError(name)
        try:
            found = getattr(importlib.import_module(f"{self.__name__}.{name}"), name)
        except ModuleNotFoundError:
            raise AttributeError(name) from None
        setattr(self, name, found)
        return found


def exchange_class(exchange_id: str) -> Any:
    """The class of the exchange in ccxt.async_support. Raises ModuleNotFoundError if there is none."""
    if "ccxt" not in sys.modules:
        stand_in()
    return getattr(importlib.import_module(f"{ASYNC}.{exchange_id}"), exchange_id)


def stand_in() -> None:
    """Put the two stand-ins in place; if ccxt's layout is another than expected, leave none."""
    folder = package_folder()
    package, asynchronous = StandIn("ccxt", folder), StandIn(ASYNC, folder / "async_support")
    sys.modules |= {"ccxt": package, ASYNC: asynchronous}
    try:
        errors = importlib.import_module("ccxt.base.errors")
        base = importlib.import_module("ccxt.base.exchange")
        vars(package).update({name: getattr(errors, name) for name in errors.__all__})
        vars(package).update(Exchange=base.Exchange, async_support=asynchronous, __version__=base.__version__)
        importlib.import_module(f"{ASYNC}.base.exchange")
    except (ImportError, AttributeError):
        for name in [name for name in sys.modules if name.partition(".")[0] == "ccxt"]:
            del sys.modules[name]


@cache
def exchange_ids() -> tuple[str, ...]:
    """The ids of all exchanges that ccxt has, in order; loads nothing."""
    modules = pkgutil.iter_modules([str(package_folder() / "async_support")])
    return tuple(module.name for module in modules if not module.ispkg)


def package_folder() -> Path:
    """Where ccxt is installed. Raises ModuleNotFoundError."""
    found = PathFinder.find_spec("ccxt")
    if found is None or not found.submodule_search_locations:
        raise ModuleNotFoundError("ccxt is not installed", name="ccxt")
    return Path(next(iter(found.submodule_search_locations)))
