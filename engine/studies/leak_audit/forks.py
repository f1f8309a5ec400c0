"""Calls in forks of a process that has imported libraries and has seen nothing else.

    servers = ForkServers(["pandas"], 2)
    servers.start()
    answer = servers.call(function, argument)  # function(argument, folder), the folder empty and its own

An import takes longer than most features: the libraries are imported once, and each call still begins with
nothing remembered from the one before. A server belongs to one file, as files import different libraries.
When whoever calls is killed, the servers end their calls, remove the folders and end as well.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import pickle
import queue
import signal
import sys
import tempfile
import traceback
from multiprocessing import Pipe, get_context
from multiprocessing.connection import wait
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from multiprocessing.connection import Connection


class ForkDiedError(Exception):
    """A call's process ended without an answer; `exit_code` as the system told it."""

    def __init__(self, exit_code: int) -> None:
        super().__init__(f"ended with {exit_code}")
        self.exit_code = exit_code


class ForkServers:
    """Servers that end with whoever holds them; any thread may call."""

    def __init__(self, modules: Sequence[str], count: int) -> None:
        """modules: what each of `count` servers imports; what cannot be imported is left out."""
        self.modules, self.count = list(modules), count
        self._free: queue.SimpleQueue[Connection] = queue.SimpleQueue()
        self._started = False

    def start(self) -> None:
        """Start the servers, which takes as long as the imports."""
        if self._started:
            return
        self._started, context = True, get_context("spawn")
        for _ in range(self.count):
            mine, other = context.Pipe()
            context.Process(target=serve, args=(other, self.modules), daemon=True).start()
            other.close()
            self._free.put(mine)

    def call(self, function: Callable[..., Any], *arguments: object) -> Any:
        """What function(*arguments, folder) returns, carried out in a new process. Raises ForkDiedError.

        The servers have to be started.
        """
        server = self._free.get()
        try:
            server.send((function, arguments))
            answer, exit_code = server.recv()
        except (EOFError, OSError):
            raise ForkDiedError(-1) from None
        finally:
            self._free.put(server)  # a dead one fails its next call, too, instead of having it wait
        if not answer:
            raise ForkDiedError(exit_code)
        return pickle.loads(answer)  # noqa: S301  of our own process


def serve(calls: Connection, modules: Sequence[str]) -> None:
    """Import the modules; then fork for every call, one after the other, until nobody can call any more."""
    for name in modules:
        with contextlib.suppress(Exception):
            importlib.import_module(name)
    if "numba" in sys.modules:
        set_up_compiler()
    with contextlib.suppress(EOFError, OSError):
        while True:
            function, arguments = calls.recv()
            with (
                tempfile.TemporaryFile() as printed,
                tempfile.TemporaryDirectory(prefix="quantdeck-", ignore_cleanup_errors=True) as folder,
            ):
                answer = forked(function, (*arguments, folder), calls, printed.fileno())
                printed.seek(0)
                os.write(2, printed.read())
            calls.send(answer)


def set_up_compiler() -> None:
    """Have numba compile something: most of its first compilation goes into setting itself up.

    The forks take that along, and it knows of no market.
    """
    from numba import njit

    def doubled(values: Any) -> Any:
        found = np.empty(len(values))
        for row in range(len(values)):
            found[row] = 2.0 * values[row]
        return found

    with contextlib.suppress(Exception):
        njit(doubled)(np.ones(2))


def forked(
    function: Callable[..., Any], arguments: Sequence[object], calls: Connection, printed: int
) -> tuple[bytes, int]:
    """What the function returned in a child, pickled, empty if it died; and how the child ended.

    Nothing comes over `calls` before the answer has gone, unless whoever called has ended: so does the child.
    It prints to `printed`, a file of its own: how long a shared one is tells the next call what this saw.
    """
    reader, writer = Pipe(duplex=False)
    child = os.fork()
    if child == 0:
        exit_code, own = 1, os.getpid()
        try:
            calls.close()  # nothing but the answer leaves it
            for stream, file in ((0, os.open(os.devnull, os.O_RDONLY)), (1, printed), (2, printed)):
                os.dup2(file, stream)
            found = function(*arguments)
            if os.getpid() == own:  # a fork of its own that comes back here answers for nobody
                writer.send(found)
            exit_code = 0
        except BaseException:  # noqa: BLE001  nothing of the server's may go on in its child
            traceback.print_exc()
        finally:
            os._exit(exit_code)
    writer.close()
    with reader:
        if reader not in wait([reader, calls]):
            os.kill(child, signal.SIGKILL)
        try:
            answer = reader.recv_bytes()
        except EOFError:
            answer = b""
    return answer, os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
