"""Text that is no Unicode: the code page in which most of its words are names that files have."""

from __future__ import annotations

import functools
import re

from engine.data.importing.months import MONTHS
from engine.data.importing.names import (
    BASE_VOLUME,
    CLOCK_NAMES,
    PLAIN_VOLUME,
    PRICE_NAMES,
    SYMBOL_NAMES,
    TIME_NAMES,
    plain,
)

GUESSED = "cp1252"  # where no page has known words
PAGES = (  # in this order where several have as many, as GB 18030 has all words of others in part
    GUESSED, "gb18030", "cp1251", "cp932", "cp949", "big5", "cp1250", "cp1254", "cp1253", "koi8-r", "cp1255",
    "cp1256", "cp1257", "cp1258", "cp874", "cp866", "cp850",
)  # fmt: skip
CELL = re.compile(r"[,;\t|\r\n\"]+")
WORD = re.compile(r"[^\W\d_]+")
HEAD = 1 << 13  # bytes whose words tell


def decoded_as(content: bytes) -> tuple[str, str]:
    """The text of bytes that are no UTF-8, and its code page: GUESSED unless another one has more words.

    Letters that a page has not are U+FFFD.
    """
    head = content[:HEAD]
    head = head[: head.rfind(b"\n") + 1] or head
    page = max(PAGES, key=lambda each: known_words(head, each))  # the first of several
    try:
        return content.decode(page), page
    except UnicodeDecodeError:
        return content.decode(GUESSED, "replace"), GUESSED


def known_words(head: bytes, page: str) -> int:
    """How many cells, and words of them, are names of columns or months that are not written in ASCII."""
    try:
        text = head.decode(page)
    except UnicodeDecodeError:
        return 0
    cells = {plain(cell) for cell in CELL.split(text) if not cell.isascii()}
    words = {word.lower() for word in WORD.findall(text) if not word.isascii()}
    return len(cells & names()) + len(words & (MONTHS.keys() | names()))


@functools.cache
def names() -> frozenset[str]:
    """The plain names of columns that are known, without those in ASCII."""
    prices = (name for also in PRICE_NAMES.values() for name in also)
    known = (*TIME_NAMES, *CLOCK_NAMES, *prices, *BASE_VOLUME, *PLAIN_VOLUME, *SYMBOL_NAMES)
    return frozenset(name for name in known if not name.isascii())
