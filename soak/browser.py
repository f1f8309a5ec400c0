"""How long a key in the browser takes to its picture: `python -m soak.browser [LOOKS]`."""

import asyncio
import statistics
import sys
import tempfile
from pathlib import Path

from engine.runs.home import Home
from tests.tui.app import chromium
from tests.tui.app.recorded import STATES, record
from tests.tui.app.test_serve import served

REST_S = 0.5
KEYS = "2413"


async def seconds(folder, looks):
    """Seconds of each key, a screen after the other."""
    home = Home(folder / "home")
    home.path.mkdir()
    record(home, "3f2a0001", STATES["done"][0])
    with served(home) as address:
        async with chromium.tab(folder / "browser") as tab:
            await tab.open(address)
            await tab.shows("quantdeck")
            found = []
            for number in range(looks):
                await asyncio.sleep(REST_S)
                found.append(await tab.key_to_picture_s(KEYS[number % len(KEYS)]))
            return found


def main(arguments):
    if not chromium.PROGRAM:
        print("browser: not measured, Chromium is not installed")
        return 0
    looks = int(arguments[0]) if arguments else 40
    with tempfile.TemporaryDirectory(prefix="soak-", ignore_cleanup_errors=True) as folder:
        try:
            found = asyncio.run(seconds(Path(folder), looks))
        except chromium.UnavailableError as why:
            print(f"browser: not measured, {why}")
            return 0
    worst = statistics.quantiles(found, n=20)[-1]
    print(f"browser: {looks} keys, median {statistics.median(found):.3f} s, 95th percentile {worst:.3f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
