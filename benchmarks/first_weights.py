"""The first weights of the networks that contenders train: the same numbers for each, drawn from one seed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from benchmarks.work import FEATURES, UNITS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

HEADS, KERNEL = 4, 3  # of attention and convolutions, as engine/models/networks.py has them


class Draw:
    """Arrays from one seed."""

    def __init__(self) -> None:
        self.random = np.random.default_rng(9)

    def kernel(self, *shape: int) -> np.ndarray:
        """Inputs first, outputs last: uniform as Glorot and Bengio 2010 have it."""
        limit = np.sqrt(6 / (np.prod(shape[:-1]) + shape[-1]))
        return self.random.uniform(-limit, limit, shape)

    def dense(self, inputs: int, units: int) -> Iterator[np.ndarray]:
        """Kernel and bias."""
        yield self.kernel(inputs, units)
        yield np.zeros(units)

    def orthogonal(self, units: int, gates: int) -> np.ndarray:
        """A recurrent kernel."""
        return np.linalg.qr(self.random.normal(size=(gates * units, units)))[0].T  # (units, gates · units)


def lstm(draw: Draw, inputs: int, units: int) -> Iterator[np.ndarray]:
    """A layer; the forget gate's bias is 1."""
    limit = np.sqrt(6 / (inputs + 4 * units))
    recurrent = draw.orthogonal(units, 4)
    yield draw.random.uniform(-limit, limit, (inputs, 4 * units))
    yield recurrent
    yield np.concatenate([np.zeros(units), np.ones(units), np.zeros(2 * units)])


def gru(draw: Draw, inputs: int, units: int) -> Iterator[np.ndarray]:
    """A layer, with a bias for inputs and one for states."""
    yield draw.kernel(inputs, 3 * units)
    yield draw.orthogonal(units, 3)
    yield draw.random.uniform(-0.1, 0.1, (2, 3 * units))


def tcn(draw: Draw, inputs: int, units: int) -> Iterator[np.ndarray]:
    """A block: two convolutions, and what makes the input as wide as they are."""
    for width in (inputs, units):
        yield draw.kernel(KERNEL, width, units)
        yield np.zeros(units)
    yield from draw.dense(inputs, units)


def attention(draw: Draw, inputs: int, units: int) -> Iterator[np.ndarray]:
    """A block: convolution, norm, attention, norm, two dense layers."""
    yield draw.kernel(KERNEL, inputs, units)
    yield np.zeros(units)
    yield from norm(units)
    each = units // HEADS
    for _ in range(3):  # query, key, value
        yield draw.kernel(units, units).reshape(units, HEADS, each)
        yield np.zeros((HEADS, each))
    yield draw.kernel(units, units).reshape(HEADS, each, units)
    yield np.zeros(units)
    yield from norm(units)
    yield from draw.dense(units, 2 * units)
    yield from draw.dense(2 * units, units)


def norm(units: int) -> Iterator[np.ndarray]:
    """A normalisation."""
    yield np.ones(units)
    yield np.zeros(units)


LAYERS: dict[str, Callable[[Draw, int, int], Iterator[np.ndarray]]] = {
    "lstm": lstm, "gru": gru, "tcn": tcn, "attention": attention,
}  # fmt: skip


def first_weights(kind: str = "lstm") -> list[np.ndarray]:
    """Weights of the reference network of a kind, in Keras's order, float32."""
    draw, inputs = Draw(), FEATURES
    made: list[np.ndarray] = []
    for units in UNITS:
        made += LAYERS[kind](draw, inputs, units)
        inputs = units
    made += norm(inputs) if kind == "attention" else []
    made += [draw.random.uniform(-0.4, 0.4, (inputs, 1)), np.zeros(1)]
    return [array.astype(np.float32) for array in made]


def in_order_of(shapes: Sequence[Sequence[int]], kind: str) -> list[np.ndarray]:
    """The first weights in the order of these shapes: Keras sorts layers beside each other its own way.

    What has the same shape keeps its order.
    """
    left = first_weights(kind)
    return [left.pop([array.shape for array in left].index(tuple(shape))) for shape in shapes]
