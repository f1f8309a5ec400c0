"""Questions to a warm engine process, over JSON lines on its stdin and stdout.

What needs numbers while somebody looks is answered by a process of the engine that ends with whoever asks.
A line in is a request, `{"request": 1, "do": name, …}`; lines out are events of its progress and then
`{"request": 1, "kind": "answer", "result": …}` or `{"request": 1, "kind": "error", "error": {…}}`.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import select
import signal
import subprocess
import sys
import threading
import traceback
from collections import deque
from typing import IO, TYPE_CHECKING, Any, Self

from engine.errors import (
    ChangeSettingsError,
    InternalError,
    MakeRoomError,
    StopRequestedError,
    TryAgainError,
)
from engine.results.codec import from_json, plain
from engine.runs.environment import for_engine
from engine.runs.error_codec import as_error, from_fields, to_fields
from engine.runs.launch import ENGINE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from engine.results.codec import Kind
    from engine.runs.events import Emit, Event

    Handler = Callable[[Event, Emit], Any]  # answers with what `plain` makes JSON of

COMMAND = (*ENGINE, "serve")
PATIENCE_S = 5.0
PIECE_BYTES = 1 << 20


def ask(request: Event, kind: type[Kind], emit: Emit | None = None, command: Sequence[str] = COMMAND) -> Kind:
    """One question to an engine process of its own; see `EngineClient.ask`."""
    with EngineClient(command) as client:
        return client.ask(request, kind, emit)


class EngineClient:
    """A warm engine process that answers one question after the other, until the context is left."""

    def __init__(self, command: Sequence[str] = COMMAND) -> None:
        """The process starts with the context. It is out of reach of the terminal's own signals."""
        self._command = command
        self._turn = threading.Lock()
        self._count = 0
        self._unread: list[bytes] = []  # what came of a line that has no end yet
        self.died = False  # without an answer that somebody waited for
        self.gave_up = False  # of waiting for one, and the process was killed

    def __enter__(self) -> Self:
        pipe = subprocess.PIPE
        try:
            self._process = subprocess.Popen(
                self._command,
                stdin=pipe,
                stdout=pipe,
                stderr=pipe,
                start_new_session=True,
                env=for_engine(),
            )
        except OSError as error:
            reason = f"cannot be started: {error.strerror}"
            raise MakeRoomError("the engine", reason, "Free memory, or end other processes") from error
        self._said: deque[bytes] = deque(maxlen=20)  # the end of its stderr
        self._listener = threading.Thread(target=self._listen, name="engine's stderr", daemon=True)
        self._listener.start()
        return self

    def _listen(self) -> None:
        self._said.extend(self._pipe(self._process.stderr))

    @staticmethod
    def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
        if pipe is None:
            raise InternalError("the engine", "was started without its pipes")
        return pipe

    def ask(
        self, request: Event, kind: type[Kind], emit: Emit | None = None, within_s: float | None = None
    ) -> Kind:
        """Ask `{"do": name, …}` and return the answer, of `kind`; `emit` gets the events of its progress.

        Raises the very error that the engine met (its class, thing, reason and remedy), TryAgainError when
        nothing has come for `within_s`, and the process is killed then, InternalError when it dies without an
        answer, RepairDataError for an answer of another kind. What `emit` raises passes through.
        """
        with self._turn:
            self._count += 1
            line = json.dumps(plain(request) | {"request": self._count}).encode() + b"\n"
            stdin = self._pipe(self._process.stdin)
            with contextlib.suppress(BrokenPipeError):  # the silence that follows tells it better
                stdin.write(line)
                stdin.flush()
            for answer in self._answers(within_s):
                if answer["kind"] == "answer":
                    return from_json(kind, answer["result"], "the engine's answer")
                if answer["kind"] == "error":
                    raise from_fields(answer["error"])
                if emit is not None:
                    emit(answer)
            raise self._death()

    def _lines(self, within_s: float | None) -> Iterator[bytes]:
        """What the process says, line by line, until it ends. Raises TryAgainError after a long silence."""
        source = self._pipe(self._process.stdout).fileno()
        spoken = select.poll()
        spoken.register(source, select.POLLIN)
        while True:
            if not spoken.poll(None if within_s is None else within_s * 1000):
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(self._process.pid, signal.SIGKILL)  # with whatever it has started
                self._end()
                self.gave_up = True
                reason = f"gave no answer within {within_s:.0f} s and was ended; it starts anew"
                raise TryAgainError("the engine", reason, "Ask again, or for less")
            *ended, rest = os.read(source, PIECE_BYTES).split(b"\n")
            if not (ended or rest):
                return
            if ended:
                ended[0], self._unread = b"".join((*self._unread, ended[0])), []
            self._unread.append(rest)
            yield from ended

    def _answers(self, within_s: float | None) -> Iterator[Event]:
        """The lines that belong to the latest request; an abandoned one's are passed over."""
        for line in self._lines(within_s):
            try:
                answer = json.loads(line)
                number = answer.pop("request")
            except (ValueError, KeyError, AttributeError, TypeError):
                raise InternalError("the engine", "gave an answer that cannot be read", "Ask again") from None
            if number == self._count:
                yield answer

    def _death(self) -> InternalError:
        code, self.died = self._end(), True
        said = [text for line in self._said if (text := line.decode(errors="replace").strip())]
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        return InternalError(
            "the engine", f"died without an answer ({how}){f': {said[-1]}' if said else ''}", "Ask again"
        )

    def __exit__(self, kind: object, *_: object) -> None:
        process = self._process
        with contextlib.suppress(BrokenPipeError):
            self._pipe(process.stdin).close()
        if kind is not None:
            process.terminate()
        self._end()
        self._pipe(process.stdout).close()
        self._pipe(process.stderr).close()

    def _end(self) -> int:
        """Wait for the process, kill it if it does not go, and return its exit code."""
        try:
            self._process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
        self._listener.join(PATIENCE_S)
        return self._process.wait()


