"""Keras's own `fit`, on windows gathered on the device: many batches a call, spread over devices.

`fit` is fed start indices in groups of batches. One compiled call walks a group: for each batch it
gathers the windows from the flat matrix, takes the gradient on each device's share of the batch,
sums it over the devices and lets the optimizer apply it. So memory grows with rows times features,
never with windows times lookback, and Python is entered once a group.
"""

from __future__ import annotations

import math
import re
from functools import partial
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import keras
import numpy as np
from jax.flatten_util import ravel_pytree
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from engine.compat.keras_steps import OwnSteps
from engine.models.training.backend import sharing
from engine.models.training.by_symbol import PADDING
from engine.models.training.export_cache import ExportedProgram, structure
from engine.samples import aligned

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from engine.models.definition import NetworkKind

    Starts = NDArray[np.int32]
    Truth = tuple[jax.Array, ...]  # labels, and weights where samples have any

# Of the quantiles' loss. Adam's steps are as large whatever it is, so their own weights learn as well; layers
# that they share with the forecast stay the forecast's.
QUANTILES_COUNT = 0.1
SEED_STRIDE = np.uint32(0x9E3779B9)


def one_a_call(network: keras.Model) -> bool:
    """Whether a compiled call takes one batch of the network, without a loop over several.

    That is where a layer, however deep, is a convolution: on a processor XLA computes one within a loop some
    thirty times slower than outside of any.
    """
    convolves = re.search(r'"class_name": "[^"]*Conv', network.to_json())
    return convolves is not None and jax.default_backend() == "cpu"


class Groups(keras.utils.PyDataset):
    """Start indices as groups of batches, (K, B) int32 each, PADDING where there is no window.

    The order of an epoch is drawn from (seed, epoch) alone, so a resumed run meets the very batches
    that it would have met. Without a seed the order is kept.
    """

    def __init__(
        self,
        starts: NDArray[np.int64],
        batch_size: int,
        batches: int,
        seed: int | None,
        first: int | None = None,
    ) -> None:
        """K = `batches` a group, `first` in the first one of an epoch if told, B = `batch_size`."""
        super().__init__()
        self.starts, self.batch_size, self.batches, self.seed = starts, batch_size, batches, seed
        self.lacking = (batches - (first or batches)) * batch_size  # windows that the first group lacks
        self.shuffle(0)

    def shuffle(self, epoch: int) -> None:
        """Lay out the groups of an epoch."""
        order = self.starts
        if self.seed is not None:
            order = np.random.default_rng([self.seed, epoch]).permutation(self.starts)  # (N,)
        first = self.batches * self.batch_size - self.lacking
        padded = np.full(len(self) * self.batches * self.batch_size, PADDING, np.int32)
        padded[: len(order[:first])] = order[:first]
        padded[first + self.lacking :][: len(order[first:])] = order[first:]
        self.groups = padded.reshape(len(self), self.batches, self.batch_size)  # (G, K, B)

    def done(self, groups: int) -> int:
        """How many windows the first groups hold, so many of them."""
        return min(groups * self.batches * self.batch_size - self.lacking, len(self.starts))

    def __len__(self) -> int:
        """How many groups an epoch has."""
        return math.ceil((len(self.starts) + self.lacking) / (self.batches * self.batch_size))

    def __getitem__(self, index: int) -> tuple[Starts]:
        """Group `index`, as Keras wants it."""
        return (self.groups[index],)


