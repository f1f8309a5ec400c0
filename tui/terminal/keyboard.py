"""Keys and pasted text one after the other, however many arrive at once.

Textual hands a key to the focused widget, and what no widget takes wanders up to the app. Keys that come
together, as after a pause of a slow line, would overtake each other: the letters after `/` would go to the
screen and be commands there, not to the field that `/` opens.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import time
from collections import deque
from itertools import takewhile
from typing import TYPE_CHECKING

from textual import events
from textual.widgets import Input

from tui.compat import ContainedApp
from tui.terminal.capabilities import fills_when_erasing

if TYPE_CHECKING:
    from collections.abc import Iterable

    from textual.message_pump import MessagePump

ROUNDS = 3  # a key, what its widget tells of it, what the widget around that makes of it
TIDY_S = 5.0  # between two looks for garbage among all that lives, which takes as long as a picture or two
GROWN = 10  # collections of what is younger, after which that is worth it
LONGEST_S = 2.0  # a screen or a widget that takes longer is not waited for


class Keyboard(ContainedApp):
    """An app that takes a key only when all is done that the one before it has brought about."""

    def __init__(self) -> None:
        """No key has come."""
        super().__init__(fills=fills_when_erasing())
        self._keys: deque[events.Key | events.Paste] = deque()
        self._typing: asyncio.Task[None] | None = None
        self._typed_at = 0.0

    def on_mount(self) -> None:
        """Look for garbage while no key is waited for."""
        self.set_interval(TIDY_S, self._tidy)

    def _tidy(self) -> None:
        if time.monotonic() - self._typed_at > TIDY_S and gc.get_count()[2] >= GROWN:
            gc.collect()

    async def on_event(self, event: events.Event) -> None:
        """Let keys and pasted text wait in line."""
        if isinstance(event, events.Key | events.Paste) and not event.is_forwarded:
            self._keys.append(event)
            self._typed_at = time.monotonic()
            if self._typing is None:
                self._typing = asyncio.create_task(self._type_in_turn())
        elif isinstance(event, events.CursorPosition):
            self.answered()
        else:
            if isinstance(event, events.Resize):
                self.repaint()
            await super().on_event(event)

    def takes(self, event: events.Key | events.Paste) -> bool:  # noqa: ARG002
        """Whether a key or pasted text means anything now; what does not is dropped."""
        return True

    async def _type_in_turn(self) -> None:
        try:
            while self._keys and not self.leaving:
                await self._take(self._keys.popleft())
        except Exception as error:  # noqa: BLE001  as Textual does for what its widgets meet
            self.meet(error)
        finally:
            self._typing = None

    async def _take(self, event: events.Key | events.Paste) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LONGEST_S):
                await passed([self.screen, self])  # the screen is there, and has said where the focus goes
        if not self.takes(event):
            return
        way = [*(self.focused or self.screen).ancestors_with_self]
        if isinstance(self.focused, Input) and (text := self._typed_by(event)):
            self.focused.post_message(events.Paste(text))
        else:
            await super().on_event(event)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LONGEST_S):
                for _ in range(ROUNDS):
                    await passed(way)

    def _typed_by(self, event: events.Key | events.Paste) -> str:
        """The characters that wait from this key on, for a field to take in one go; none for a key alone.

        A terminal that does not say what is pasted sends thousands of keys.
        """
        typed = [*takewhile(is_printable, (event, *self._keys))]
        if len(typed) < 2:
            return ""
        for _ in range(len(typed) - 1):
            self._keys.popleft()
        return "".join(key.character or "" for key in typed if isinstance(key, events.Key))


def is_printable(event: events.Key | events.Paste) -> bool:
    """Whether it is a key that stands for a character."""
    return isinstance(event, events.Key) and event.is_printable


async def passed(pumps: Iterable[MessagePump]) -> None:
    """Wait until each has taken, one after the other, what has been sent to it."""
    for pump in pumps:
        taken = asyncio.Event()
        if pump.call_later(taken.set):
            await taken.wait()
