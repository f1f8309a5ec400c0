"""What files call their columns: the names of times, prices and volumes that are known."""

from __future__ import annotations

import functools
import re
import unicodedata
from typing import TYPE_CHECKING

from engine.data.importing.hints import UnclearError
from engine.data.importing.stated_zones import zone_in

if TYPE_CHECKING:
    from collections.abc import Sequence

TIME_NAMES = (
    "unix", "unix_timestamp", "window_start", "ts_event", "candle_date_time_utc",
    "time_period_start", "open_time", "opentime", "timeopen", "open_timestamp",
    "start_time", "start_at", "period_start", "start", "begin", "candle_begin_time", "timestamp",
    "timestamp_utc", "time", "datetime", "date_time", "datetime_utc", "time_utc", "utc_time", "utc",
    "gmt_time", "local_time", "date", "date_utc", "datum", "fecha", "data", "trade_date", "trading_day",
    "dtyyyymmdd", "day", "week", "month", "dt", "ts", "t", "calc_time", "create_time",
    "funding_time", "fundingratetimestamp", "report_date_as_yyyy_mm_dd", "traddt",
    "fundingtime", "index", "index_level_0", "level_0", "unnamed_0", "time_open", "zeit", "zeitpunkt",
    "التاريخ", "päivämäärä", "dato", "tanggal", "ngày", "ημερομηνία", "תאריך", "วันที่", "dátum", "dată",
    "observation_date", "period_start_date",
    "datadate", "date_ymd", "date_dmy", "date_mdy", "time_period", "time_bar_start", "timebarstart",
    "dates", "from", "tarih",
    "дата", "время", "日付", "日付け", "日時", "日期", "时间", "時間", "날짜", "일자",
)  # fmt: skip
CLOSE_TIMES = (
    "close_time", "closetime", "timeclose", "time_close", "time_period_end", "end_time", "endtime",
    "period_end", "close_timestamp", "end",
)  # fmt: skip
CLOCK_NAMES = (
    "time", "timestamp", "hour", "hr", "clock", "time_of_day", "tod", "zeit", "uhrzeit", "stunde", "hora",
    "heure", "hours", "ms_of_day", "milliseconds", "seconds", "seconds_of_day", "second_of_day", "secs",
    "minute_of_day", "minutes_of_day", "mtu", "period", "interval", "time_interval", "time_slot", "slot",
    "delivery_hour", "delivery_period", "ora", "saat", "время",
    "time_bar_start", "timebarstart", "klokkeslett", "tid", "godzina",
)  # fmt: skip
UNITS = {"float", "float64", "double", "int", "int64", "number", "numeric", "decimal", "price"}
ZERO_WIDTH = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff]")
ZONED = re.compile(r"\s*\([A-Z][A-Za-z_/]+\)$")  # a zone behind a name
PRICE_NAMES = {  # in English, then in other tongues from German to Korean
    "open": (
        "open", "o", "open_price", "price_open", "opening", "opening_price", "px_open", "open_prc", "first",
        "erster", "eröffnung", "eröffnungskurs", "eröffn", "öffnen", "ouverture", "ouv", "apertura",
        "abertura", "öppning", "öppningskurs", "otwarcie", "otevření", "aç\u0131l\u0131ş", "открытие", "откр",
        "始値", "开盘", "开盘价", "開盤", "開盤價", "시가", "first_trade_price", "openpx", "dayopen",
        "opentradeprice", "openp", "opnpric", "öppen", "відкриття",
        "cours_d'ouverture", "เปิด", "الافتتاح", "avaus",
        "åbning", "åpning", "nyitó", "pembukaan", "mở", "mở_cửa", "άνοιγμα", "פתיחה", "ราคาเปิด",
        "deschidere",
        "prcod", "kurs_otwarcia", "開市", "开市",
    ),
    "high": (
        "high", "h", "high_price", "price_high", "highest", "px_high", "high_1", "askhi", "max", "hoch",
        "höchst", "höchstkurs", "tageshoch", "plus_haut", "haut", "maximum", "máximo", "máxima", "maximo",
        "alto",
        "massimo", "hoog", "högsta", "najwyższy", "najwyzszy", "yüksek", "максимум", "макс",
        "高値", "最高", "最高价", "最高價", "高", "고가", "high_trade_price", "highpx", "dayhigh",
        "hightradeprice", "hghpric", "højeste", "högstakurs",
        "cours_le_plus_haut", "สูง", "högst", "høj",
        "høy", "høyest", "ylin", "الأعلى", "tertinggi", "cao", "cao_nhất", "υψηλό", "גבוה",
        "ราคาสูงสุด", "maxim", "prchd", "kurs_max",
    ),
    "low": (
        "low", "l", "low_price", "price_low", "lowest", "px_low", "low_1", "bidlo", "min", "tief", "tiefst",
        "tiefstkurs", "tagestief", "plus_bas", "bas", "minimum", "mínimo", "mínima", "minimo", "bajo", "laag",
        "lägsta", "najniższy", "najnizszy", "düşük", "минимум", "мин",
        "安値", "最低", "最低价", "最低價", "低", "저가", "low_trade_price", "lowpx", "daylow",
        "lowtradeprice",
        "lwpric", "laveste", "lägstakurs",
        "мінімум", "cours_le_plus_bas", "ต่ำ", "lägst", "lav", "lavest", "alin",
        "الأدنى", "terendah", "thấp", "thấp_nhất", "χαμηλό", "נמוך", "ราคาต่ำสุด", "minim",
        "prcld", "kurs_min",
    ),
    "close": (
        "close", "c", "close_price", "price_close", "closing", "closing_price", "close_last", "px_last",
        "trdprc_1", "prc", "latest",
        "laatst", "laatste", "ostatnio", "senaste", "siste", "last",
        "last_price", "price", "settle", "schluss",
        "schlusskurs", "schließen", "zuletzt",
        "dernier", "clôture", "cloture", "clot", "cierre", "último", "ultimo", "fechamento", "chiusura",
        "slot", "stängning", "stängningskurs", "zamknięcie", "zamkniecie", "zavření", "kapan\u0131ş", "şimdi",
        "закрытие", "цена", "終値", "收盘", "收盘价", "收盤", "收盤價", "종가",
        "last_trade_price", "trade_price", "closepx", "closep", "dayclose", "closetradeprice", "clspric",
        "lukkekurs",
        "závěr", "закриття", "cours_de_clôture", "senast", "τιμή", "מחיר", "ล่าสุด", "الأخير",
        "الإغلاق", "viimeisin", "päätös", "seneste",
        "sidste", "utolsó", "záró", "terakhir", "penutupan", "lần_cuối", "đóng_cửa", "τελευταία", "κλείσιμο",
        "סגירה", "ราคาปิด", "închidere",
        "prccd", "kurs_zamknięcia", "收市",
        "close_close_price_adjusted_for_splits",
        "adj_close", "adjusted_close",
        "adj_close_adjusted_close_price_adjusted_for_splits_and_dividend_and_or_capital_gain_distributions",
    ),
}  # fmt: skip
BASE_VOLUME = (
    "quantidade", "total_traded_quantity", "number_of_shares", "no_of_shares", "shares_traded",
    "candle_acc_trade_volume", "volumen_títulos", "títulos_negociados", "成交股數", "成交股数",
    "取引数量", "base_token_volume",
    "base_volume", "volume_base", "volumefrom", "volume_from", "base_asset_volume", "volume_base_asset",
)  # fmt: skip
PLAIN_VOLUME = (
    "volume", "vol", "v", "volume_traded", "traded_volume", "total_volume", "px_volume", "acvol_1",
    "acvol_uns", "cshtrd",
    "stücke", "stück", "umsatz_stück", "umsatz_stücke", "umsatz_in_stück",
    "shares", "real_volume",  # German banks call turnover `Volumen`
    "volumen", "wolumen", "wol", "volym", "volum", "kl", "forgalom", "forgalom_db", "wolumen_w_szt", "обсяг",
    "όγκ", "נפח", "clmvolume", "ttltradgvol", "dayvolume",
    "trade_volume", "totalvolume", "quantity", "qty", "traded_quantity", "tottrdqty", "ttl_trd_qnty",
    "objem", "hacim", "hac", "όγκος", "الحجم", "objętość", "ปริมาณ",
    "成交量_手", "成交量_股", "總成交量", "总成交量", "出来高_株", "거래량_주", "wolumen_szt", "объем_шт",
    "объём_шт", "liczba_akcji", "ilość_akcji", "объём", "объем", "出来高", "成交量", "交易量", "거래량",
)  # fmt: skip
TICK_VOLUME = ("tickvol", "tick_volume", "tickvolume", "ticks", "tickqty", "total_ticks")
NO_VOLUME = {  # words behind `volume_` that name no asset
    "ma", "sma", "ema", "delta", "change", "adj", "adjusted", "avg", "average", "weighted", "notional",
    "24h", "up", "down", "buy", "sell", "ratio", "profile", "quote", "to", "currency", "z", "osc", "count",
    "trades", "bid", "ask", "last", "taker", "maker", "net", "cum", "rel", "prev", "pre", "post", "max",
    "min", "mean", "median", "block", "open", "short", "long", "put", "call", "dollar",
}  # fmt: skip
QUOTES = (
    "usd", "usdt", "usdc", "busd", "tusd", "dai", "eur", "gbp", "jpy", "try", "krw", "aud", "brl", "fdusd",
    "chf",
)  # fmt: skip
CONTRACTS = {  # of futures, of which one takes the place of another
    "contract", "expiry", "expiration", "contract_month", "contract_code", "delivery", "delivery_month",
    "expiry_date", "expiration_date", "maturity", "expiry_dt",
}  # fmt: skip
KIND_NAMES = CONTRACTS | {  # of columns that may tell several series apart
    "exchange", "venue", "source", "feed", "provider", "interval", "timeframe", "resolution", "period",
    "granularity", "asset", "coin", "isin", "figi", "ric", "tic", "code",
    "ts_code", "secid", "permno", "side", "price_type", "instrument_id", "base", "publisher_id", "conid",
}  # fmt: skip
FLAGS = re.compile(r"(^|_)(flags?|flag_codes|obs_status|status|comments?|footnotes?)$")  # beside values
SUMMARY = re.compile(  # of rows that sum others up
    r"(?i)(grand |sub)?(totals?|averages?|avg|mean|median|sum|min(imum)?|max(imum)?|count|std|st\.? ?dev|"
    r"standard deviation|highest|lowest|high|low|difference|change %?|summe|gesamt|durchschnitt|mittelwert|"
    r"moyenne|somme|promedio|media|suma|średnia|razem|итого|среднее|всего|合計|合计|总计|平均|합계|평균)"
    r"\.?:?( .{0,30})?|\d{1,2}(\.\d+)? ?%"
)
# Parts of a date or clock, each in a column of its own.
YEAR, MONTH, DAY, HOUR, MINUTE, SECOND, QUARTER = range(7)
PARTS = {
    YEAR: ("year", "yyyy", "yr", "jahr", "año", "ano", "anno", "année", "rok", "год", "年"),
    MONTH: ("month", "mm", "mon", "mo", "monat", "mes", "mois", "mese", "месяц", "月"),
    DAY: ("day", "dd", "day_of_month", "dom", "tag", "dia", "día", "jour", "giorno", "день", "日"),
    HOUR: ("hour", "hh", "hr", "hours", "stunde", "hora", "heure"),
    MINUTE: ("minute", "min", "mi", "mins", "minutes", "minuto"),
    SECOND: ("second", "sec", "ss", "seconds"),
    QUARTER: ("quarter", "qtr", "quartal"),
}
SYMBOL_NAMES = (
    "symbol",
    "pair",
    "ticker",
    "market",
    "instrument",
    "name",
    "sym",
    "coin",
    "scrip",
    "security",
)


