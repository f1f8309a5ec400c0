"""Predictions of many windows in big batches, gathered on the device as training does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from engine.models.training.backend import sharing
from engine.models.training.by_symbol import PADDING
from engine.models.training.export_cache import ExportedProgram, structure
from engine.models.training.trainer import Groups, even, one_a_call, resident

if TYPE_CHECKING:
    from collections.abc import Callable

    import keras
    from numpy.typing import NDArray

BATCH = 512
BATCHES = 16


class Predictor:
    """A network that predicts windows; compiled for a matrix's shape once, however often it is asked."""

    def __init__(self, network: keras.Model, devices: int) -> None:
        """The lookback is the network's own input length; `shape` that of what it says of a window."""
        outputs = int(network.output_shape[-1])
        self.shape = (outputs,) if outputs > 1 else ()
        self.network, self.devices, self.lookback = network, devices, int(network.input_shape[1])
        self.batches = 1 if one_a_call(network) else BATCHES  # a group's
        shared, replicated = PartitionSpec(None, "device"), PartitionSpec()
        mesh = Mesh(np.array(sharing(jax.devices(), devices)), ("device",))
        self.everywhere = NamedSharding(mesh, replicated)
        weights = (
            [variable.value for variable in network.trainable_variables],
            [variable.value for variable in network.non_trainable_variables],
        )
        self.weights = jax.device_put(weights, self.everywhere)
        walk = jax.shard_map(
            self.group_of_batches,
            mesh=mesh,
            in_specs=(replicated, shared, replicated, replicated),
            out_specs=shared,
            check_vma=False,
        )
        key = ("predict", structure(network), self.lookback, mesh.size)
        self.walk = ExportedProgram(jax.jit(walk), *key)

    def group_of_batches(
        self, rows: jax.Array, group: jax.Array, batches: jax.Array, weights: Any
    ) -> jax.Array:
        """Forecasts of the first `batches` batches of a group, (K, b) to (K, b) + told; the others stay 0."""
        if self.batches == 1:
            return self.one_batch(rows, group[0], weights)[None]
        found: jax.Array = jax.lax.fori_loop(
            0,
            batches,
            lambda index, found: found.at[index].set(self.one_batch(rows, group[index], weights)),
            jnp.zeros(group.shape + self.shape, jnp.float32),
        )
        return found

    def one_batch(self, rows: jax.Array, start: jax.Array, weights: Any) -> jax.Array:
        """The forecasts of the windows that begin at `start`, (b,) to (b,) + told."""
        window = rows[jnp.maximum(start, 0)[:, None] + jnp.arange(self.lookback)]  # (b, L, F)
        forecast, _ = self.network.stateless_call(*weights, window, training=False)
        share: jax.Array = forecast if self.shape else forecast[:, 0]
        return share

    def __call__(
        self,
        matrix: NDArray[np.float32],
        starts: NDArray[np.int64],
        emit: Callable[[dict[str, object]], None],
    ) -> NDArray[np.float32]:
        """The network's output for the windows that begin at `starts`: (T, F), (N,) → (N,) + told float32.

        A window's prediction depends on its own rows only; batches have a fixed shape, so adding
        windows behind it does not change a bit of it.
        """
        on_device = resident(matrix, self.everywhere)
        groups = Groups(starts, BATCH, self.batches, None)
        forecasts = np.empty((len(groups), self.batches, BATCH, *self.shape), np.float32)  # (G, K, B) + shape
        for place in range(len(groups)):
            (group,) = groups[place]
            filled = np.count_nonzero(group[:, 0] != PADDING)
            walked = self.walk(on_device, even(group, self.devices), filled, self.weights)
            forecasts[place] = np.asarray(walked)[:, :BATCH]
            emit({"kind": "alive"})
        return forecasts.reshape(-1, *self.shape)[: len(starts)]
