"""The form of a text table: its encoding, what separates its cells, its header, where its rows begin.

What the columns mean is told elsewhere (engine.data.importing.layouts).
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from dataclasses import dataclass, field

from engine.data.importing.budget import refuse_wide
from engine.data.importing.code_pages import decoded_as
from engine.data.importing.hints import UnclearError
from engine.data.importing.names import SUMMARY
from engine.data.importing.spellings import in_common_spelling

HEAD = 1 << 16  # bytes that tell the form
DELIMITERS = "\t|^~;,"  # a comma may be a decimal mark, so it is asked last
MARKS = {b"\xef\xbb\xbf": "UTF-8", b"\xff\xfe": "UTF-16-LE", b"\xfe\xff": "UTF-16-BE"}  # of byte order
MARKS_INSIDE = b"\xef\xbb\xbf"
WHOLE_LINE = re.compile(rb'"[^"\r\n]*[,;\t|][^"\r\n]*"(?=\s|$)')
NUMBER = re.compile(r"[-+(]?\s*[$€£¥]?\s*[-+]?(\d[\d.,'  ]*|\.\d+)([eE][+-]?\d{1,3})?\s*[%KMBTkmbt€$)]?")
DATE = re.compile(
    r"\d{1,4}[-/.]\d{1,2}([-/.]\d|$)|\d{1,2}[-/. ]?[A-Za-z]{3,9}[-/., ]+\d{2,4}|"
    r"([A-Za-z]{3,9},? )?[A-Za-z]{3,9}\.? \d{1,2},? \d{4}|\d{8}[ T_-]\d{2,6}|\d{1,2}:\d{2}|"
    r"\d{4}-[A-Za-z]{3}-\d"
)
WEB_PAGE = re.compile(r"<(!|(\?xml|html|head|body|meta|script|rss|feed|div|table|error)\b)", re.IGNORECASE)

STATEMENT = re.compile(r"\s*INSERT\s+(IGNORE\s+)?INTO\b", re.IGNORECASE)
MOST_ABOVE = 500  # lines before the first statement of a dump

MOSTLY = 0.8  # a share of lines
MOST_BROKEN = 12  # lines of one cell
ENOUGH = 600  # lines
FEW = 10  # rows that tell how long a cell is


@dataclass(frozen=True)
class Form:
    """How a text table is written."""

    encoding: str
    delimiter: str
    header: tuple[tuple[str, ...], ...]  # its lines, each of `width` cells; none: the file has no header
    rows: tuple[tuple[str, ...], ...]  # the first rows, each of `width` cells
    width: int  # columns of a row
    start: int  # bytes before the first row
    stop: int = field(default=0, kw_only=True)  # and before what follows the last one; 0: nothing does
    quoted: bool  # whether a quotation mark stands in the first rows
    above: tuple[str, ...] = ()  # lines above the rows that are no names
    cut: str = ""  # the last line, if it has no end and its last cell is shorter than any other


def decoded(content: bytes) -> tuple[bytes, str]:
    """The content as UTF-8 without a byte order mark, and its encoding. Raises ValueError for no text."""
    marked = next((mark for mark in MARKS if content.startswith(mark)), b"")
    encoding = MARKS[marked] if marked else encoding_of(content)
    content = content[len(marked) :]
    try:
        if encoding != "UTF-8":
            content = content.decode(encoding).encode()
        elif not content.isascii():
            content.decode()
    except UnicodeDecodeError:
        if encoding != "UTF-8":
            raise UnclearError(f"is damaged: it begins as {encoding} and does not go on so") from None
        text, encoding = decoded_as(content)
        content = text.encode()
    content = content.rstrip(b"\0\x1a")  # with which old programs fill a file's last block
    if b"\0" in content[:HEAD] or content.startswith(b"\x1a"):
        raise UnclearError("is binary, not a table of text")
    if b"\r" in content[:HEAD] and b"\n" not in content[:HEAD]:
        content = content.replace(b"\r", b"\n")
    if MARKS_INSIDE in content:  # files that were put together
        content = content.replace(MARKS_INSIDE, b"")
    return in_common_spelling(unquoted(content)), encoding


def unquoted(content: bytes) -> bytes:
    """The content without the quotation marks around each of its lines, where these are all of them."""
    if not WHOLE_LINE.match(content):
        return content
    lines = content.splitlines()
    if not all(not line.strip() or WHOLE_LINE.fullmatch(line.strip()) for line in lines):
        return content
    return b"\n".join(line.strip()[1:-1] for line in lines) + b"\n"


def encoding_of(content: bytes) -> str:
    """UTF-16 without a mark is told by its zero bytes."""
    head = content[:1000]
    if len(head) > 3 and head.count(b"\0") > len(head) / 3:
        return "UTF-16-LE" if head[1::2].count(b"\0") > head[::2].count(b"\0") else "UTF-16-BE"
    return "UTF-8"


def form_of(content: bytes, encoding: str, *, whole: bool = True) -> Form:
    """The form of a text table in UTF-8, from its first lines; `whole`: the content is not the start alone.

    Raises ValueError that says what it is.
    """
    head = content[:HEAD]
    lines = head.splitlines(keepends=True)
    if len(head) < len(content):
        lines = lines[:-1]  # the last one is cut
        if not lines:
            raise UnclearError(f"begins with a line of more than {HEAD:,} characters")
    lines = enough_of(whole_lines(lines))
    texts = [line.decode(errors="replace").rstrip("\r\n") for line in lines]
    refuse_others(head, texts)
    said = re.fullmatch(r'"?sep=(.)"?', texts[0].strip(), re.IGNORECASE)
    asked = said[1] if said else DELIMITERS
    candidates = [texts[place] for place in range(len(texts)) if not is_comment(texts[place])]
    delimiter, width = delimiter_of(candidates, asked)
    table = [cells_of(text, delimiter) for text in texts]
    heads = (place for place, cells in enumerate(table) if is_head(cells, width, texts[place]))
    first = next(heads, len(table))
    place = first_row(table, first)
    between = [number for number in range(first, place) if not is_comment(texts[number])]
    header = [table[number] for number in between if abs(len(table[number]) - width) <= 1]
    hashed = [] if header else header_behind_hash(texts[:place], delimiter, width)
    header = header or hashed
    rows = [cells for cells in table[place:] if len(cells) == width]
    if rows and first and not header and (cells := other_width(table[:first], texts)):
        marked = "; decimal commas have to be quoted" if delimiter == "," else ""
        raise UnclearError(f"has rows of {width} cells under a header of {cells}{marked}")
    if not rows and len(head) < len(content):
        raise UnclearError(f"has no row that ends within its first {HEAD:,} characters")
    if not rows:
        raise UnclearError("has a header and no rows")
    refuse_wide(width)
    names = tuple(fitted(cells, rows, width) for cells in header)
    start = sum(map(len, lines[:place]))
    quoted = any('"' in text for text in texts)
    above = tuple(
        text
        for number, text in enumerate(texts[: place - len(hashed)])
        if is_comment(text) or (number != max(between, default=place) and sum(map(bool, table[number])) <= 2)
    )
    cut = last_line(content, delimiter, rows[:500]) if whole else ""
    return Form(encoding, delimiter, names, tuple(rows[:500]), width, start, quoted, above, cut)


def first_row(table: list[tuple[str, ...]], first: int) -> int:
    """Which of these lines, from `first` on, is the first row; their number if none is.

    Offices of statistics write what a series is above it, as `Release date, 17-01-2024`: words before a cell,
    where the rows begin with numbers.
    """
    place = next((at for at in range(first, len(table)) if is_row(table[at])), len(table))
    begins = [cells[0][:1].isdigit() for cells in table[place:] if cells]
    if sum(begins) < MOSTLY * len(begins):
        return place
    while place < len(table) and is_said(table[place]):
        place += 1
    return place


def is_said(cells: tuple[str, ...]) -> bool:
    """Whether a line says something of the series: words, and a cell at most; no sum of other rows."""
    words = re.fullmatch(r"[^\W\d][^\d]*", cells[0]) if cells else None
    return not any(cells) or bool(words and sum(map(bool, cells)) <= 2 and not SUMMARY.fullmatch(cells[0]))


def enough_of(lines: list[bytes]) -> list[bytes]:
    """The first lines, which tell the form, if any of them may be a row."""
    first = lines[:ENOUGH]
    rows = any(line[:1].isdigit() and not is_comment(line.decode(errors="replace")) for line in first)
    return first if rows else lines


def whole_lines(lines: list[bytes]) -> list[bytes]:
    """The lines, those in one over which a quoted cell goes; of a mark that stays open each by itself."""
    kept: list[bytes] = []
    pending: list[bytes] = []
    for line in lines:
        pending.append(line)
        if b"".join(pending).count(b'"') % 2 == 0:
            kept.append(b"".join(pending))
        elif len(pending) < MOST_BROKEN:
            continue
        else:
            kept += pending
        pending = []
    return kept + pending


def header_behind_hash(texts: list[str], delimiter: str, width: int) -> list[tuple[str, ...]]:
    """The last line above the rows if it is a comment with as many words as they have cells, as NumPy's."""
    if not texts or not (found := re.match(r"\s*#+\s*(?=\S)", texts[-1])):
        return []
    cells = cells_of(texts[-1][found.end() :], delimiter)
    return [cells] if len(cells) == width and all(re.search(r"[^\W\d]", cell) for cell in cells) else []


