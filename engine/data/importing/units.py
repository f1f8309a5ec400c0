"""What the name of a column says that its numbers are counted in, such as `Volume (thousands)`."""

from __future__ import annotations

import re

MULTIPLES = {
    1_000: (
        "k thousand thousands thous thous. 000s '000 000 '000s 1000 1000s 1,000 1,000s 1k tsd tsd. tausend "
        "tys tys. тыс тыс. 千 千股 千株 천 천주"
    ),
    10_000: "万 萬 万股 萬股 만주",
    1_000_000: "m mn mm mio mio. mln million millions млн млн. 1000000 1,000,000",
    1_000_000_000: "b bn mrd mrd. billion billions",
    100: "100 100s hundreds",
}
FACTORS = {word: factor for factor, words in MULTIPLES.items() for word in words.split()}
UNIT = re.compile(
    r"[\s_]*[(\[]\s*(?P<unit>[^)\]]*?)\s*[)\]]$|\s+(?P<words>in (?:thousands|millions|1000s?|'?000s?))$"
)
VOLUME = re.compile(
    r"(?i)<?vol|wol|объ[её]м|成交量|交易量|總?成交量|出来高|거래량|objem|hacim"
)  # in any tongue
PRICE_UNITS = re.compile(
    r"(?i)[(\[]\s*((?:us |euro )?cents?|pence|pennies|gbx|gbp?x|¢|sats?|satoshis?|in .*|[x×*/].*|'?000s?"
    r"|thousands|millions|ticks|points|pips)\s*[)\]]$"
)
BESIDE = re.compile(
    r"(?i)vol|turnover|amount|value|lots|qty|quantity|contracts|shares|trades|^(up|down)$|成交|额"
    r"|^wol|^obr[oó]t|^ilo[śs][cć]|объ[её]м|оборот|колич|出来高|売買|거래|hacim|objem|umsatz"
)


def multiple_of(name: str) -> tuple[str, int]:
    """The name of a volume without the multiple behind it, and that multiple; 1 if it says none."""
    if not VOLUME.match(name.strip()) or (found := UNIT.search(name.strip())) is None:
        return name, 1
    unit = (found["unit"] or found["words"] or "").lower()
    unit = re.sub(r"^(in|x|×|\*|lots of|units of|shares in|contracts in)\s*", "", unit)
    unit = re.sub(r"\s*(shares|contracts|units|pieces|szt\.?|шт\.?)$", "", unit)
    factor = FACTORS.get(unit, 1)
    return (name.strip()[: found.start()], factor) if factor > 1 else (name, 1)


def price_unit(name: str) -> str:
    """The unit that the name of a price tells, other than a currency; empty for none."""
    found = PRICE_UNITS.search(name.strip())
    return found[1] if found else ""