def answer(
    handlers: Mapping[str, Handler],
    stdin: IO[bytes] | None = None,
    stdout: IO[bytes] | None = None,
) -> int:
    """The engine's side: answer requests with the handler that `do` names, until stdin closes; return 0.

    The streams are closed then. Without streams given, the process's own are taken over, so that nothing a
    library prints or reads can come between: its output goes to stderr. A handler imports what is slow
    itself, when it is first needed.
    """
    gone = contextlib.suppress(BrokenPipeError)  # whoever asked no longer reads
    with gone, stdin or own_input() as requests, stdout or own_output() as answers:
        for line in requests:
            reply(line, handlers, answers)
    return 0


def reply(line: bytes, handlers: Mapping[str, Handler], stdout: IO[bytes]) -> None:
    """Answer one request, by its result or by the error that came of it."""
    number: Any = None

    def say(event: Event) -> None:
        stdout.write(json.dumps(plain(event) | {"request": number}, allow_nan=False).encode() + b"\n")
        stdout.flush()

    def emit(event: Event) -> None:
        if event["kind"] == "alive":
            return
        try:
            say(event)
        except BrokenPipeError:
            raise StopRequestedError("the request", "whoever asked has gone") from None

    try:
        request = request_of(line)
        number = request.pop("request")
        result = handler_of(request, handlers)(request, emit)
    except Exception as error:  # noqa: BLE001  each is told to whoever asked
        reported = as_error(error)
        if isinstance(reported, InternalError):
            traceback.print_exception(error)
        say({"kind": "error", "error": to_fields(reported)})
    else:
        say({"kind": "answer", "result": result})


def request_of(line: bytes) -> Event:
    """A line as a numbered request of finite numbers. Raises ChangeSettingsError for another."""
    try:
        request = json.loads(line, parse_float=finite, parse_constant=finite)
    except (ValueError, RecursionError):
        request = None
    if not isinstance(request, dict) or type(request.get("request")) is not int:
        reason, remedy = "is no JSON table of finite numbers with its number as `request`", "Ask in that form"
        raise ChangeSettingsError("a request", reason, remedy)
    return request


def finite(text: str) -> float:
    """A number of JSON. Raises ValueError unless it is finite."""
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is not finite")
    return number


def handler_of(request: Event, handlers: Mapping[str, Handler]) -> Handler:
    """The handler of a request. Raises ChangeSettingsError that names what there is."""
    try:
        return handlers[request["do"]]
    except (KeyError, TypeError):  # absent, unknown or no text at all
        known = ", ".join(sorted(handlers))
        raise ChangeSettingsError(
            f"request {request.get('do')!r}", "cannot be answered", f"Ask for {known}"
        ) from None


def own_input() -> IO[bytes]:
    """The process's stdin, for us alone."""
    mine = os.fdopen(os.dup(0), "rb")
    empty = os.open(os.devnull, os.O_RDONLY)
    os.dup2(empty, 0)
    os.close(empty)
    return mine


def own_output() -> IO[bytes]:
    """The process's stdout, for us alone; what others print goes to stderr from now on."""
    sys.stdout.flush()
    mine = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return mine