def last_line(content: bytes, delimiter: str, rows: list[tuple[str, ...]]) -> str:
    """The last line if it has no end and its last cell is shorter than that of any row (C,); else empty."""
    if content.endswith(b"\n") or len(rows) < FEW:
        return ""
    line = content[content.rfind(b"\n") + 1 :].decode(errors="replace")
    cells = cells_of(line, delimiter)
    others = [row[-1] for row in rows if row != cells]
    shortest = min(map(len, others), default=0)
    return line if len(cells) == len(rows[0]) and len(cells[-1]) < shortest else ""


def refuse_others(head: bytes, texts: list[str]) -> None:
    """ValueError for what is no table at all."""
    start = head.decode(errors="replace").lstrip()
    if not start:
        raise UnclearError("is empty")
    if WEB_PAGE.match(start):
        raise UnclearError("is a web page (HTML or XML), not a table")
    if any(STATEMENT.match(text) for text in texts[:MOST_ABOVE]):
        raise UnclearError(
            "holds SQL statements (INSERT INTO), not a table; write the rows of the query as CSV"
        )
    if start[0] == "{" or (start[0] == "[" and start[1:2] in '{["'):
        raise UnclearError("is JSON, not a table")
    if all(is_comment(text) for text in texts):
        raise UnclearError("has no rows")


