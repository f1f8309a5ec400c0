"""What the user's own model file takes from elsewhere when it is executed and builds a network.

It is built in the process of the audit, as Keras cannot be forked: once watched, and where the kernel has
Landlock once more in a thread that may read no file and open no socket. What then differs reads in C.
"""

from __future__ import annotations

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.code_cache import cache_folder
from engine.errors import QuantdeckError
from engine.own_modules import PLACES, data_within, own_modules, words_of
from engine.studies.leak_audit import landlock, seccomp
from engine.studies.leak_audit.watch import DEVICES, SYSTEM, Watch, readers_in

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from engine.settings import Settings


def built(settings: Settings, kept: bytes | None) -> Iterator[str]:
    """What a model file takes from elsewhere, in words.

    kept: the file as it was trained, which is executed instead.
    """
    if not settings.model.file:
        return
    file = settings.model.file
    source = kept or (Path(file).read_bytes() if Path(file).is_file() else b"")
    modules = tuple(own_modules(source))
    compiled = os.environ.get("JAX_COMPILATION_CACHE_DIR") or str(cache_folder())
    watch = Watch((file, *modules), compiled)
    network: list[Any] | None = None
    sys.addaudithook(watch)
    try:
        network = network_of(settings, kept)
    except QuantdeckError as error:
        yield f"model.file cannot be watched: {error}"
    finally:
        watch.on = False
    yield from (f"build {what}" for what in watch.seen)
    if network is not None and not watch.seen:
        yield from taken_in_c(settings, kept, network, (file, *modules, compiled))
    for path, text in {file: source, **{each: Path(each).read_bytes() for each in modules}}.items():
        yield from (
            f"{path} may read files or ask the network by {each}" for each in readers_in(words_of(text))
        )
        yield from (f"{path} {what}" for what in data_within(text))


def network_of(settings: Settings, kept: bytes | None) -> list[Any]:
    """What is built, without the names that Keras counts on: each layer's settings, then all weights."""
    from engine.models import registry
    from engine.models.definition import NetworkKind

    kind = registry.to_build(settings.model, kept)
    if not isinstance(kind, NetworkKind):
        return []
    network = kind.build(settings.window.lookback, len(settings.features.names), settings.model, 0)
    return [nameless([each.get_config() for each in network.layers]), *network.get_weights()]


def nameless(config: Any) -> Any:
    """A config of Keras without names."""
    if isinstance(config, dict):
        return {key: nameless(value) for key, value in config.items() if key != "name"}
    return [nameless(each) for each in config] if isinstance(config, list | tuple) else config


def taken_in_c(
    settings: Settings, kept: bytes | None, network: list[Any], files: Sequence[str]
) -> Iterator[str]:
    """Whether another network is built where no file may be read, though the same one is with them."""

    def confined() -> list[Any] | Exception | None:
        if not landlock.read_only_under((*PLACES, *DEVICES, *SYSTEM, *files)):
            return None
        seccomp.no_sockets()
        try:
            return network_of(settings, kept)
        except Exception as error:  # noqa: BLE001  whatever the user's code raises
            return error

    with ThreadPoolExecutor(1) as thread:  # both hold for the thread that asks for them
        found = thread.submit(confined).result()
    if isinstance(found, Exception):
        cause = found.__cause__ or found
        yield f"build wants a file or the network: {cause}"
    elif found is not None and not alike(found, network) and alike(network_of(settings, kept), network):
        yield "build makes another network where it may read no file and ask no network"


def alike(first: Sequence[Any], second: Sequence[Any]) -> bool:
    """Whether two networks have equal settings and weights."""
    return len(first) == len(second) and all(
        np.array_equal(each, other) if isinstance(each, np.ndarray) else each == other
        for each, other in zip(first, second, strict=True)
    )
