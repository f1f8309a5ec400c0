"""Six exchanges on the loopback, each in its own protocol."""

from tests.sources.exchanges.binance import Binance, BinanceUsdM
from tests.sources.exchanges.bybit import Bybit
from tests.sources.exchanges.coinbase import Coinbase
from tests.sources.exchanges.kraken import Kraken
from tests.sources.exchanges.okx import Okx

__all__ = ["Binance", "BinanceUsdM", "Bybit", "Coinbase", "Kraken", "Okx"]
