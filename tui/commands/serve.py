"""`quantdeck serve`: the app in a browser."""

from __future__ import annotations

import asyncio
import shlex
import socket
import sys

from engine.errors import ChangeSettingsError, TryAgainError
from engine.runs.home import Home, home_path
from tui.commands.answer import Answer, say

LOOPBACK = ("127.0.0.1", "localhost", "::1")


def serve(home: str | None, host: str, port: int, public_url: str | None, *, view: bool) -> Answer:
    """Serve the app until ctrl+c; view: nothing can be started, stopped, changed or deleted in it.

    Raises ChangeSettingsError where textual-serve is not installed, TryAgainError for a port in use.
    """
    try:
        from tui.commands.browser import Guarded
    except ImportError as error:
        reason = f"needs the extra `serve`, which is not installed ({error.name})"
        raise ChangeSettingsError("serve", reason, "pip install 'quantdeck[serve]'") from None
    port = free_port(host, port)
    place = Home(home_path(home)).path.absolute()
    command = [sys.executable, "-P", "-m", "tui.cli", "--home", str(place), *(["--view"] if view else [])]
    server = Guarded(shlex.join(command), host, port, public_url)
    if host not in LOOPBACK:
        say(f"warning: {host} is not this machine alone; the token goes there unencrypted")
    asyncio.set_event_loop(asyncio.new_event_loop())  # the one that textual-serve takes
    server.serve()
    return Answer(text="")


def free_port(host: str, port: int) -> int:
    """The port if it can be had, one that is free for 0. Raises TryAgainError, ChangeSettingsError."""
    try:
        family, *_, place = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family) as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trial.bind(place)
            found: int = trial.getsockname()[1]
            return found
    except socket.gaierror:
        raise ChangeSettingsError(f"--host {host}", "is no address of this machine", "Leave it out") from None
    except OSError as error:
        reason = f"cannot be had: {error.strerror}"
        raise TryAgainError(f"{host}:{port}", reason, "Choose another with --port, or 0 for any") from None
