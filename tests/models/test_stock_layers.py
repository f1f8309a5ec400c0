"""Every stock layer of which a model may be made is saved, counted and loaded; programs know models apart."""

import numpy as np
import pytest

from engine.errors import InternalError
from engine.models import stock
from engine.models.training import backend
from engine.settings import Model

LOOKBACK, FEATURES = 6, 3
OF_SEVERAL = {"Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum", "Concatenate"}
ATTENTION = {
    "MultiHeadAttention": {"num_heads": 2, "key_dim": 2, "seed": 1},
    "Attention": {"seed": 1},
    "AdditiveAttention": {"seed": 1},
    "Dot": {"axes": 2},
}
OPTIONS = {
    **ATTENTION,
    "Dense": {"units": 2},
    "Activation": {"activation": "relu"},
    "LSTM": {"units": 2, "return_sequences": True},
    "GRU": {"units": 2, "return_sequences": True},
    "SimpleRNN": {"units": 2, "return_sequences": True},
    "Conv1D": {"filters": 2, "kernel_size": 3, "padding": "causal"},
    "SeparableConv1D": {"filters": 2, "kernel_size": 3},
    "DepthwiseConv1D": {"kernel_size": 3},
    "Conv1DTranspose": {"filters": 2, "kernel_size": 3},
    "AveragePooling1D": {"pool_size": 2},
    "Reshape": {"target_shape": (FEATURES, LOOKBACK)},
    "Permute": {"dims": (2, 1)},
    "Dropout": {"rate": 0.2, "seed": 1},
    "SpatialDropout1D": {"rate": 0.2, "seed": 1},
    "GaussianDropout": {"rate": 0.2, "seed": 1},
    "GaussianNoise": {"stddev": 0.2, "seed": 1},
    "GroupNormalization": {"groups": 3},
}


@pytest.fixture(scope="module", autouse=True)
def one_device():
    backend.start(1)


def applied(name, window):
    """A layer of that name applied to a window, with two inputs where it joins several."""
    import keras

    layer = getattr(keras.layers, name)
    if name in OF_SEVERAL or name in ATTENTION:
        made = layer(**OPTIONS.get(name, {}))
        return made(window, window) if name == "MultiHeadAttention" else made([window, window])
    if name == "Bidirectional":
        return layer(keras.layers.GRU(2))(window)
    if name == "TimeDistributed":
        return layer(keras.layers.Dense(2))(window)
    if name == "RepeatVector":
        return layer(2)(keras.layers.Flatten()(window))
    return window if name == "InputLayer" else layer(**OPTIONS.get(name, {}))(window)


@pytest.mark.parametrize("name", stock.LAYERS)
def test_a_stock_layer_is_saved_counted_and_loaded(name):
    import keras

    from engine.compat.keras_archive import dump
    from engine.models import keras_file, own

    window = keras.Input((LOOKBACK, FEATURES))
    out = applied(name, window)
    flat = keras.layers.Flatten()(out) if len(out.shape) > 2 else out
    network = keras.Model(window, keras.layers.Dense(1)(flat))
    assert own.unfit(network, LOOKBACK, FEATURES) == ""
    loaded = keras_file.load(dump(network), own.OWN)
    windows = np.random.default_rng(1).normal(size=(4, LOOKBACK, FEATURES)).astype(np.float32)
    assert np.array_equal(network(windows), loaded(windows))
    assert stock.parameters(keras.saving.serialize_keras_object(network)) == network.count_params()


def test_the_quick_pass_refuses_a_layer_that_it_does_not_know():
    import keras

    from engine.models.lstm import LSTM

    network = keras.Sequential(
        [keras.Input((LOOKBACK, FEATURES)), keras.layers.Flatten(), keras.layers.Dense(1)]
    )
    weights = [variable.value for variable in network.trainable_variables]
    windows = np.zeros((2, LOOKBACK, FEATURES), np.float32)
    with pytest.raises(InternalError, match="holds a Flatten"):
        LSTM.fast_pass(network, weights, [], windows, training=True)


def test_whatever_makes_another_program_has_another_key():
    import keras

    from engine.models.definition import NetworkKind
    from engine.models.lstm import LSTM
    from engine.models.training.trainer import WindowTrainer

    def key(network, kind=LSTM, loss="mse", optimized="adam", quantiles=()):
        matrix, labels = np.zeros((50, FEATURES), np.float32), np.zeros(50, np.float32)
        trainer = WindowTrainer(kind, network, matrix, labels, loss, 1, optimized, quantiles=quantiles)
        return repr(trainer.cache_key)

    def lstm(lookback=LOOKBACK, dropout=0.2, seed=1):
        return LSTM.build(lookback, FEATURES, Model(units=(4,), dropout=dropout), seed)

    def joined(crossed):
        window = keras.Input((LOOKBACK, FEATURES), name="window")
        first, second = (keras.layers.Dense(2, name=name)(window) for name in ("first", "second"))
        pair = [second, first] if crossed else [first, second]
        flat = keras.layers.Flatten(name="flat")(keras.layers.Subtract(name="less")(pair))
        return keras.Model(window, keras.layers.Dense(1, name="forecast")(flat), name="joined")

    other = NetworkKind("other", LSTM.build)
    assert key(lstm()) == key(lstm(seed=2))
    assert key(joined(crossed=False), other) == key(joined(crossed=False), other)
    keys = [
        key(lstm()), key(lstm(lookback=7)), key(lstm(dropout=0.3)), key(lstm(), other),
        key(lstm(), loss="huber"), key(lstm(), optimized="other"),
        key(lstm(), quantiles=(0.1, 0.9)), key(lstm(), quantiles=(0.2, 0.8)),
        key(joined(crossed=False), other), key(joined(crossed=True), other),
    ]  # fmt: skip
    assert len(set(keys)) == len(keys)
