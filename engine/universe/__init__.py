"""Several symbols: which of them count when, what a model sees of them, one account over its trades."""
