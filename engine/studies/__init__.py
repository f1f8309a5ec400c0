"""The instruments that show whether a result can be trusted: leak audit, simulated markets, seeds, folds."""
