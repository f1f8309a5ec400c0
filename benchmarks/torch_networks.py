"""The reference networks of PyTorch's own layers, with the same first weights as those of Keras's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import nn

from benchmarks import work
from benchmarks.first_weights import HEADS, KERNEL, first_weights

if TYPE_CHECKING:
    from collections.abc import Iterator

KERAS_EPSILON = 1e-3  # of normalisations


class Recurrent(nn.Module):
    """LSTM or GRU layers on top of each other, dropout between them."""

    def __init__(self, kind: str, dropout: float, given: Iterator[np.ndarray]) -> None:
        super().__init__()
        made = nn.LSTM if kind == "lstm" else nn.GRU
        widths = (work.FEATURES, *work.UNITS)
        self.layers = nn.ModuleList(
            made(inputs, units, batch_first=True) for inputs, units in zip(widths, work.UNITS, strict=False)
        )
        self.dropout = nn.Dropout(dropout)
        for layer in self.layers:
            (load_lstm if kind == "lstm" else load_gru)(layer, given)

    def forward(self, states: torch.Tensor) -> torch.Tensor:
        """(B, L, F) to (B, U)."""
        for depth, layer in enumerate(self.layers):
            states, _ = layer(self.dropout(states) if depth else states)
        return states[:, -1]


def load_lstm(layer: nn.LSTM, given: Iterator[np.ndarray]) -> None:
    """Keras's LSTM has one bias, so the second one stays 0 and is not trained."""
    put(layer.weight_ih_l0, next(given).T)
    put(layer.weight_hh_l0, next(given).T)
    put(layer.bias_ih_l0, next(given))
    put(layer.bias_hh_l0, np.zeros(len(layer.bias_hh_l0)))
    layer.bias_hh_l0.requires_grad_(requires_grad=False)


def load_gru(layer: nn.GRU, given: Iterator[np.ndarray]) -> None:
    """Keras has the update gate first, PyTorch the reset gate."""

    def ordered(array: np.ndarray) -> np.ndarray:
        update, reset, new = np.split(array, 3, axis=-1)
        return np.concatenate([reset, update, new], axis=-1)

    put(layer.weight_ih_l0, ordered(next(given)).T)
    put(layer.weight_hh_l0, ordered(next(given)).T)
    of_inputs, of_states = ordered(next(given))
    put(layer.bias_ih_l0, of_inputs)
    put(layer.bias_hh_l0, of_states)


class Convolution(nn.Module):
    """A causal convolution, (B, C, L) to (B, U, L)."""

    def __init__(self, inputs: int, units: int, dilation: int, given: Iterator[np.ndarray]) -> None:
        super().__init__()
        self.before = (KERNEL - 1) * dilation
        self.inner = nn.Conv1d(inputs, units, KERNEL, dilation=dilation)
        put(self.inner.weight, next(given).transpose(2, 1, 0))
        put(self.inner.bias, next(given))

    def forward(self, states: torch.Tensor) -> torch.Tensor:
        """Zeros stand before the first row."""
        return self.inner(nn.functional.pad(states, (self.before, 0)))


class Convolutional(nn.Module):
    """Residual blocks of two causal convolutions, each seeing twice as far back."""

    def __init__(self, kind: str, dropout: float, given: Iterator[np.ndarray]) -> None:  # noqa: ARG002
        super().__init__()
        self.dropout, self.blocks, inputs = nn.Dropout(dropout), nn.ModuleList(), work.FEATURES
        for depth, units in enumerate(work.UNITS):
            convolutions = [Convolution(width, units, 2**depth, given) for width in (inputs, units)]
            beside = nn.Conv1d(inputs, units, 1)
            put(beside.weight, next(given).T[:, :, None])
            put(beside.bias, next(given))
            self.blocks.append(nn.ModuleList([*convolutions, beside]))
            inputs = units

    def forward(self, states: torch.Tensor) -> torch.Tensor:
        """(B, L, F) to (B, U)."""
        states = states.transpose(1, 2)  # (B, F, L)
        for first, second, beside in self.blocks:
            inner = self.dropout(torch.relu(first(states)))
            inner = self.dropout(torch.relu(second(inner)))
            states = torch.relu(beside(states) + inner)
        return states[:, :, -1]


