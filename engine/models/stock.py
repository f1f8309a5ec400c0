"""The stock Keras layers of which a model may be made, and how many weights a config of theirs asks for.

Left out is what carries code (Lambda), reads files (vocabularies, saved models), belongs to other libraries,
or needs more of training than the loss: statistics of a batch, whose windows lie on several devices, and
penalties on weights.
"""

from __future__ import annotations

import math
from typing import Any

from engine.compat.keras_archive import FUNCTIONAL, MODEL, TENSOR, UNTRUSTED
from engine.errors import RepairDataError

LAYERS = (
    "InputLayer", "Dense", "Activation", "ReLU", "LeakyReLU", "PReLU", "ELU", "Softmax",
    "LSTM", "GRU", "SimpleRNN", "Bidirectional", "TimeDistributed",
    "Conv1D", "SeparableConv1D", "DepthwiseConv1D", "Conv1DTranspose",
    "MaxPooling1D", "AveragePooling1D", "GlobalMaxPooling1D", "GlobalAveragePooling1D",
    "Flatten", "Reshape", "Permute", "RepeatVector", "Cropping1D", "ZeroPadding1D", "UpSampling1D",
    "Dropout", "SpatialDropout1D", "GaussianDropout", "GaussianNoise",
    "LayerNormalization", "RMSNormalization", "GroupNormalization", "UnitNormalization",
    "MultiHeadAttention", "Attention", "AdditiveAttention",
    "Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum", "Concatenate", "Dot",
)  # fmt: skip
INITIALIZERS = (
    "GlorotUniform", "GlorotNormal", "HeUniform", "HeNormal", "LecunUniform", "LecunNormal", "Orthogonal",
    "RandomUniform", "RandomNormal", "TruncatedNormal", "VarianceScaling", "Zeros", "Ones", "Constant",
    "Identity",
)  # fmt: skip
CLASSES: frozenset[tuple[str | None, str]] = frozenset(
    {
        ("keras", "Sequential"),
        ("keras", "DTypePolicy"),
        FUNCTIONAL,
        TENSOR,
        *(("keras.layers", name) for name in LAYERS),
        *(("keras.initializers", name) for name in INITIALIZERS),
    }
)
FUNCTIONS = frozenset(
    {
        "linear", "relu", "relu6", "leaky_relu", "elu", "selu", "gelu", "celu", "silu", "softplus",
        "softsign", "tanh", "sigmoid", "hard_sigmoid", "hard_tanh", "softmax", "exponential",  # activations
        "valid", "same", "causal", "channels_last",  # convolutions and pools
        "concat", "sum", "mul", "ave", "dot",  # how two directions, or keys and queries, are joined
        "fan_in", "fan_out", "fan_avg", "normal", "truncated_normal", "untruncated_normal", "uniform",
        "auto", FUNCTIONAL[1],
    }
)  # fmt: skip
LONGEST = 100_000  # rows of a window


def parameters(config: dict[str, Any]) -> int:
    """How many weights the network of a config has. It is traced, so that none of them is made.

    Raises RepairDataError unless it takes one window.
    """
    import jax
    import keras

    shapes: list[Any] = []

    def weights() -> list[Any]:
        network = keras.saving.deserialize_keras_object(config)
        shapes.append(network.input_shape)
        return [each.value for each in network.variables if str(each.dtype).startswith("float")]

    count = sum(math.prod(map(int, each.shape)) for each in jax.eval_shape(weights))
    match shapes[0]:
        case (None, int(lookback), int()) if 0 < lookback <= LONGEST:
            return count
    raise RepairDataError(MODEL, f"takes {shapes[0]}, not a window", UNTRUSTED)
