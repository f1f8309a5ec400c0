"""Six exchanges on the loopback, each in its own protocol."""

from tests.data.exchanges.binance import Binance, BinanceUsdM
from tests.data.exchanges.bybit import Bybit
from tests.data.exchanges.coinbase import Coinbase
from tests.data.exchanges.kraken import Kraken
from tests.data.exchanges.okx import Okx

__all__ = ["Binance", "BinanceUsdM", "Bybit", "Coinbase", "Kraken", "Okx"]
