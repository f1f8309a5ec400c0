"""Times as programs of some countries and systems write them, in the common form that says the same."""

from __future__ import annotations

import re
from typing import Any

import pyarrow.compute as pc

CLOCK = r"\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?"
BLANKS = r"[\x{a0}\x{202f}\x{2009}]"
DASHES = r"[\x{2010}-\x{2015}\x{2212}\x{fe63}\x{ff0d}]"
HALVES = (  # of the day, each with the English word; behind or before the clock
    ("AM", r"上午|午前|오전|[Aa]\.? ?[Mm]\.|π\.? ?μ\.?|SA"),
    ("PM", r"下午|午後|오후|[Pp]\.? ?[Mm]\.|μ\.? ?μ\.?|CH"),
)
HALF = re.compile("|".join(words for _, words in HALVES))
REWRITTEN = (  # forms of a column's first cell, and the common form that says the same
    (r"^\\?/Date\((-?\d+)(?:[-+]\d{4})?\)\\?/$", r"\1"),
    (r"^(\d{1,2}:\d{2}(?::\d{2})?(?: ?[AaPp][Mm])?),? (\d.*)$", r"\2 \1"),
    (r"^[A-Za-zÀ-ÿ]{2,10}\.?,? (\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}.*)$", r"\1"),
    (r"^(.*:\d{2}) Uhr$", r"\1"),
    (r"^(\S+),? (?:klo|kl\.?|um|às|alle|a las|o) (\d.*)$", r"\1 \2"),
    (r"^(\d{1,2})\. (\d{1,2})\. (\d{4}|\d{2})", r"\1.\2.\3"),
    (r"^(\d{4}[-/.]\d{1,2}[-/.]\d{1,2})\.( .*)?$", r"\1\2"),
    (
        r"^(.*\d[-/.][^ ]*\d) (\d{1,2})\.(\d{2})\.(\d{2})((?:[.,]\d{1,9})?(?: ?[AaPp][Mm])?)$",
        r"\1 \2:\3:\4\5",
    ),
    (r"^(.*\d[-/.][^ ]*\d) (\d{1,2})\.(\d{2})( ?[AaPp][Mm])?$", r"\1 \2:\3\4"),
    (r"^(\d{4}-\d{2}-\d{2})[-_](\d{2})[-_](\d{2})$", r"\1 \2:\3"),
    (r"^(\d{4}-\d{2}-\d{2})[-_](\d{2})[-_](\d{2})[-_](\d{2})$", r"\1 \2:\3:\4"),
    (r"^(\d{4}) (\d{2}) (\d{2}) (\d{2}) (\d{2})$", r"\1-\2-\3 \4:\5"),
    (r"^(.*[/.-]\d{2,4} )(\d{1,2})h(\d{2})$", r"\1\2:\3"),
    (r"^(\d{4})[年년] ?(\d{1,2})[月월] ?(\d{1,2})[日일]", r"\1-\2-\3"),
    (r"^(\d{4})\. (\d{1,2})\. (\d{1,2})\.", r"\1-\2-\3"),
    (r"^(\d{4})([-/.]) (\d{1,2})[-/.] (\d{1,2})", r"\1-\3-\4"),
    (
        r"^[A-Za-z]{3} ([A-Za-z]{3}) +(\d{1,2}) ([\d:]{8}(?: [AP]M)?)((?: [A-Z][^ ]*| [-+]\d{4})?) (\d{4})$",
        r"\1 \2, \5 \3\4",
    ),
    (r"^(\d{1,2})\.? de (\S+?)\.? de (\d{4})", r"\1 \2 \3"),
    (r"^(\d{4})\.(\d{2})\.(\d{2})D(\d.*)$", r"\1-\2-\3 \4"),
    (r"^(\d{4}-.*[-+]\d{4}) [A-Z]{3,4}$", r"\1"),
    (r"^(\d{4}.*(?:[-+]\d{2}:\d{2}|Z))\[[A-Za-z_/]+\]$", r"\1"),
)


def in_common_form(text: Any) -> Any:
    """An Arrow array of trimmed text (N,), rewritten where its first cell is of one of these forms."""
    if not len(text):
        return text
    first = str(text[0])
    if not first.isascii() or HALF.search(first):
        text = pc.replace_substring_regex(text, BLANKS, " ")
        text = pc.replace_substring_regex(text, DASHES, "-")
        for english, words in HALVES:
            text = pc.replace_substring_regex(text, rf"(?:{words}) ?({CLOCK})$", rf"\1 {english}")
            text = pc.replace_substring_regex(text, rf"({CLOCK}) ?(?:{words})$", rf"\1 {english}")
    for pattern, rewritten in REWRITTEN:
        if re.match(pattern, str(text[0])):
            text = pc.replace_substring_regex(text, pattern, rewritten)
    return text