class Attention(nn.Module):
    """A causal transformer block, a causal convolution before it."""

    def __init__(self, inputs: int, units: int, dropout: float, given: Iterator[np.ndarray]) -> None:
        super().__init__()
        self.convolution = Convolution(inputs, units, 1, given)
        self.normal = normal(units, given)
        self.heads = nn.MultiheadAttention(units, HEADS, batch_first=True)
        parts = [(next(given).reshape(units, units).T, next(given).reshape(units)) for _ in range(3)]
        put(self.heads.in_proj_weight, np.concatenate([kernel for kernel, _ in parts]))
        put(self.heads.in_proj_bias, np.concatenate([bias for _, bias in parts]))
        put(self.heads.out_proj.weight, next(given).reshape(units, units).T)
        put(self.heads.out_proj.bias, next(given))
        self.second_normal = normal(units, given)
        self.wide, self.narrow = dense(units, 2 * units, given), dense(2 * units, units, given)
        self.dropout = nn.Dropout(dropout)

    def forward(self, states: torch.Tensor) -> torch.Tensor:
        """(B, L, F) to (B, L, U)."""
        states = self.convolution(states.transpose(1, 2)).transpose(1, 2)
        even = self.normal(states)
        mask = nn.Transformer.generate_square_subsequent_mask(states.shape[1])
        seen, _ = self.heads(even, even, even, attn_mask=mask, is_causal=True, need_weights=False)
        states = states + self.dropout(seen)
        wide = torch.relu(self.wide(self.second_normal(states)))
        return states + self.dropout(self.narrow(wide))


class Attentive(nn.Module):
    """Transformer blocks, the last row normalised."""

    def __init__(self, kind: str, dropout: float, given: Iterator[np.ndarray]) -> None:  # noqa: ARG002
        super().__init__()
        widths = (work.FEATURES, *work.UNITS)
        self.blocks = nn.Sequential(
            *(Attention(*pair, dropout, given) for pair in zip(widths, work.UNITS, strict=False))
        )
        self.normal = normal(work.UNITS[-1], given)

    def forward(self, states: torch.Tensor) -> torch.Tensor:
        """(B, L, F) to (B, U)."""
        return self.normal(self.blocks(states)[:, -1])


def normal(units: int, given: Iterator[np.ndarray]) -> nn.LayerNorm:
    """A normalisation."""
    made = nn.LayerNorm(units, eps=KERAS_EPSILON)
    put(made.weight, next(given))
    put(made.bias, next(given))
    return made


def dense(inputs: int, units: int, given: Iterator[np.ndarray]) -> nn.Linear:
    """A dense layer."""
    made = nn.Linear(inputs, units)
    put(made.weight, next(given).T)
    put(made.bias, next(given))
    return made


def put(parameter: torch.Tensor, values: np.ndarray) -> None:
    """Give a parameter its first values."""
    with torch.no_grad():
        parameter.copy_(torch.from_numpy(np.ascontiguousarray(values, np.float32)))


STATES_OF = {"lstm": Recurrent, "gru": Recurrent, "tcn": Convolutional, "attention": Attentive}


class Network(nn.Module):
    """The reference network of a kind."""

    def __init__(self, kind: str, dropout: float) -> None:
        super().__init__()
        given = iter(first_weights(kind))
        self.states = STATES_OF[kind](kind, dropout, given)
        self.forecast = dense(work.UNITS[-1], 1, given)

    def forward(self, window: torch.Tensor) -> torch.Tensor:
        """(B, L, F) to (B,)."""
        return self.forecast(self.states(window))[:, 0]
