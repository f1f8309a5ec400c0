"""The app in a browser, over HTTP and its websocket: who gets in, what keys do, what a reader may not do."""

import asyncio
import contextlib
import json
import re
import subprocess
from urllib.parse import urlsplit

import aiohttp
import pytest

from engine.runs.home import Home
from engine.runs.launch import ask_stop, wait
from tests.tui.app.recorded import STATES, record
from tests.tui.app.terminals import QUANTDECK, environment

pytest.importorskip("textual_serve", reason="the extra `serve` is not installed")
QUESTION = b"\x1b[6n"
LONGEST_S = 200


@pytest.fixture
def home(tmp_path):
    home = Home(tmp_path / "home")
    home.path.mkdir()
    yield home
    for run in home.all():
        ask_stop(run)
        assert wait(run, 250)


@contextlib.contextmanager
def served(home, *options):
    """The server's address, with its token, while it goes on."""
    command = [*QUANTDECK, "--home", str(home.path), "serve", "--port", "0", *options]
    process = subprocess.Popen(
        command, cwd=home.path.parent, env=environment(home.path), stderr=subprocess.PIPE, text=True
    )
    try:
        yield re.search(r"http://\S+", process.stderr.readline())[0]
    finally:
        process.terminate()
        assert process.wait(30) == 0
        process.stderr.close()


class Page:
    """A page that is open: what it has been sent, and keys."""

    def __init__(self, socket):
        self.socket, self.sent, self.messages = socket, b"", []

    async def shows(self, *texts):
        """Read on until each text has come; each question where the cursor is is answered."""
        async with asyncio.timeout(LONGEST_S):
            while not all(text.encode() in self.sent for text in texts):
                message = await self.socket.receive()
                assert message.type in (aiohttp.WSMsgType.BINARY, aiohttp.WSMsgType.TEXT), self.sent[-500:]
                if message.type == aiohttp.WSMsgType.TEXT:
                    self.messages.append(json.loads(message.data))
                    continue
                self.sent += message.data.replace(QUESTION, b"")
                if QUESTION in message.data:
                    await self.press("\x1b[24;80R")

    async def press(self, keys):
        await self.socket.send_json(["stdin", keys])

    def forget(self):
        self.sent = b""


@contextlib.asynccontextmanager
async def page(address):
    """Open the page as a browser does: the cookie of the first answer opens the socket."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        async with session.get(address) as answer:
            text = await answer.text()
            assert answer.status == 200
            assert answer.headers["Referrer-Policy"] == "no-referrer"
        socket = re.search(r"ws://[^\"'\s]+", text)[0]
        async with session.ws_connect(f"{socket}?width=80&height=24") as opened:
            found = Page(opened)
            found.session = session
            yield found


async def refused(session, address, **options):
    async with session.get(address, **options) as answer:
        return answer.status == 403 and "token" in await answer.text()


async def test_who_has_no_token_or_a_wrong_one_or_comes_from_elsewhere_is_refused(home):
    with served(home) as address:
        root = address.partition("/?")[0]
        assert urlsplit(address).hostname == "127.0.0.1"
        async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
            longer = f"{address.removeprefix(root)}x"
            for path in ("/", "/?token=", "/?token=wrong", longer, "/ws", "/static/js/textual.js"):
                assert await refused(session, root + path), path
            port = urlsplit(address).port
            assert await refused(session, root, cookies={f"quantdeck-{port}": "wrong"})
            assert await refused(session, address, headers={"Origin": "http://elsewhere.example"})
            with pytest.raises(aiohttp.WSServerHandshakeError):
                await session.ws_connect(f"{root}/ws")
        async with page(address) as opened:
            await opened.shows("quantdeck", "no run live")
            async with opened.session.get(f"{root}/static/js/textual.js") as answer:
                assert answer.status == 200


async def test_keys_work_a_training_is_watched_and_a_page_that_is_closed_ends_no_run(home):
    with served(home) as address:
        async with page(address) as opened:
            await opened.shows("quantdeck")
            await opened.press("2")
            await opened.shows("No run yet")
            await opened.press("d")
            await opened.shows("epoch 1/8")
            run = home.find("last")
            (run.path / "go-1").touch()
            opened.forget()
            await opened.shows("\x1b[")  # what of the picture differs comes by itself
        async with page(address) as again:
            await again.shows(run.id, "epoch 2/8")


async def test_a_file_that_is_written_is_handed_to_the_browser(home):
    record(home, "3f2a0001", STATES["done"][0])
    with served(home) as address:
        async with page(address) as opened:
            await opened.shows("quantdeck")
            await opened.press("2")
            await opened.shows("early-stopped")
            await opened.press("e")
            await opened.shows("Export to")
            await opened.press("\x15epochs.csv\r")
            async with asyncio.timeout(LONGEST_S):
                while not opened.messages:
                    await opened.shows("\x1b[")
                    opened.forget()
            ((kind, key),) = opened.messages
            assert kind == "deliver_file_start"
            async with opened.session.get(f"{address.partition('/?')[0]}/download/{key}") as answer:
                rows = (await answer.text()).splitlines()
                assert "epochs.csv" in answer.headers["Content-Disposition"]
            assert rows[0].startswith("at,epoch,")
            assert len(rows) == 13


async def test_a_page_that_only_shows_starts_and_stops_nothing(home):
    with served(home) as address:
        async with page(address) as opened:
            await opened.shows("quantdeck")
            await opened.press("2")
            await opened.shows("No run yet")
            await opened.press("d")
            await opened.shows("epoch 1/8")
    run = home.find("last")
    before = sorted(path.name for path in home.runs.iterdir())
    with served(home, "--view") as address:
        async with page(address) as opened:
            await opened.shows(run.id)
            for screen in "241":
                opened.forget()
                await opened.press(screen)
                for key in "xydnDyNoRaiuUrPbwe{}":
                    await opened.press(key)
                await opened.press("?")
                await opened.shows("Keys of this screen")
                await opened.press("q")
    assert sorted(path.name for path in home.runs.iterdir()) == before
    assert not run.stop_path.exists()
    assert not any(path.name in ("note.txt", "stop") for path in home.path.rglob("*"))