def is_comment(line: str) -> bool:
    """Whether a line is none of the table: blank, a comment, or the publisher's address."""
    if line[:1].isdigit():  # as nearly all do
        return "://" in line
    if re.match(r'\s*"?#"?\s*[,;\t|]\s*\S', line):  # the name of row numbers
        return False
    return (
        not line.strip(" ,;\t\ufeff")
        or line.lstrip().startswith(("#", "//"))
        or "://" in line
        or (re.fullmatch(r'"?sep=."?', line.strip(), re.IGNORECASE) is not None)
        or (re.fullmatch(r"[-+=|:,;\s]*(--|==)[-+=|:,;\s]*", line) is not None)  # a rule below the names
    )


def delimiter_of(lines: list[str], asked: str) -> tuple[str, int]:
    """What separates the cells, and how many a row has. Raises ValueError if nothing does.

    The first of the possible delimiters that gives nine of ten lines one number of cells.
    """
    best: tuple[float, str, int] = (0.0, "", 0)
    plain = [line for line in lines if '"' not in line]
    quoted = [line for line in lines if '"' in line]
    for delimiter in asked:
        widths = Counter([line.count(delimiter) + 1 for line in plain])
        widths.update(len(cells_of(line, delimiter)) for line in quoted)
        if (only_one := widths.pop(1, 0)) == len(lines) or not widths:
            continue
        width, count = max(widths.items(), key=lambda item: (item[1], item[0]))
        share = count / (sum(widths.values()) + only_one)
        if share >= 0.9:
            return delimiter, width
        best = max(best, (share, delimiter, width))
    if not best[1]:
        raise UnclearError("is no table: its lines have no comma, semicolon, tab or pipe")
    return best[1], best[2]


def cells_of(line: str, delimiter: str) -> tuple[str, ...]:
    """The cells of one line."""
    if '"' not in line:
        return tuple(cell.strip() for cell in line.split(delimiter))
    try:
        return tuple(cell.strip() for cell in next(csv.reader(io.StringIO(line), delimiter=delimiter)))
    except (csv.Error, StopIteration):
        return ()


def is_head(cells: tuple[str, ...], width: int, line: str) -> bool:
    """Whether the table begins with this line: its header may be one cell shorter or longer than a row."""
    filled = sum(bool(cell) for cell in cells)  # titles are padded with empty cells by spreadsheets
    return not is_comment(line) and len(cells) > 1 and abs(len(cells) - width) <= 1 and 2 * filled >= width


def other_width(lines: list[tuple[str, ...]], texts: list[str]) -> int:
    """The cells of a header above the rows that has not their number; 0 if there is none."""
    heads = (cells for cells, text in zip(lines, texts, strict=False) if not is_comment(text))
    return next((len(cells) for cells in heads if len(cells) > 1 and not is_row(cells)), 0)


def is_row(cells: tuple[str, ...]) -> bool:
    """Whether a line holds values: a number or a date stands in it."""
    return any(NUMBER.fullmatch(cell) or DATE.match(cell) for cell in cells)


def fitted(header: tuple[str, ...], rows: list[tuple[str, ...]], width: int) -> tuple[str, ...]:
    """A line of the header with as many cells as the rows have.

    A shorter one lacks the name of the first column, as row names do, or of an empty last one.
    """
    if len(header) < width:
        trailing = all(not row[-1] for row in rows)
        return (*header, "") if trailing else ("", *header)
    return header[1:] if len(header) > width and header[0] == "#" else header[:width]
