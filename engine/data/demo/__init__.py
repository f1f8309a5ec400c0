"""A simulated exchange: `market` makes its prices from a seed, `server` speaks Binance's REST for them."""
