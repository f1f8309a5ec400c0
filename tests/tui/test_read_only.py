"""Where something may not be written, each command works or names the thing, the reason and the remedy."""

import asyncio
import json
import os
import re
import shutil

import pytest

from engine import queries
from engine.__main__ import audit
from engine.data.importing.files import import_file
from engine.data.store import Store
from engine.errors import ChangeSettingsError
from engine.results.codec import from_json, plain
from engine.runs import launch, requests, trial_store
from engine.runs.error_codec import as_error, from_fields, to_fields
from engine.runs.home import Home
from engine.runs.process import execute
from tests.ordinary_user import ordinary_user
from tests.queries.results import backtested
from tui.app import Quantdeck
from tui.cli import main

COMMANDS = (
    "doctor", "data status", "data import candles.csv --name new", "data import candles.csv --name mine",
    "data export mine mine.csv --force", "data update -s data.exchange=demo", "runs list", "runs show last",
    "runs verify", "runs note last text", "runs rename last other", "runs delete gone --yes", "ledger",
    "run -s data.series=mine", "backtest last", "whatif last -s costs.fee_bps=3", "trades last",
    "trades last --csv trades.csv --force", "report last report.html --force", "audit last",
    "runs resume gone", "reproduce last", "init",
)  # fmt: skip
VARIABLES = {
    "HOME": "user", "TMPDIR": "temporary", "XDG_CACHE_HOME": "user/.cache", "XDG_STATE_HOME": "user/.state",
    "XDG_CONFIG_HOME": "user/.config", "MPLCONFIGDIR": "user/.config", "QUANTDECK_HOME": "home",
}  # fmt: skip
RUN, NOW_MS = "0a1b2c3d", 1_800_000_000_000
PLACES = {  # what is taken away: the folder alone, or all below it as well
    "home alone": ("home", False), "home": ("home", True), "data": ("home/data", True),
    "runs": ("home/runs", False), "a run": (f"home/runs/{RUN}", True), "user": ("user", True),
    "temporary": ("temporary", True), "everything": (".", True),
}  # fmt: skip
NEVER = ("own fault", "Traceback", ".part-")  # the last is no name that anybody has given
TOLD = re.compile(r"^error: .+: .+\n  remedy: \S", re.MULTILINE)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A folder of a user with a home that has a run and a stored series."""
    folder = tmp_path_factory.mktemp("user")
    for name in VARIABLES.values():
        (folder / name).mkdir(parents=True, exist_ok=True)
    times = [f"2024-01-{day:02}T{hour:02}:00Z,1,2,0.5,1.5,3" for day in range(1, 5) for hour in range(24)]
    (folder / "candles.csv").write_text("\n".join(["time,open,high,low,close,volume", *times]))
    home = Home(folder / "home")
    backtested(home, 200, run_id=RUN)
    import_file(folder / "candles.csv", Store(home.data), "mine", now_ms=NOW_MS)
    return folder


def answering_here(patch):
    """Have this process answer questions, and one that it forks be the engine of a run, which fails."""

    handlers = queries.handlers() | {"run.audit": audit}

    def ask(_, request, kind, emit=None, within_s=None):
        del within_s
        asked = json.loads(json.dumps(plain(request)))
        try:
            found = handlers[asked.pop("do")](asked, emit or (lambda _: None))
        except Exception as error:  # noqa: BLE001  as an engine tells it
            raise from_fields(to_fields(as_error(error))) from None
        return from_json(kind, json.loads(json.dumps(plain(found))), "the answer")

    def start(run, command, handle):
        del command
        if pid := os.fork():
            return pid
        try:
            os.environ["QUANTDECK_LOCK"] = str(handle)
            execute(run, fails)
        finally:
            os._exit(0)

    patch.setattr(requests.EngineClient, "__enter__", lambda self: self)
    patch.setattr(requests.EngineClient, "__exit__", lambda *_: None)
    patch.setattr(requests.EngineClient, "ask", ask)
    patch.setattr(launch, "_start", start)


def fails(emit):
    """Work that ends at once."""
    del emit
    raise ChangeSettingsError("the work", "is none", "Nothing need be done")


def app(folder):
    """Open the app, look at every screen, and leave it; its fault if it had one."""

    async def looked_at():
        deck = Quantdeck(Home(folder / "home"))
        async with deck.run_test(size=(100, 30)) as pilot:
            while not deck.snapshot.ready:
                await pilot.pause(0.01)
            for key in "12345":
                await pilot.press(key)
        return deck.fault

    return asyncio.run(looked_at())


def forbid(folder, *, below):
    """Take the right to write away, from everybody."""
    for path in (folder, *(folder.rglob("*") if below else ())):
        path.chmod(path.stat().st_mode & ~0o222)


@pytest.fixture
def forbidden_in(whole, tmp_path, monkeypatch):
    """Stand, as an ordinary user, in a copy of the folder where a place may not be written."""
    folder = tmp_path / "copy"
    shutil.copytree(whole, folder)
    answering_here(monkeypatch)
    monkeypatch.chdir(folder)
    monkeypatch.delenv(trial_store.VARIABLE)
    for name, where in VARIABLES.items():
        monkeypatch.setenv(name, str(folder / where))

    def stand(place):
        name, below = PLACES[place]
        forbid(folder / name, below=below)
        return folder

    with ordinary_user():
        yield stand
    for path in (folder, *folder.rglob("*")):
        path.chmod(path.stat().st_mode | 0o200)  # for whoever removes it


@pytest.mark.parametrize("place", PLACES)
def test_each_command_works_or_tells(forbidden_in, capsys, place):
    forbidden_in(place)
    wrong = {}
    for command in COMMANDS:
        code = main(command.split())
        said = "".join(capsys.readouterr())
        told = code == 0 or (code in (1, 2) and TOLD.search(said))
        if not told or any(text in said for text in NEVER):
            wrong[command] = code, said
    assert wrong == {}


def test_the_app_shows_what_there_is(forbidden_in):
    assert app(forbidden_in("everything")) is None


def test_the_test_forbids_for_real(forbidden_in):
    folder = forbidden_in("everything")
    with pytest.raises(PermissionError):
        (folder / "file").touch()