class WindowTrainer(OwnSteps):
    """Trains `network` on windows of `matrix`; the network itself stays a plain Keras model.

    matrix: (T, F) float32. labels: (T,) float32, NaN where unknown. weights: (T,) float32, how much the
    training sample of each target row counts; None: all alike. They stay on the devices.
    quantiles: the shares of labels below what the network's further outputs are to learn.
    """

    def __init__(
        self,
        kind: NetworkKind,
        network: keras.Model,
        matrix: NDArray[np.float32],
        labels: NDArray[np.float32],
        loss: str,
        devices: int,
        optimized: str = "",
        huber_delta: float = 1.0,
        weights: NDArray[np.float32] | None = None,
        quantiles: tuple[float, ...] = (),
    ) -> None:
        """`network` is of that kind; the lookback is its own input length. huber_delta: of that loss alone.

        `optimized` names the optimizer with all its settings, so that a process need not trace what one
        before it has traced; without it each does.
        """
        super().__init__()
        self.network = network
        self.lookback = int(network.input_shape[1])
        self.mean_loss = keras.metrics.Mean(name="loss")
        self.loss_of = keras.losses.mean_squared_error
        if loss == "huber":
            self.loss_of = partial(keras.losses.huber, delta=huber_delta)
        self.quantiles = quantiles
        self.mesh = Mesh(np.array(sharing(jax.devices(), devices)), ("device",))
        self.everywhere = NamedSharding(self.mesh, PartitionSpec())
        self.matrix = resident(matrix, self.everywhere)
        truth = (np.nan_to_num(labels), *([] if weights is None else [weights]))
        self.truth = tuple(resident(values, self.everywhere) for values in truth)  # labels, maybe weights
        quick = kind.fast_pass if self.mesh.devices.flat[0].platform == "cpu" else None
        self.forward = partial(quick, network) if quick else network.stateless_call
        fixed = (kind.name, structure(network), self.lookback, loss, self.mesh.size, optimized, *quantiles)
        self.cache_key = fixed if optimized else ()
        self.one_a_call = one_a_call(network)
        self.built = True

    @property
    def metrics(self) -> list[keras.Metric]:
        """The one metric, mean loss over the samples of an epoch."""
        return [self.mean_loss]

    def call(self, start: Any) -> Any:
        """Predictions of the windows that begin at `start`, (B,) to (B, 1)."""
        return self.network(self.windows(self.matrix, start))

    def windows(self, matrix: jax.Array, start: jax.Array) -> jax.Array:
        """Gather (B, L, F) from (T, F); PADDING reads row 0, which its weight of 0 cancels."""
        return matrix[jnp.maximum(start, 0)[:, None] + jnp.arange(self.lookback)]

    def summed_loss(
        self,
        trainable: Any,
        fixed: Any,
        matrix: jax.Array,
        truth: Truth,
        start: jax.Array,
        training: bool,
    ) -> tuple[jax.Array, Any]:
        """Sum of losses over this device's share of a batch, and the network's new fixed variables."""
        windows = self.windows(matrix, start)  # (b, L, F)
        forecast, fixed = self.forward(trainable, fixed, windows, training=training)  # (b, 1 + Q)
        target = jnp.maximum(start, 0) + self.lookback  # (b,)
        labels, *weights = truth
        due = labels[target][:, None]  # (b, 1)
        loss = self.loss_of(due, forecast[:, :1] if self.quantiles else forecast)  # (b,)
        if self.quantiles:
            loss = loss + QUANTILES_COUNT * pinball(due - forecast[:, 1:], self.quantiles)
        if training and weights:
            loss = loss * weights[0][target]
        return jnp.sum(jnp.where(start >= 0, loss, 0.0)), fixed

    def shift(self) -> jax.Array:
        """What this device adds to dropout's seeds, so that its mask is its own: (2,) uint32."""
        device = jax.lax.axis_index("device").astype(jnp.uint32)
        return jnp.array([1, 0], jnp.uint32) * (device * SEED_STRIDE)

    def reseeded(self, fixed: Any, shift: jax.Array) -> Any:
        """The fixed variables with every dropout seed shifted by (2,) uint32, wrapping around."""
        return [
            value + shift if "seed_generator_state" in variable.path else value
            for variable, value in zip(self.network.non_trainable_variables, fixed, strict=True)
        ]

    def train_batch(self, matrix: jax.Array, truth: Truth, start: jax.Array, state: Any) -> Any:
        """One optimizer step on one batch, of which this device holds the share `start`."""
        trainable, fixed, optimizing, (total, count) = state
        shift = self.shift()
        gradient_of = jax.value_and_grad(self.summed_loss, has_aux=True)
        (loss, fixed), gradient = gradient_of(
            trainable, self.reseeded(fixed, shift), matrix, truth, start, training=True
        )
        samples = jnp.sum(start >= 0).astype(jnp.float32)
        parts, whole = ravel_pytree((gradient, loss, samples))  # one sum over devices instead of ten
        gradient, summed, samples = whole(jax.lax.psum(parts, "device"))
        gradient = jax.tree.map(lambda each: each / samples, gradient)
        trainable, optimizing = self.optimizer.stateless_apply(optimizing, gradient, trainable)
        return trainable, self.reseeded(fixed, -shift), optimizing, [total + summed, count + samples]

    def test_batch(self, matrix: jax.Array, truth: Truth, start: jax.Array, state: Any) -> Any:
        """Add one batch's losses to the metric."""
        trainable, fixed, (total, count) = state
        loss, _ = self.summed_loss(trainable, fixed, matrix, truth, start, False)
        samples = jax.lax.psum(jnp.sum(start >= 0).astype(jnp.float32), "device")
        return trainable, fixed, [total + jax.lax.psum(loss, "device"), count + samples]

    def over_group(self, one_batch: Callable[..., Any]) -> Callable[..., Any]:
        """Compile a walk over the batches of a group: (state, iterator) → (logs, state).

        Where that takes one batch a group is one, and there is no loop (see `one_a_call`).
        """
        replicated, shared = PartitionSpec(), PartitionSpec(None, "device")

        @partial(jax.jit, donate_argnums=0)
        @partial(
            jax.shard_map,
            mesh=self.mesh,
            in_specs=(replicated, replicated, replicated, shared, replicated),
            out_specs=replicated,
            check_vma=False,
        )
        def walk(state: Any, matrix: jax.Array, truth: Truth, group: jax.Array, batches: jax.Array) -> Any:
            if self.one_a_call:
                return one_batch(matrix, truth, group[0], state)
            return jax.lax.fori_loop(
                0, batches, lambda index, carried: one_batch(matrix, truth, group[index], carried), state
            )

        key = (one_batch.__name__, *self.cache_key)
        program = ExportedProgram(walk, *key, donated=[0]) if self.cache_key else walk

        def step(state: Any, iterator: Iterator[tuple[Starts]]) -> Any:
            (group,) = next(iterator)  # (K, B)
            batches = np.count_nonzero(group[:, 0] != PADDING)
            state = jax.tree.map(lambda value: jax.device_put(value, self.everywhere), state)
            state = program(state, self.matrix, self.truth, even(group, self.mesh.size), batches)
            total, count = state[-1]
            return {"loss": total / count}, state

        return step

    def training_step(self) -> Any:
        """The compiled walk that trains."""
        return self.over_group(self.train_batch)

    def validation_step(self) -> Any:
        """The same for validation."""
        return self.over_group(self.test_batch)


