"""Predictions of many windows in big batches, gathered on the device as training does."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from engine.models.training.backend import sharing
from engine.models.training.export_cache import ExportedProgram, structure
from engine.models.training.trainer import PADDING, even, resident

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import keras
    from numpy.typing import NDArray

    from engine.models.definition import NetworkKind

BATCH = 512
BATCHES = 16
STRETCH = BATCH * BATCHES  # rows in which the windows of a call begin


class Predictor:
    """A network that predicts windows; compiled for a matrix's shape once, however often it is asked."""

    def __init__(self, kind: NetworkKind, network: keras.Model, devices: int) -> None:
        """`network` is of that kind; the lookback is its own input length.

        `told` is the shape of what it says of a window.
        """
        outputs = int(network.output_shape[-1])
        self.told = (outputs,) if outputs > 1 else ()
        self.devices, self.lookback = devices, int(network.input_shape[1])
        shared, replicated = PartitionSpec(None, "device"), PartitionSpec()
        mesh = Mesh(np.array(sharing(jax.devices(), devices)), ("device",))
        quick = kind.fast_forecasts if mesh.devices.flat[0].platform == "cpu" else None
        self.forecasts = (quick and quick(network)) or partial(plain_forecasts, network)
        self.everywhere = NamedSharding(mesh, replicated)
        weights = (
            [variable.value for variable in network.trainable_variables],
            [variable.value for variable in network.non_trainable_variables],
        )
        self.weights = jax.device_put(weights, self.everywhere)
        walk = jax.shard_map(
            self.group_of_batches,
            mesh=mesh,
            in_specs=(replicated, replicated, shared, replicated, replicated),
            out_specs=shared,
            check_vma=False,
        )
        key = ("predict", kind.name, structure(network), self.lookback, mesh.size)
        self.walk = ExportedProgram(jax.jit(walk), *key)

    def group_of_batches(
        self, matrix: jax.Array, first: jax.Array, group: jax.Array, batches: jax.Array, weights: Any
    ) -> jax.Array:
        """Forecasts of the first `batches` batches of a group, (K, b) to (K, b) + told; the others stay 0.

        matrix: (T, F). A window begins `group` rows behind `first`; where that is PADDING, there is none.
        """
        length = min(STRETCH + self.lookback, len(matrix))
        above = jnp.minimum(first, len(matrix) - length)  # the stretch's first row
        rows = jax.lax.dynamic_slice_in_dim(matrix, above, length)  # (S, F)
        trainable, fixed = weights
        forecasts_of = self.forecasts(trainable, fixed, rows)

        def one_batch(index: jax.Array, found: jax.Array) -> jax.Array:
            forecast = forecasts_of(jnp.maximum(group[index], 0) + first - above)  # (b, 1) or (b, Q)
            return found.at[index].set(forecast if self.told else forecast[:, 0])

        nothing = jnp.zeros(group.shape + self.told, jnp.float32)
        found: jax.Array = jax.lax.fori_loop(0, batches, one_batch, nothing)
        return found

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
        each, places = np.unique(starts, return_inverse=True)  # (n,) (N,)
        forecasts = np.empty((len(each), *self.told), np.float32)
        for chosen in stretches(each):
            first, count = each[chosen.start], chosen.stop - chosen.start
            group = np.full(STRETCH, PADDING, np.int32)
            group[:count] = each[chosen] - first
            batches = even(group.reshape(BATCHES, BATCH), self.devices)
            walked = self.walk(on_device, np.int32(first), batches, -(-count // BATCH), self.weights)
            forecasts[chosen] = np.asarray(walked)[:, :BATCH].reshape(-1, *self.told)[:count]
            emit({"kind": "alive"})
        return forecasts[places]


def stretches(starts: NDArray[np.int64]) -> Iterator[slice]:
    """Places of starts (n,), which rise, that lie within STRETCH rows of each other."""
    begin = 0
    while begin < len(starts):
        end = int(np.searchsorted(starts, starts[begin] + STRETCH))
        yield slice(begin, end)
        begin = end


def plain_forecasts(network: keras.Model, trainable: Any, fixed: Any, rows: jax.Array) -> Callable[..., Any]:
    """What the network says of the windows of the rows (S, F) that begin at `start`, (b,) to (b, Q)."""
    lookback = int(network.input_shape[1])

    def forecasts_of(start: jax.Array) -> jax.Array:
        window = rows[start[:, None] + jnp.arange(lookback)]  # (b, L, F)
        forecast: jax.Array = network.stateless_call(trainable, fixed, window, training=False)[0]
        return forecast

    return forecasts_of
