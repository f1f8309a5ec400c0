"""A field to type into that takes all keys in the order in which they come."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from textual.widgets import Input

if TYPE_CHECKING:
    from textual import events


class Entry(Input):
    """Over a slow line many keys arrive at once. Textual's own field would put the letters in and only then,
    by way of the app, delete or move as the keys before them said.
    """

    async def on_key(self, event: events.Key) -> None:
        """Delete and move at once."""
        for binding in self._bindings.key_to_bindings.get(event.key, ()):
            event.stop()
            event.prevent_default()
            await self.run_action(binding.action)

    async def typed(self) -> str:
        """The text, once all keys are in it that have been pressed so far."""
        taken = asyncio.Event()
        if self.call_later(taken.set):
            await taken.wait()
        return self.value
