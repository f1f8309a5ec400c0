"""Clusters that carry trainings out: dask and ray, each an extra of its own.

joblib's own backends for them are not used: dask's drops a result that its worker loses before it is fetched,
and neither yields results as they come.
"""

from __future__ import annotations

import contextlib
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

from engine.errors import ChangeSettingsError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from engine.settings import Parallel

Workers: TypeAlias = "Callable[[Callable[..., Any], Sequence[tuple[Any, ...]]], Iterator[Any]]"

MOST_LOST = 10  # results lost with their workers before a cluster is given up


@contextlib.contextmanager
def dask_workers(parallel: Parallel) -> Iterator[Workers]:
    """The workers of a dask cluster. Raises ChangeSettingsError when there is none."""
    try:
        from distributed import Client
    except ImportError:
        raise missing("dask") from None
    refuse_no_address(parallel)
    try:
        client = Client(parallel.address, timeout=20)
    except OSError as error:
        raise silent(error) from None
    with client:
        yield partial(on_dask, client)


def on_dask(client: Any, function: Callable[..., Any], tasks: Sequence[tuple[Any, ...]]) -> Iterator[Any]:
    """Results as they come; a task that a dying worker took along is given out again."""
    from distributed import CancelledError, as_completed

    given = {client.submit(function, *task, pure=False, retries=0): task for task in tasks}
    waiting = as_completed(list(given))
    lost = 0
    for future in waiting:
        task = given.pop(future)
        try:
            value = future.result()
        except CancelledError:
            lost += 1
            if lost > MOST_LOST:
                raise
            again = client.submit(function, *task, pure=False)
            given[again] = task
            waiting.add(again)
            continue
        yield value


@contextlib.contextmanager
def ray_workers(parallel: Parallel) -> Iterator[Workers]:
    """The workers of a ray cluster. Raises ChangeSettingsError when there is none."""
    try:
        import ray
    except ImportError:
        raise missing("ray") from None
    refuse_no_address(parallel)
    try:
        ray.init(address=parallel.address, log_to_driver=False, configure_logging=False)
    except (ConnectionError, OSError, RuntimeError, ValueError) as error:
        raise silent(error) from None
    try:
        yield partial(on_ray, ray)
    finally:
        ray.shutdown()


def on_ray(ray: Any, function: Callable[..., Any], tasks: Sequence[tuple[Any, ...]]) -> Iterator[Any]:
    """Results as they come; ray gives a task out again whose worker has died."""
    remote = ray.remote(function).options(max_retries=MOST_LOST)
    waiting = [remote.remote(*task) for task in tasks]
    while waiting:
        done, waiting = ray.wait(waiting)
        try:
            value = ray.get(done[0])
        except ray.exceptions.RayTaskError as error:  # wraps what the task raised
            raise error.cause from None
        yield value


def refuse_no_address(parallel: Parallel) -> None:
    """Raise ChangeSettingsError if the cluster is not named."""
    if not parallel.address:
        raise ChangeSettingsError("parallel.address", "is empty", "Name the cluster's scheduler")


def missing(name: str) -> ChangeSettingsError:
    """The error of a library that is not there."""
    return ChangeSettingsError(
        "parallel.backend", f"{name} is not installed", f"Install quantdeck[{name}], or set it to processes"
    )


def silent(error: Exception) -> ChangeSettingsError:
    """The error of a cluster that does not answer."""
    return ChangeSettingsError("parallel.address", f"no scheduler answers there: {error}", "Start it")


CLUSTERS = {"dask": dask_workers, "ray": ray_workers}
