"""Candles in JSON as the interfaces of OKX, OANDA, IG, Deribit and Yahoo answer: records in records."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from engine.data.importing.hints import UnclearError
from engine.market.candles import PRICES
from engine.results.notes import Note

OKX_FIELDS = ("ts", *PRICES, "volume", "volCcy", "volCcyQuote", "confirm")
OKX_PRICES = ("ts", *PRICES, "confirm")  # of an index or of mark prices


@dataclass(frozen=True)
class Answer:
    """The candles of an answer that are finished."""

    publisher: str
    records: list[dict[str, Any]]  # with names that engine.data.importing.names knows
    unfinished: int

    @property
    def notes(self) -> tuple[Note, ...]:
        """What has to be said of what was left out."""
        return (Note("unfinished candles", {"rows": self.unfinished}),) if self.unfinished else ()


def answer_of(document: Any) -> Answer | None:
    """The candles of a document; None if it is no answer of these. Raises ValueError for one without any."""
    if not isinstance(document, dict):
        return None
    kinds = (of_okx, of_oanda, of_ig, of_deribit, of_yahoo)
    answer = next((found for each in kinds if (found := each(document))), None)
    if answer and not answer.records:
        what = f"{answer.unfinished} that are not finished" if answer.unfinished else "none"
        raise UnclearError(f"is an answer of {answer.publisher} without candles that are finished: {what}")
    return answer


def of_okx(document: dict[str, Any]) -> Answer | None:
    """Candles of OKX: `{"code", "msg", "data": [[ts, open, high, low, close, vol, …, confirm], …]}`.

    The volume is counted in contracts where a derivative is traded, and in base currency by the column behind
    it; on a spot market that one is in quote currency, as the last one is, so the two are alike.
    """
    rows = document.get("data")
    if set(document) != {"code", "msg", "data"} or not isinstance(rows, list):
        return None
    if str(document["code"]) != "0":
        raise UnclearError(f"is an answer that tells an error: {document['code']} {document['msg']}")
    fields = next((each for each in (OKX_FIELDS, OKX_PRICES) if fits(rows, len(each))), None)
    if fields is None:
        return None
    finished = [dict(zip(fields, row, strict=True)) for row in rows if str(row[-1]) == "1"]
    spot = all(row.get("volCcy") == row.get("volCcyQuote") for row in finished)
    records = []
    for row in finished:
        record = {name: row[name] for name in ("ts", *PRICES)}
        if fields == OKX_FIELDS:
            record |= {"volume": row["volume"]} if spot else {"base_volume": row["volCcy"]}
        records.append(record)
    return Answer("OKX", records, len(rows) - len(finished))


def fits(rows: list[Any], width: int) -> bool:
    """Whether all rows have so many values, whose last one says whether the candle is finished."""
    return all(isinstance(row, list) and len(row) == width and str(row[-1]) in {"0", "1"} for row in rows)


def of_oanda(document: dict[str, Any]) -> Answer | None:
    """Candles of OANDA: `{"instrument", "granularity", "candles": [{"complete", "volume", "time", "mid"}]}`.

    Its volume is the number of price changes; of several sides of the prices each is kept by its name.
    """
    candles = document.get("candles")
    if not {"instrument", "granularity"} <= set(document) or not isinstance(candles, list):
        return None
    if not all(isinstance(each, dict) and {"complete", "time"} <= set(each) for each in candles):
        raise UnclearError("is an answer of OANDA with a candle that has no field complete or no time")
    finished = [each for each in candles if each["complete"] is True]
    sides = [
        side for side in ("bid", "mid", "ask") if all(isinstance(each.get(side), dict) for each in finished)
    ]
    if not sides:
        raise UnclearError("is an answer of OANDA whose candles have no side, bid, mid or ask, in common")
    records = [
        {
            "time": each["time"],
            "instrument": document["instrument"],
            **{f"{price}_{side}": each[side].get(price[0]) for side in sides for price in PRICES},
            "tick_volume": each.get("volume"),
        }
        for each in finished
    ]
    return Answer("OANDA", records, len(candles) - len(finished))


def of_ig(document: dict[str, Any]) -> Answer | None:
    """Candles of IG: `{"prices": [{"snapshotTimeUTC", "openPrice": {"bid", "ask", "lastTraded"}, …}]}`.

    Prices that were traded where all candles have them; else both sides by their names. Its volume is the
    number of price changes.
    """
    candles = document.get("prices")
    fields = {price: f"{price}Price" for price in PRICES}
    if not isinstance(candles, list) or not candles or not all(isinstance(each, dict) for each in candles):
        return None
    if not all(isinstance(each.get(field), dict) for each in candles for field in fields.values()):
        return None
    if not all("snapshotTimeUTC" in each for each in candles):
        raise UnclearError(
            "is an answer of IG whose times are on the clock of the account; ask for version 3 of its "
            "prices, which has snapshotTimeUTC"
        )

    def known(side: str) -> bool:
        return all(each[field].get(side) is not None for each in candles for field in fields.values())

    sides = ["lastTraded"] if known("lastTraded") else [side for side in ("bid", "ask") if known(side)]
    if not sides:
        raise UnclearError("is an answer of IG whose candles have no side, bid or ask, in common")
    records = [
        {
            "time": each["snapshotTimeUTC"],
            **{
                price if side == "lastTraded" else f"{price}_{side}": each[field][side]
                for side in sides
                for price, field in fields.items()
            },
            "tick_volume": each.get("lastTradedVolume"),
        }
        for each in candles
    ]
    return Answer("IG", records, 0)


def of_deribit(document: dict[str, Any]) -> Answer | None:
    """Candles of Deribit: `{"result": {"ticks": [ms, …], "open": […], …, "volume", "cost"}}`."""
    columns = document.get("result")
    if not isinstance(columns, dict) or not {"ticks", *PRICES} <= set(columns):
        return None
    fields = {"ts": "ticks", **{name: name for name in (*PRICES, "volume") if name in columns}}
    return together("Deribit", {name: columns[source] for name, source in fields.items()})


def of_yahoo(document: dict[str, Any]) -> Answer | None:
    """Candles of Yahoo's chart: `{"chart": {"result": [{"timestamp", "indicators": {"quote": [{…}]}}]}}`."""
    chart = document.get("chart")
    results = chart.get("result") if isinstance(chart, dict) else None
    if not isinstance(results, list) or len(results) != 1 or not isinstance(results[0], dict):
        return None
    indicators = results[0].get("indicators")
    quotes = indicators.get("quote") if isinstance(indicators, dict) else None
    if not isinstance(quotes, list) or len(quotes) != 1 or not set(PRICES) <= set(quotes[0]):
        return None
    fields = {name: quotes[0][name] for name in (*PRICES, "volume") if name in quotes[0]}
    return together("Yahoo Finance", {"ts": results[0].get("timestamp"), **fields})


def together(publisher: str, columns: dict[str, Any]) -> Answer:
    """The candles of columns. Raises UnclearError if they are of several lengths."""
    if not all(isinstance(each, list) for each in columns.values()) or len({*map(len, columns.values())}) > 1:
        raise UnclearError("is JSON with columns of several lengths")
    records = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    return Answer(publisher, records, 0)
