"""Currencies that a file tells: at its numbers, behind the names of its prices, in a column of their own."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow.compute as pc

from engine.data.importing.clocks import mask
from engine.errors import RepairDataError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

CODES = (  # before a number, or behind it
    "USD[TC]?|EUR|GBP|GBX|CHF|JPY|CNY|INR|KRW|BRL|SEK|NOK|DKK|PLN|CZK|HUF|TRY|RUB|AUD|CAD|NZD|HKD|SGD|ZAR|MXN|"
    r"Rs\.?|kr\.?|zł|Kč|Ft|lei|円|元|원|TL"
)
SIGNS = "$€£¥₽₿₹₩₺₴₪₫฿₱₦₸%"
MARK = rf"(?P<mark>[A-Z]{{1,2}}\$|[{SIGNS}]|(?:{CODES})$|^(?:{CODES}))"
MEANT = {  # by a mark that is no code: the currencies that it may be
    "$": "USD USDT USDC", "US$": "USD", "A$": "AUD", "AU$": "AUD", "C$": "CAD", "CA$": "CAD", "NZ$": "NZD",
    "HK$": "HKD", "S$": "SGD", "R$": "BRL", "NT$": "TWD", "MX$": "MXN", "€": "EUR", "£": "GBP",
    "¥": "JPY CNY", "円": "JPY", "元": "CNY TWD", "₽": "RUB", "₹": "INR", "Rs": "INR", "Rs.": "INR",
    "₩": "KRW", "원": "KRW", "₺": "TRY", "TL": "TRY", "kr": "SEK NOK DKK", "kr.": "SEK NOK DKK", "zł": "PLN",
    "Kč": "CZK", "Ft": "HUF", "lei": "RON",
}  # fmt: skip
NAMES = {
    "currency", "ccy", "curr", "currency_code", "price_currency", "quote_currency", "trading_currency",
    "quote_asset", "quote", "währung", "waehrung", "devise", "moneda", "divisa", "moeda", "valuta", "waluta",
    "валюта", "para_birimi", "通貨", "币种", "貨幣", "통화",
}  # fmt: skip
UNIT_NAMES = {
    "unit", "units", "volume_unit", "vol_unit", "price_unit", "volume_currency", "multiplier", "price_scale",
    "pricescale",
    "volume_scale", "scale", "unit_mult", "unit_multiplier", "adjusted", "is_adjusted",
}  # fmt: skip
KNOWN = re.compile(
    r"USD[TC]?|BUSD|TUSD|FDUSD|DAI|EUR|GBP|GBp|GBX|CHF|JPY|CN[YH]|INR|KRW|BRL|SEK|NOK|DKK|PLN|CZK|HUF|TRY|RUB|"
    r"AUD|CAD|NZD|HKD|SGD|ZA[RC]|ZAc|MXN|ILS|ILA|TWD|THB|IDR|DEM|FRF|ITL|ESP|NLG|[€£$¥]|(?i:euros?|pence|cents?)"
)
BRACKET = re.compile(r"[(\[]\s*([^)\]]+?)\s*[)\]]$")
SCALE = re.compile(r"(?i)scale|unit.?mult")
PENCE = {"GBp": "GBX", "ZAc": "ZAC"}  # a hundredth of what the same letters in capitals are


def marks_of(text: Any) -> dict[str, str]:
    """The currency signs and codes at the cells of an Arrow column of text -> the first cell that has it."""
    marks = pc.struct_field(pc.extract_regex(text, MARK), "mark")
    return {
        str(mark): str(text[pc.index(marks, mark).as_py()])
        for mark in pc.unique(marks).to_pylist()
        if mark is not None
    }


def refuse_several_currencies(columns: Mapping[str, Mapping[str, str]]) -> None:
    """RepairDataError if prices carry marks that no one currency has; columns: name -> `marks_of` it."""
    possible: set[str] | None = None
    shown: list[str] = []
    for name, marks in columns.items():
        for mark, cell in marks.items():
            shown.append(f"{cell} in column {name}")
            meant = set(MEANT.get(mark, mark).split())
            possible = meant if possible is None else possible & meant
            if not possible:
                reason = f"says {shown[0]} and {shown[-1]}: its numbers are of several currencies"
                raise RepairDataError("the file", reason, "Give one currency a file")


def refuse_partly_marked(text: Any, name: str) -> None:
    """RepairDataError for prices (N,) of which some carry a currency and others none.

    A mark at the first number alone is that of all, as accountants write it.
    """
    marked = mask(pc.match_substring_regex(text, MARK))  # (N,)
    bare = ~marked & mask(pc.match_substring_regex(text, r"\d"))
    if not marked.any() or not bare.any():
        return
    at, other = int(np.argmax(marked)), int(np.argmax(bare))
    if marked.sum() == 1 and at < other:
        return
    reason = f"says {text[at]} in column {name}, row {at + 1}, and {text[other]} in row {other + 1}"
    raise RepairDataError(
        "the file", f"{reason}: of which currency the others are is not known", "Give prices of one currency"
    )


def refuse_other_units(names: Iterable[str]) -> None:
    """RepairDataError if the names of prices have different currencies in brackets behind them."""
    found = [
        (name, match[1]) for name in names if (match := BRACKET.search(name)) and KNOWN.fullmatch(match[1])
    ]
    if len({PENCE.get(unit, unit).upper() for _, unit in found}) > 1:
        reason = f"has columns {' and '.join(name for name, _ in found)}: prices of several currencies"
        raise RepairDataError("the file", reason, "Give prices of one currency")


def currency_columns(
    names: Sequence[str], shown: Sequence[str], rows: Sequence[Sequence[str]], taken: Iterable[int]
) -> tuple[tuple[int, str], ...]:
    """The columns that tell the currency or unit of each row, by plain name or cells, and their names."""
    others = [place for place in range(len(names)) if place not in set(taken)]
    return tuple(
        (place, shown[place])
        for place in others
        if names[place] in UNIT_NAMES
        or (
            rows
            and (
                (names[place] in NAMES and not any(re.search(r"\d", row[place]) for row in rows))
                or all(KNOWN.fullmatch(row[place]) for row in rows)
            )
        )
    )


def refuse_changing_currency(column: Any, name: str) -> None:
    """RepairDataError if a column (N,) of currencies or units says more than one, or a scale other than 1."""
    cells = [str(each).strip() for each in pc.unique(column).to_pylist() if each is not None]
    found = {PENCE.get(cell, cell).upper(): cell for cell in cells if cell}
    scale = next((cell for cell in cells if is_scale(cell)), "") if SCALE.search(name) else ""
    if len(found) == 1 and scale:
        reason = f"says {scale} in column {name}: whether its numbers are multiplied or divided by it already"
        raise RepairDataError(
            "the file", f"{reason}, or are to be, is not known", "Write whole units, and remove the column"
        )
    if len(found) > 1:
        listed = ", ".join(sorted(found.values())[:5])
        raise RepairDataError(
            "the file", f"holds several of column {name}: {listed}", "Give rows of one a file"
        )


def is_scale(cell: str) -> bool:
    """Whether a cell is a number other than 0 and 1, and so a scale that changes what it is applied to."""
    try:
        return float(cell) not in {0.0, 1.0}
    except ValueError:
        return False
