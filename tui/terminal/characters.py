"""Characters for terminals that show no more than ASCII: which these are, and what stands for the others.

Each character is replaced by one of the same width, so that what is laid out stays in its place.
"""

from __future__ import annotations

import codecs
import os
import subprocess
import unicodedata
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import TextIO

ASCII = "QUANTDECK_ASCII"  # 1: plain characters, 0: all; without it the terminal decides
CHARACTER_SET = "quantdeck-ascii"
POOR = (
    "dumb",
    "linux",
    "vt",
    "ansi",
    "cons25",
    "sun",
)  # so begin the names of terminals that lack most
LONGEST_S = 1.0  # tmux is asked for so long
# Where the nearest character is not the letter without its mark.
NEAREST = str.maketrans(
    "…→←↑↓↵·•×−–—₿€£¥≤≥≠≈±√∞ΔΣσμπ★☆✓✗●○◆■▪▸▶◂◀▲△▼▽ßøØłŁæÆ⌊⌋“”„‘’«»¦§°",  # noqa: RUF001
    '~><^v<|*x---BELY<>!~+vodSsmp**+xoo*##>><<^^vvsoOlLaA[]"""\'\'<>|So',
)
BRAILLE, EMPTY = range(0x2800, 0x2900), 0x2800
BLOCKS, BOX = range(0x2580, 0x25A0), range(0x2500, 0x2580)
FULL, FAINT = "▆▇█▓", "▒░"


def plain(text: str) -> str:
    """Text with the nearest ASCII for each character, in as many cells; line ends and controls stay."""
    if text.isascii() and "\x7f" not in text:
        return text
    return "".join(character if character < "\x7f" else nearest(character) for character in text)


@lru_cache(maxsize=4096)
def nearest(character: str) -> str:
    """What stands for a character: as many of ASCII as it takes cells, none for a mark on another one."""
    from rich.cells import cell_len

    width, code = cell_len(character), ord(character)
    if code in BRAILLE:
        return " " if code == EMPTY else "*"
    if code in BLOCKS:
        return "#" if character in FULL else "." if character in FAINT else " "
    if code in BOX:
        return "-" if character in "─━╌╍┄┅┈┉═" else "|" if character in "│┃╎╏┆┇┊┋║" else "+"
    found = character.translate(NEAREST)
    if found == character:
        found = unicodedata.normalize("NFKD", character)
    found = "".join(each for each in found if " " <= each <= "~")
    return found[:width] if len(found) >= width else "?" * width


def encode(text: str, errors: str = "strict") -> tuple[bytes, int]:  # noqa: ARG001  nothing can go wrong
    """Bytes of text in our character set."""
    return plain(text).encode("ascii"), len(text)


class Encoder(codecs.IncrementalEncoder):
    """The same, piece by piece."""

    def encode(self, text: str, final: bool = False) -> bytes:  # noqa: ARG002
        """Bytes of a piece."""
        return encode(text)[0]


def search(name: str) -> codecs.CodecInfo | None:
    """Our character set, for Python's register of them."""
    if name.replace("_", "-") != CHARACTER_SET:
        return None
    return codecs.CodecInfo(
        encode, codecs.ascii_decode, name=CHARACTER_SET, incrementalencoder=Encoder,
        incrementaldecoder=codecs.getincrementaldecoder("ascii"),
    )  # fmt: skip


codecs.register(search)


def wants_plain(stream: TextIO) -> bool:
    """Whether plain characters alone go there: as was said, or since it is a terminal without others."""
    said = os.environ.get(ASCII, "")
    return said != "0" if said else stream.isatty() and bool(lacking())


@lru_cache
def lacking() -> str:
    """Why the terminal cannot show more than ASCII, as far as it can be known; empty if it can."""
    return why_plain(os.environ, started_with())


def why_plain(now: Mapping[str, str], before: Mapping[str, str]) -> str:
    """The same, from variables now and before Python, which changes LC_CTYPE in the C locale."""
    if (terminal := now.get("TERM", "")).startswith(POOR):
        return f"TERM is {terminal}"
    given = dict(now)
    if before and given.get("LC_CTYPE") != before.get("LC_CTYPE"):
        given["LC_CTYPE"] = before.get("LC_CTYPE", "")
    name = next((each for each in ("LC_ALL", "LC_CTYPE", "LANG") if given.get(each)), "")
    if name and "utf" not in given[name].lower():
        return f"{name} is {given[name]}"
    return "tmux was started without UTF-8" if now.get("TMUX") and not tmux_shows_all() else ""


def started_with() -> Mapping[str, str]:
    """The variables that this process was handed; empty where the system does not tell."""
    try:
        listed = Path("/proc/self/environ").read_text(errors="replace").split("\0")
    except OSError:
        return {}
    return dict(each.split("=", 1) for each in listed if "=" in each)


def tmux_shows_all() -> bool:
    """Whether the client of the tmux around us takes UTF-8; yes where it does not say."""
    command = ["tmux", "display-message", "-p", "#{client_utf8}"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=LONGEST_S, check=False)
    except (OSError, subprocess.SubprocessError):
        return True
    return answer.stdout.strip() != "0"
