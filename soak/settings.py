"""A small run with dropout, shuffling, early stopping and a falling learning rate all at work."""

SMALL = [
    "data.exchange=demo", "data.start=2025-01-01", "data.end=2025-02-15", "window.lookback=8",
    "features.names=[return_1,rsi_14,hour_sin]", "model.units=[6,4]", "model.members=1", "model.dropout=0.3",
    "training.epochs=12", "training.batch_size=64", "training.patience=4", "training.plateau_patience=1",
    "training.learning_rate=0.01", "training.devices=2", "signal.entry_threshold=0.0002",
]  # fmt: skip
