"""Text tables as spreadsheets, R and other scripts write them, in the form that the parser reads.

Cells and their numbers stay what they were; only digits of other scripts, the marks that say that a cell is
text, and runs of blanks between columns are written otherwise.
"""

from __future__ import annotations

import re
import unicodedata

from engine.data.importing.fixed_width import separated

PARTS = b",;\t|^~"  # what separates cells
TEXT_CELL = re.compile(rb'="([^"\r\n]*)"')  # as a spreadsheet keeps a number from being one
QUOTED_ONCE = re.compile(rb"(?m)(^|[,;\t|])'([^',;\t|\r\n]*)'(?=[,;\t|\r\n]|\Z)")
APOSTROPHE = re.compile(rb"(?m)(^|[,;\t|])'(?=[-+.\d])")
BLANKS = re.compile(rb'("[^"\r\n]*")|[ ]+')
EDGES = re.compile(rb"(?m)^ +| +(?=\r?$)")
FORMS = range(0xFF01, 0xFF5F)  # full-width forms of ASCII, so far behind it
BEHIND = 0xFEE0
ZERO_WIDTH = dict.fromkeys((0xAD, *range(0x200B, 0x2010), 0x2060), "")
MARKS = {**ZERO_WIDTH, 0x2212: "-", 0x066B: ".", 0x066C: ",", 0xFFE5: "\xa5", 0x060C: ",", 0xFF0C: ","}
FEWEST = 4  # columns of a table that blanks separate
LINES = 20  # that tell it


def in_common_spelling(content: bytes) -> bytes:
    """The content, UTF-8, as above; itself where nothing is to be changed."""
    if not content.isascii():
        content = with_ascii_digits(content)
    if b'="' in content:
        content = TEXT_CELL.sub(rb"\1", content)
    if b"'" in content:
        content = APOSTROPHE.sub(rb"\1", QUOTED_ONCE.sub(rb"\1\2", content))
    if in_blanks(content) and (cells := separated(content)) is not None:
        content = cells
    elif by_blanks(content):
        content = BLANKS.sub(lambda found: found[1] or b"\t", EDGES.sub(b"", content))
    return content


def is_to_be_changed(head: bytes) -> bool:
    """Whether a table that begins so, in ASCII, is one that `in_common_spelling` changes."""
    return b'="' in head or b"'" in head or in_blanks(head) or by_blanks(head)


def in_blanks(content: bytes) -> bool:
    """Whether lines have several numbers of words and nothing but blanks between them."""
    lines = [line for line in content[:4000].split(b"\n") if line.strip()][:FEWEST]
    if len(lines) < FEWEST or content.lstrip()[:1] in (b"<", b"{", b"["):
        return False
    if any(PARTS[at : at + 1] in line for line in lines for at in range(len(PARTS))) or not content.isascii():
        return False
    return len({len(line.split()) for line in lines}) > 1


def with_ascii_digits(content: bytes) -> bytes:
    """Digits of every script, and full-width letters and marks, as those of ASCII."""
    text = content.decode(errors="replace")
    changed = dict(MARKS)
    for letter in set(text):
        if ord(letter) in FORMS:
            changed.setdefault(ord(letter), chr(ord(letter) - BEHIND))
        elif ord(letter) > 127 and unicodedata.category(letter) == "Nd":
            changed[ord(letter)] = str(unicodedata.digit(letter))
    return text.translate(changed).encode() if set(map(chr, changed)) & set(text) else content


def by_blanks(content: bytes) -> bool:
    """Whether nothing but blanks separates the columns: all first lines have several cells, or one more."""
    lines = [line for line in content[:4000].splitlines()[:LINES] if line.strip()]
    lines = [line for line in lines[: LINES - 1] if not line.lstrip().startswith(b"#")]
    if len(lines) < 2 or content.lstrip()[:1] in (b"<", b"{", b"["):
        return False
    bare = [re.sub(rb'"[^"]*"', b"_", line) for line in lines]
    if any(mark in line for line in bare for mark in (PARTS[at : at + 1] for at in range(len(PARTS)))):
        return False
    widths = {len(line.split()) for line in bare[1:]}
    return len(widths) == 1 and min(widths) >= FEWEST and abs(len(bare[0].split()) - min(widths)) <= 1
