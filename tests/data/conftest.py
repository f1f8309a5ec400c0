"""What the tests of this room share."""

from contextlib import AsyncExitStack

import pytest_asyncio


@pytest_asyncio.fixture
async def stack():
    """Servers and clients entered here are closed after the test."""
    async with AsyncExitStack() as stack:
        yield stack
