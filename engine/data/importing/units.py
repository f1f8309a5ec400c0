"""What the name of a column says that its numbers are counted in, such as `Volume (thousands)`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from engine.data.importing.names import BASE_VOLUME, PLAIN_VOLUME

if TYPE_CHECKING:
    from collections.abc import Sequence

UNSURE = 0  # a multiple of which it is not certain whether it is one, or which
MULTIPLES = {
    100: "100 100s hundred hundreds 00 00s '00 100x 百 백",
    1_000: (
        "k thousand thousands thous 000s '000 000 '000s 1000 1000s 10^3 10³ 1e3 e3 tsd tausend milliers "
        "mille mila miles milhares tys tysięcy tis tisíc tusen tusental tusind bin тыс тысяч тисяч 千 천"
    ),
    10_000: "10000 10^4 1e4 10k 万 萬 만",
    100_000: "lakh lakhs lac lacs 100000 10^5 1e5",
    1_000_000: (
        "m mn mm mio mln million millions 1000000 10^6 10⁶ 1e6 e6 millionen millones milhões milioni milyon "
        "miljoner млн миллионов 百万 백만"
    ),
    10_000_000: "cr crs crore crores 10^7 1e7 千万 천만",
    100_000_000: "亿 億 억 10^8 1e8",
    1_000_000_000: "b bn mrd mld billion billions 10^9 10⁹ 1e9 e9 млрд",
}
FACTORS = {word: factor for factor, words in MULTIPLES.items() for word in words.split()}
FACTORS |= {"ten thousand": 10_000, "ten thousands": 10_000, "hundred thousand": 100_000}
ALONE = {"k", "m", "b", "l", "cr", "e3", "e6", "e9", "bin", "100"}  # no multiple for certain but in brackets
DOUBTFUL = {"mil", "l", "mbtc", "ubtc", "sat", "sats", "satoshi", "satoshis", "wei", "gwei"}
COUNTED = (
    r"in|em|en|de|di|w|в|x|×|\*|of|lots?|units?|shares?|contracts?|pieces|pcs|coins|stück|stk|szt|шт|акций|"
    r"acciones|titres|titoli|aktier|adet|株|股|주|手|db|szt"
)
WORDS = "|".join(
    re.escape(word).replace("_", "[ _]")
    for word in sorted({*PLAIN_VOLUME, *BASE_VOLUME, "share_volume"}, key=len, reverse=True)
)
BEHIND = re.compile(rf"(?i)(?P<core>{WORDS})\.?(?P<rest>(?![^\W_]).+)")
BEFORE = re.compile(rf"(?i)(?P<rest>.*[\s_)\]])(?P<core>{WORDS})\.?")
ABOVE = re.compile(
    rf"(?i)(?<![^\W_])(?:volumes|{WORDS})(?![^\W_])[^,;.\w]*(?:(?:are|is|given|shown|quoted) )*"
    r"(?:in|en|em|w|в|x|×|:|=|\()"
    r"\s*(?P<unit>[^;,.)]{1,30})"
)
PRICE_UNITS = re.compile(
    r"(?i)[(\[]\s*((?:us |euro )?cents?|pence|pennies|gbx|gbp?x|¢|sats?|satoshis?|in .*|[x×*/].*|'?000s?"
    r"|thousands|millions|ticks|points|pips)\s*[)\]]$"
)
BESIDE = re.compile(
    r"(?i)vol|turnover|amount|value|lots|qty|quantity|contracts|shares|trades|^(up|down)$|成交|额|出来高|売買|거래|"
    r"объ[её]м|оборот|колич|^wol|^obr[oó]t|^ilo[śs][cć]|hacim|umsatz|stück|objem|objętość"
)


def multiple_of(name: str) -> tuple[str, int]:
    """The name of a volume without the multiple beside it, and that multiple; 1 if it says none.

    UNSURE for what may be a multiple or not, such as `Volume K`, or of which it is not certain which it is.
    """
    text = name.strip(" \t<>\"'")
    for pattern in (BEHIND, BEFORE):
        if (found := pattern.fullmatch(text)) is not None:
            factor = factor_of(found["rest"].lower().strip())
            if factor != 1:
                return found["core"], factor
    return name, 1


def factor_of(unit: str) -> int:
    """The factor that what stands beside the name of a volume, in lower case, says; 1 for none."""
    bracketed = unit[0] in "([{"
    divided = re.search(r"[*/]\s*\(?\s*1?\d*0", unit) is not None and (not bracketed or "/" in unit)
    words = re.sub(r"(?<=\d),(?=\d{3})", "", unit)
    words = re.sub(r"[()\[\]{}<>_,.;:|/–—-]+", " ", words)
    words = re.sub(rf"(?<![^\W\d_])({COUNTED})(?![^\W\d_])", " ", words)
    words = re.sub(r"(?<=[百千万萬亿億백천만억])[株股주]", "", words)
    words = " ".join(words.split())
    factor = FACTORS.get(words, 1)
    doubtful = words in DOUBTFUL or divided or (factor > 1 and not bracketed and words in ALONE)
    return UNSURE if doubtful and (factor > 1 or words in DOUBTFUL) else factor


def multiple_above(lines: Sequence[str]) -> int:
    """The multiple of volumes that a line above a table says, as `factor_of`; 1 for none."""
    found = (match for line in lines for match in ABOVE.finditer(line))
    return next((factor for match in found if (factor := factor_of(f"({match['unit'].lower()})")) != 1), 1)


def price_unit(name: str) -> str:
    """The unit that the name of a price tells, other than a currency; empty for none."""
    found = PRICE_UNITS.search(name.strip())
    return found[1] if found else ""
