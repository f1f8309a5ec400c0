"""Programs for the processor, cached from one process to the next as what JAX's tracing makes of them.

To trace a training step through Keras and to lower it takes longer than to fetch its machine code from JAX's
own cache. So the lowered program lies in the user's cache folder as well, under a name that tells everything
it depends on. Fresh or fetched, the same program is compiled, so results are the same to the bit.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import platform
from functools import cache, lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jax
import keras
from jax import export

from engine.code_cache import cache_folder
from engine.compat.jax_options import options
from engine.disk import read_with_digest, write_with_digest
from engine.errors import MakeRoomError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

CHOSEN_FREELY = ("seed", "initializer")  # of a layer's settings: nothing of a program depends on them


class ExportedProgram:
    """A jitted function that is traced only if nobody has done so before for the like of its arguments.

    `key` is all that the function's result depends on besides its arguments, the code of the models and the
    libraries: two functions with the same key must be the same, so it names the model's kind.
    """

    def __init__(self, function: Any, *key: object, donated: Sequence[int] = ()) -> None:
        """`donated` arguments may be overwritten."""
        self.function, self.key, self.donated = function, key, tuple(donated)
        self.programs: dict[str, Callable[..., Any]] = {}

    def __call__(self, *arguments: Any) -> Any:
        """What the function says."""
        if jax.default_backend() != "cpu":  # not all that a GPU is given may be cached
            return self.function(*arguments)
        kinds = str(jax.tree.map(jax.typeof, arguments))
        if kinds not in self.programs:
            self.programs[kinds] = self.program(kinds, arguments)
        return self.programs[kinds](*arguments)

    def program(self, kinds: str, arguments: Sequence[Any]) -> Callable[..., Any]:
        """The lowered program, as cached or made now, ready to be called."""
        key = json.dumps([environment(), *map(repr, self.key), kinds])
        path = cache_folder() / "traced" / hashlib.sha256(key.encode()).hexdigest()
        with contextlib.suppress(Exception):  # it is not there, or no longer what was written
            return callable_of(read_with_digest(path), self.donated)
        made = bytes(export.export(self.function)(*arguments).serialize())
        with contextlib.suppress(MakeRoomError, OSError):  # then it is traced again next time
            path.parent.mkdir(parents=True, exist_ok=True)
            write_with_digest(path, made)
        return callable_of(made, self.donated)


@lru_cache(maxsize=64)
def callable_of(content: bytes, donated: tuple[int, ...]) -> Callable[..., Any]:
    """The program in these bytes; the members of an ensemble share one, which is compiled once."""
    return jax.jit(export.deserialize(bytearray(content)).call, donate_argnums=donated)


@cache
def environment() -> str:
    """A hash of the code, the libraries and the settings of theirs that a program depends on."""
    models = Path(__file__).parents[1]
    code = b"".join(path.read_bytes() for path in sorted(models.rglob("*.py")))
    versions = (platform.python_version(), *map(version, ("jax", "jaxlib", "keras")))
    chosen = (options(), keras.config.floatx(), keras.config.epsilon())
    return hashlib.sha256(code + repr((versions, chosen)).encode()).hexdigest()


def structure(network: keras.Model) -> list[Any]:
    """The network's name and what its layers are, but for what is drawn.

    The names of layers do not matter in a stack; elsewhere they tell how layers are joined.
    """
    return [network.name, lasting(network.get_config(), named=not isinstance(network, keras.Sequential))]


def lasting(part: Any, *, named: bool) -> Any:
    """A config without what is chosen freely in it."""
    if isinstance(part, dict):
        kept = {name: value for name, value in part.items() if not str(name).endswith(CHOSEN_FREELY)}
        return {name: lasting(value, named=named) for name, value in kept.items() if named or name != "name"}
    return [lasting(value, named=named) for value in part] if isinstance(part, list | tuple) else part