def pinball(error: jax.Array, shares: tuple[float, ...]) -> jax.Array:
    """The loss of errors (b, Q) that are to be negative in these shares, (Q,): summed over them, (b,).

    Source: Koenker and Bassett 1978, Regression quantiles.
    """
    share = jnp.array(shares, jnp.float32)  # (Q,)
    return jnp.sum(jnp.maximum(share * error, (share - 1.0) * error), axis=1)


def resident(values: NDArray[np.float32], everywhere: NamedSharding) -> jax.Array:
    """The values on every device; those of the processor share one copy, which JAX reads in place.

    It reads in place what is aligned, so such a copy is made unless `values` are.
    Nobody may write to the values while they are in use.
    """
    if not aligned.is_aligned(values):
        unaligned, values = values, aligned.empty(values.shape)
        values[...] = unaligned
    parts = [jax.device_put(values, device, may_alias=True) for device in everywhere.mesh.devices.flat]
    return jax.make_array_from_single_device_arrays(values.shape, everywhere, parts)


def even(group: Starts, devices: int) -> Starts:
    """Pad the batch axis so that every device gets the same share, (K, B) to (K, B')."""
    lacking = -group.shape[1] % devices
    return np.pad(group, ((0, 0), (0, lacking)), constant_values=PADDING)
