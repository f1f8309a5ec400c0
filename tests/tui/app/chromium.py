"""Chromium without a window, driven by the protocol of its developer tools."""

import asyncio
import base64
import contextlib
import itertools
import json
import re
import shutil
import time

import aiohttp

PROGRAM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
LONGEST_S = 200
SIZE = (1000, 620)  # pixels: about 110 × 36 cells
KEYS = {
    "Enter": {"key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 13, "text": "\r"},
    "Escape": {"key": "Escape", "code": "Escape", "windowsVirtualKeyCode": 27},
    "ArrowDown": {"key": "ArrowDown", "code": "ArrowDown", "windowsVirtualKeyCode": 40},
}


class UnavailableError(Exception):
    """The browser does not start on this machine."""


class Tab:
    """A page of the browser: what it does is asked for, what happens to it comes by itself."""

    def __init__(self, socket, session):
        self._socket, self._session = socket, session
        self._numbers, self._answers = itertools.count(1), {}
        self.frames, self.downloads, self.refused = bytearray(), asyncio.Queue(), []
        self.came = asyncio.Event()  # bytes for the terminal
        self._reading = asyncio.create_task(self._read())

    async def _read(self):
        async for message in self._socket:
            reply = json.loads(message.data)
            if "id" in reply:
                self._answers.pop(reply["id"]).set_result(reply)
                continue
            what, facts = reply["method"], reply.get("params", {})
            if what == "Network.webSocketFrameReceived":
                sent = facts["response"]
                data = sent["payloadData"]
                self.frames += base64.b64decode(data) if sent["opcode"] == 2 else data.encode()
                self.came.set()
            elif what == "Browser.downloadProgress" and facts["state"] == "completed":
                self.downloads.put_nowait(facts["guid"])
            elif what == "Network.responseReceived" and facts["response"]["status"] >= 400:
                self.refused.append(facts["response"]["status"])

    async def ask(self, method, **parameters):
        number = next(self._numbers)
        self._answers[number] = asyncio.get_running_loop().create_future()
        message = {"id": number, "method": method, "params": parameters}
        await self._socket.send_json({**message, "sessionId": self._session} if self._session else message)
        answer = await asyncio.wait_for(self._answers[number], LONGEST_S)
        assert "error" not in answer, answer
        return answer["result"]

    async def open(self, address):
        await self.ask("Page.navigate", url=address)

    async def reads(self, text):
        """Wait until the page itself, terminal apart, has the text in sight."""
        look = f"document.body?.innerText.includes({json.dumps(text)}) ? done() : setTimeout(look, 50)"
        wait = f"new Promise(done => {{ const look = () => {look}; look() }})"
        await self.ask("Runtime.evaluate", expression=wait, awaitPromise=True)

    async def press(self, key):
        facts = KEYS.get(key) or {"key": key, "text": key, "unmodifiedText": key}
        for kind in ("keyDown", "keyUp"):
            await self.ask("Input.dispatchKeyEvent", type=kind, **facts)

    async def type(self, text):
        for character in text:
            await self.press(character)

    async def shows(self, *texts):
        """Wait until the terminal was sent each text since the last `forget`."""
        async with asyncio.timeout(LONGEST_S):
            while not all(text.encode() in self.frames for text in texts):
                self.came.clear()
                await self.came.wait()

    def forget(self):
        self.frames.clear()

    async def picture(self):
        return base64.b64decode((await self.ask("Page.captureScreenshot"))["data"])

    async def key_to_picture_s(self, key):
        """Seconds from a key to the frame that the browser draws once an answer has come."""
        self.came.clear()
        begun = time.perf_counter()
        await self.press(key)
        await asyncio.wait_for(self.came.wait(), LONGEST_S)
        drawn = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
        await self.ask("Runtime.evaluate", expression=drawn, awaitPromise=True)
        return time.perf_counter() - begun


@contextlib.asynccontextmanager
async def tab(folder):
    """A fresh browser with one tab; what it downloads lies in `folder`."""
    (folder / "profile").mkdir(parents=True)
    process = await asyncio.create_subprocess_exec(
        PROGRAM, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
        "--no-first-run", "--disable-background-networking", f"--window-size={SIZE[0]},{SIZE[1]}",
        "--remote-debugging-port=0", f"--user-data-dir={folder / 'profile'}", "about:blank",
        stderr=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    draining = None
    try:
        async with asyncio.timeout(LONGEST_S):
            said = b""
            while not (found := re.search(rb"ws://\S+", said)):
                said = await process.stderr.readline()
                if not said:  # it has ended
                    raise UnavailableError(f"Chromium ended with exit code {await process.wait()}")
        draining = asyncio.create_task(process.stderr.read())
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(found[0].decode(), max_msg_size=0) as socket,
        ):
            browser = Tab(socket, "")
            await browser.ask(
                "Browser.setDownloadBehavior",
                behavior="allowAndName", downloadPath=str(folder), eventsEnabled=True,
            )  # fmt: skip
            target = (await browser.ask("Target.createTarget", url="about:blank"))["targetId"]
            opened = await browser.ask("Target.attachToTarget", targetId=target, flatten=True)
            browser._session = opened["sessionId"]
            for room in ("Page", "Network", "Runtime"):
                await browser.ask(f"{room}.enable")
            await browser.ask("Emulation.setFocusEmulationEnabled", enabled=True)
            yield browser
            browser._reading.cancel()
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()
        if draining:
            await draining
