"""Predictions of many windows in big batches, gathered on the device as training does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, PartitionSpec

from engine.model.trainer import Groups, even

if TYPE_CHECKING:
    from collections.abc import Callable

    import keras
    from numpy.typing import NDArray

BATCH = 512
BATCHES = 16


def predict(
    network: keras.Model,
    matrix: NDArray[np.float32],
    starts: NDArray[np.int64],
    devices: int,
    tell: Callable[[dict[str, object]], None],
) -> NDArray[np.float32]:
    """The network's output for the windows that begin at `starts`: (T, F), (N,) → (N,) float32.

    A window's prediction depends on its own rows only; batches have a fixed shape, so adding
    windows behind it does not change a bit of it.
    """
    lookback = int(network.input_shape[1])
    mesh = Mesh(np.array(jax.devices()[:devices]), ("device",))
    trainable = [variable.value for variable in network.trainable_variables]
    fixed = [variable.value for variable in network.non_trainable_variables]

    def one_batch(rows: jax.Array, start: jax.Array, weights: Any) -> jax.Array:
        window = rows[jnp.maximum(start, 0)[:, None] + jnp.arange(lookback)]  # (b, L, F)
        forecast, _ = network.stateless_call(*weights, window, training=False)
        share: jax.Array = forecast[:, 0]  # (b,)
        return share

    shared, replicated = PartitionSpec(None, "device"), PartitionSpec()
    walk = jax.jit(
        jax.shard_map(
            lambda rows, group, weights: jax.lax.map(lambda start: one_batch(rows, start, weights), group),
            mesh=mesh,
            in_specs=(replicated, shared, replicated),
            out_specs=shared,
            check_vma=False,
        )
    )
    on_device = jax.device_put(matrix)
    groups = Groups(starts, BATCH, BATCHES, None)
    forecasts = np.empty((len(groups), BATCHES, BATCH), np.float32)  # (G, K, B)
    for place in range(len(groups)):
        (group,) = groups[place]
        forecasts[place] = np.asarray(walk(on_device, even(group, devices), (trainable, fixed)))[:, :BATCH]
        tell({"kind": "alive"})
    return forecasts.reshape(-1)[: len(starts)]
