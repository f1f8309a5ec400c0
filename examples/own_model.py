"""A model of your own: a function that builds it, named by `model.file`.

    quantdeck run -s model.file=examples/own_model.py

docs/models.md says what a model may be made of and what is checked.
"""

import keras


def build(lookback, features, seed):
    """Patterns of five bars, averaged over the window, beside what a recurrent layer remembers of it."""
    window = keras.Input((lookback, features))  # (batch, L, F)
    patterns = keras.layers.Conv1D(16, 5, padding="causal", activation="relu")(window)  # (batch, L, 16)
    average = keras.layers.GlobalAveragePooling1D()(patterns)  # (batch, 16)
    memory = keras.layers.GRU(16)(window)  # (batch, 16)
    joined = keras.layers.Dropout(0.2, seed=seed)(keras.layers.Concatenate()([average, memory]))
    return keras.Model(window, keras.layers.Dense(1)(joined))
