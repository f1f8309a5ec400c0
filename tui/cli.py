"""The command line: `quantdeck` alone opens the app, `quantdeck COMMAND` does one thing.

Nothing heavy is imported before the command line is read, and then only what the command needs.
"""

from __future__ import annotations

import contextlib
import io
import os
import signal
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tui.commands.answer import Answer

DEBUG = "QUANTDECK_DEBUG"
INTERRUPTED = 130
HELP = frozenset({"--help", "-h"})


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out a command line (`sys.argv` if none is given), print its answer, return the exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    open_streams()
    choose_characters(given)
    if arguments is None and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends as ctrl+c does, with its exit code
    try:
        code = execute(given)
        if sys.stdout is not None:
            sys.stdout.flush()
        if arguments is None:
            for number in (signal.SIGINT, signal.SIGTERM):  # too late to interrupt: all is said
                signal.signal(number, signal.SIG_IGN)
    except KeyboardInterrupt:  # while the answer was being written
        return INTERRUPTED
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what is still unwritten leads nowhere
        if isinstance(error, BrokenPipeError):  # the reader of a pipe, such as head, has seen enough
            return 0
        with contextlib.suppress(OSError):
            print(f"error: standard output: {error.strerror}", file=sys.stderr)
        return 1
    finally:
        give_up_errors()
    return code


def give_up_errors() -> None:
    """Let what standard error does not take lead nowhere: Python would flush it last, and end with 120."""
    try:
        sys.stderr.flush()
    except (OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)


def open_streams() -> None:
    """Make standard streams safe to use: a closed one leads nowhere, an odd encoding loses no line."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:  # otherwise the next file opened would become this stream
            os.open(os.devnull, os.O_RDWR)
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123  open for life
    for stream in (sys.stdout, sys.stderr):
        if reconfigure := getattr(stream, "reconfigure", None):
            reconfigure(errors="backslashreplace")


def choose_characters(given: list[str]) -> None:
    """Have the standard streams send plain characters where these are wanted, by an option or a terminal."""
    from tui.terminal.characters import ASCII, CHARACTER_SET, wants_plain

    for wish, value in (("--ascii", "1"), ("--no-ascii", "0")):
        if wish in given:
            os.environ[ASCII] = value
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if stream is not None and reconfigure and wants_plain(stream):
            reconfigure(encoding=CHARACTER_SET)


def execute(given: list[str]) -> int:
    """Read the command line, do what it asks, print the answer; every error becomes an answer too."""
    try:
        options = app_options(given)
        answer = commanded(given) if options is None else opened(**options)
    except BrokenPipeError:
        raise
    except (Exception, KeyboardInterrupt) as error:
        if os.environ.get(DEBUG):
            raise
        answer = answer_to(error)
    answer.write(wants_json="--json" in given)
    return answer.exit_code


def app_options(given: list[str]) -> dict[str, Any] | None:
    """The options of a command line that has no command; None if it has more in it than these."""
    match given:
        case []:
            return {}
        case ["--ascii" | "--no-ascii", *others]:
            more: dict[str, Any] = {}
        case [("--mouse" | "--no-mouse") as wish, *others]:
            more = {"mouse": wish == "--mouse"}
        case ["--view", *others]:
            more = {"view": True}
        case ["--home", home, *others] if not home.startswith("-"):
            more = {"home": home}
        case _:
            return None
    rest = app_options(others)
    return None if rest is None else {**more, **rest}


def opened(home: str | None = None, *, mouse: bool | None = None, view: bool = False) -> Answer:
    """The app, which needs no grammar: it is to be there at once."""
    from engine.imports import gc_paused

    with gc_paused():
        from tui.commands.app import app

    return app(home, mouse=mouse, view=view)


def commanded(given: list[str]) -> Answer:
    """What a command answers; what `--help` would print is an answer, too."""
    import typer

    from tui.commands.answer import Answer
    from tui.grammar import app

    command = typer.main.get_command(app)
    printed, helped = io.StringIO(), not HELP.isdisjoint(given)
    words = [each for each in given if not helped or each != "--json"]  # groups of commands do not know it
    try:
        with (
            contextlib.redirect_stdout(printed) if helped else contextlib.nullcontext(),
            command.make_context("quantdeck", words) as context,
        ):
            found: Answer = command.invoke(context)
            return found
    except typer.Exit:
        text = printed.getvalue()
        return Answer({"help": text}, text.rstrip("\n"))


def answer_to(error: BaseException) -> Answer:
    """The answer that tells an error."""
    from typer.exceptions import TyperException

    from engine.errors import ChangeSettingsError, InternalError, QuantdeckError, StopRequestedError
    from engine.runs.error_codec import as_error
    from tui.commands.answer import Answer

    if isinstance(error, KeyboardInterrupt):
        return Answer(error=StopRequestedError("quantdeck", "interrupted"))
    if isinstance(error, FileNotFoundError) and stands_nowhere():
        reason = "is not there any more: somebody has removed it"
        return Answer(error=ChangeSettingsError("the folder that you stand in", reason, "Leave it: cd"))
    if isinstance(error, TyperException):
        return Answer(error=ChangeSettingsError("command line", error.format_message(), remedy_of(error)))
    failure = as_error(error)
    if isinstance(failure, InternalError) and not isinstance(error, QuantdeckError):
        failure = InternalError(
            failure.thing,
            failure.reason,
            f"{DEBUG}=1 before the command shows the traceback; please report it",
        )
    return Answer(error=failure)


def stands_nowhere() -> bool:
    """Whether the current folder has been removed."""
    from pathlib import Path

    try:
        Path.cwd()
    except FileNotFoundError:
        return True
    return False


def remedy_of(error: Any) -> str:
    """Where the command line went wrong: the sub-commands of a group, and the page that tells more."""
    context = getattr(error, "ctx", None)
    path = context.command_path if context else "quantdeck"
    known = getattr(context.command, "commands", {}) if context and context.parent else {}
    listed = f"{path} knows {', '.join(known)}. " if known else ""
    return f"{listed}See {path} --help"


if __name__ == "__main__":
    sys.exit(main())