def first_of(names: Sequence[str], wanted: Sequence[str], *, once: bool = True) -> int | None:
    """Position of the first wanted name that is there, however its words are separated.

    Raises ValueError if it is there twice.
    """
    joined = [name.replace("_", "") for name in names]
    simple = [folded(name) for name in names]
    for name in wanted:
        if once and (names.count(name) > 1):
            raise UnclearError(f"has two columns named {name}")
        if name in names:
            return names.index(name)
        if name.replace("_", "") in joined:
            return joined.index(name.replace("_", ""))
    return next((simple.index(each) for each in map(folded, wanted) if each in simple), None)


@functools.cache
def folded(name: str) -> str:
    """The name without accents, umlauts and what stands for them: Eroeffnung as Eröffnung."""
    letters = unicodedata.normalize("NFKD", re.sub("([aou])e", r"\1", name.replace("ß", "ss")))
    return "".join(letter for letter in letters if not unicodedata.combining(letter)).replace("_", "")


def plain(name: str) -> str:
    """A column name in lower case, with underscores for whatever separates its words."""
    name = ZERO_WIDTH.sub("", name)
    words = re.sub(r"[\s_\-./()\[\]*:%+]+", "_", name.strip(" \t\"'<>\ufeff").lower()).strip("_")
    return re.sub(r"^\d+_", "", words)


def bare(name: str) -> str:
    """The plain name without a zone or a currency in brackets behind it; a volume keeps its own."""
    name = re.sub(r"\[[GL]\]$", "", name)  # of Greenwich, or local, with Refinitiv
    _, rest = zone_in(name)
    if plain(name) not in TIME_NAMES and plain(rest) in {*TIME_NAMES, *CLOSE_TIMES, *CLOCK_NAMES}:
        return plain(rest)
    if not rest and name.lower().startswith(("utc", "gmt")):
        return "utc"
    return plain(name if name.strip().lower().startswith(("vol", "umsatz")) else ZONED.sub("", name))


def listed(header: Sequence[str]) -> str:
    """The first column names, each cut, for an error."""
    shown = ", ".join(name[:30] or "(empty)" for name in header[:15])
    return f"{shown} …" if len(header) > 15 else shown
