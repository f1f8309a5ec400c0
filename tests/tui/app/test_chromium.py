"""The app in a real browser: it opens, keys work, a training is watched, a file comes, strangers stay out."""

import asyncio
import contextlib

import pytest

from tests.tui.app import chromium
from tests.tui.app.recorded import STATES, record
from tests.tui.app.test_serve import home, served  # noqa: F401  a fixture

pytestmark = pytest.mark.skipif(not chromium.PROGRAM, reason="Chromium is not installed")


@pytest.fixture
async def tab(tmp_path):
    """A tab of a browser that starts here."""
    async with contextlib.AsyncExitStack() as stack:
        try:
            opened = await stack.enter_async_context(chromium.tab(tmp_path / "browser"))
        except chromium.UnavailableError as why:
            pytest.skip(str(why))
        yield opened


async def test_a_browser_opens_it_watches_a_training_and_takes_a_file(home, tab, tmp_path):  # noqa: F811
    record(home, "3f2a0001", STATES["done"][0])
    with served(home) as address:
        await tab.open(f"{address}x")
        await tab.reads("Wrong token")
        assert not tab.frames
        assert 403 in tab.refused

        await tab.open(address)
        await tab.shows("quantdeck", "no run live")
        empty = await tab.picture()
        await tab.press("2")
        await tab.shows("early-stopped")
        assert await tab.picture() != empty

        await tab.press("e")
        await tab.shows("Export to")
        tab.forget()
        await tab.type(".csv")  # behind the name that is offered
        await tab.press("Enter")
        downloaded = await asyncio.wait_for(tab.downloads.get(), chromium.LONGEST_S)
        assert (tmp_path / "browser" / downloaded).read_text().startswith("at,epoch,")

        tab.forget()
        await tab.press("q")
        await tab.reads("Runs go on")


async def test_keys_need_no_click_and_a_training_is_watched(home, tab):  # noqa: F811
    with served(home) as address:
        await tab.open(address)
        await tab.shows("quantdeck")
        await tab.press("2")
        await tab.shows("No run yet")
        await tab.press("d")
        await tab.shows("epoch 1/8")
        run = home.find("last")
        tab.forget()
        (run.path / "go-1").touch()
        await tab.shows("\x1b[")  # what of the picture differs comes by itself
        await tab.open(address)
        await tab.shows(run.id, "epoch 2/8")
