"""Answers that nobody foresaw: a good one with parts of it replaced, dropped, doubled or nested."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    import random

    from tests.data.exchanges.server import Fault

ODD = (
    None, True, False, 0, -1, 1.5, 10**400, -(10**30), 2**63, 2**64, 1e308, -0.0, "", " ", "0", "-", "NaN",
    "nan", "Infinity", "1e999", "0x10", "1_0", "١٢", "\x00", "\x1b[31m", "é" * 50, "9" * 400, [], {}, [[]],
    [None], {"": {}}, [[[[[]]]]],
)  # fmt: skip
LITERALS = (
    "NaN",
    "Infinity",
    "-Infinity",
    "1e999",
    "-1e999",
    "00",
    "1." + "9" * 400,
    "9" * 5000,
    "[" * 100_000,
)
HEADERS = (
    ("Date", "Mon, 1 Jan 99999999999999999999 00:00:00 GMT"), ("Date", "Thu, 01 Jan 1970 00:00:00 GMT"),
    ("Date", "Fri, 31 Dec 9999 23:59:59 GMT"), ("Date", "Mon, 01 Jan 0001 00:00:00 -9959"), ("Date", "é"),
    ("Retry-After", "9" * 400), ("Retry-After", "-1"), ("Retry-After", "1e9"), ("Retry-After", "٣"),
    ("Retry-After", "Fri, 31 Dec 9999 23:59:59 GMT"), ("Retry-After", "Mon, 1 Jan 0 0:0:0 GMT"),
    ("Content-Type", "application/json; charset=no-such"), ("Content-Type", "text/html; charset=utf-16"),
    ("Content-Type", ";;;"), ("Content-Encoding", "identity"), ("X-Odd", "\t"),
)  # fmt: skip
STATUSES = (200, 200, 200, 200, 201, 204, 400, 404, 418, 429, 500, 503, 599, 999)


def mutated(rng: random.Random) -> Fault:
    """An answer with one to four faults."""

    async def answer(request: web.Request, well: object) -> web.StreamResponse:
        del request
        changed = well
        for _ in range(rng.randint(0, 3)):
            changed = spoilt(changed, rng)
        text = json.dumps(changed)
        if rng.random() < 0.3:
            text = torn(text, rng)
        headers = dict(rng.sample(HEADERS, rng.choice((0, 0, 1, 2))))
        headers.setdefault("Content-Type", "application/json")
        return web.Response(body=text.encode(), status=rng.choice(STATUSES), headers=headers)

    return answer


def spoilt(value: object, rng: random.Random) -> object:
    """The same with one part of it changed, at any depth."""
    if rng.random() < 0.15 or not isinstance(value, list | dict) or not value:
        return rng.choice(ODD)
    places = list(value) if isinstance(value, dict) else range(len(value))
    place = rng.choice(places)
    whole = dict(value) if isinstance(value, dict) else list(value)
    change = rng.random()
    if change < 0.15:
        del whole[place]
    elif change < 0.25 and isinstance(whole, list):
        whole.insert(place, whole[place])
    elif change < 0.3:
        whole[place] = [whole[place]]
    else:
        whole[place] = spoilt(whole[place], rng)
    return whole


def torn(text: str, rng: random.Random) -> str:
    """The text with a number replaced by what JSON has no number for, cut, or with bytes in between."""
    at = rng.randrange(len(text) + 1)
    match rng.randrange(4):
        case 0:
            return text[:at]
        case 1:
            return text[:at] + rng.choice(LITERALS) + text[at:]
        case 2:
            return text[:at] + chr(rng.randrange(0x20, 0x3000)) + text[at + 1 :]
    return text + text
