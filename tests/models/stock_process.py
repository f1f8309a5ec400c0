"""Train one network by stock Keras and by WindowTrainer, look at two devices' dropout masks; print JSON."""

import json
import math
from functools import partial

from engine.models.training import backend
from engine.settings import Model, Training

STEPS, BATCH, LOOKBACK = 40, 32, 12
count = backend.prepare(Training(batch_size=BATCH, devices=2))

import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402
import keras  # noqa: E402
import numpy as np  # noqa: E402
from jax.sharding import PartitionSpec  # noqa: E402

from engine.models import lstm  # noqa: E402
from engine.models.lstm import LSTM, build, forward  # noqa: E402
from engine.models.training.fit import batches_a_group  # noqa: E402
from engine.models.training.trainer import Groups, WindowTrainer  # noqa: E402

random = np.random.default_rng(3)
rows = STEPS * BATCH - 7  # the last batch is a part of one
matrix = random.normal(size=(rows + LOOKBACK, 5)).astype(np.float32)  # (T, F)
labels = (0.5 * np.roll(matrix[:, 0], 1) + random.normal(size=len(matrix))).astype(np.float32)  # (T,)
order = random.permutation(rows)


def adam():
    return keras.optimizers.Adam(0.01)


def stock():
    network = build(LOOKBACK, 5, Model(units=(16, 8), dropout=0.0), 4)
    network.compile(optimizer=adam(), loss="mse")
    windows = matrix[order[:, None] + np.arange(LOOKBACK)]  # (N, L, F)
    losses = []
    emit = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda _, logs: losses.append(float(logs["loss"]))
    )
    options = {"batch_size": BATCH, "shuffle": False, "verbose": 0, "callbacks": [emit]}
    network.fit(windows, labels[order + LOOKBACK], **options)
    return losses


def ours():
    network = build(LOOKBACK, 5, Model(units=(16, 8), dropout=0.0), 4)
    trainer = WindowTrainer(LSTM, network, matrix, labels, "mse", count)
    trainer.compile(optimizer=adam())
    trainer.optimizer.build(network.trainable_variables)
    losses = []
    emit = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda _, logs: losses.append(float(logs["loss"]))
    )
    trainer.fit(Groups(order, BATCH, 1, None), shuffle=False, verbose=0, callbacks=[emit])
    return losses


def masks():
    """What dropout lets through of ones on each device in one step: (2, L, b, units) bool."""
    network = build(LOOKBACK, 5, Model(units=(16, 8), dropout=0.5), 4)
    trainer = WindowTrainer(LSTM, network, matrix, labels, "mse", count)
    dropout = network.get_layer("dropout_1")
    fixed = [variable.value for variable in network.non_trainable_variables]
    place = [v.path for v in network.non_trainable_variables].index(dropout.seed_generator.state.path)

    def kept(ones):
        seeds = trainer.reseeded(fixed, trainer.shift())
        return (lstm.dropped(ones, seeds[place], dropout.rate) > 0)[None]

    walk = jax.shard_map(
        kept, mesh=trainer.mesh, in_specs=PartitionSpec(), out_specs=PartitionSpec("device"), check_vma=False
    )
    return np.asarray(walk(jnp.ones((LOOKBACK, 8, 16))))


def passes():
    """How far our pass is from the network's own, forecast and gradients, for one to three layers."""
    losses = []
    for units in ((7,), (16, 8), (6, 5, 4)):
        network = build(LOOKBACK, 5, Model(units=units, dropout=0.0), 4)
        window = jnp.asarray(matrix[order[:9, None] + np.arange(LOOKBACK)])  # (9, L, F)
        trainable = [variable.value + 0.1 for variable in network.trainable_variables]
        fixed = [variable.value for variable in network.non_trainable_variables]

        def squared(trainable, call, window=window, fixed=fixed):
            forecast, _ = call(trainable, fixed, window, training=True)
            return jnp.sum((forecast - 1.0) ** 2), forecast

        slope = jax.grad(squared, has_aux=True)
        theirs, ours = slope(trainable, network.stateless_call), slope(trainable, partial(forward, network))
        losses.append(
            max(
                float(jnp.abs(a - b).max() / (jnp.abs(a).max() + 1e-3))
                for a, b in zip(jax.tree.leaves(theirs), jax.tree.leaves(ours), strict=True)
            )
        )
    return losses


def seeds():
    """The fixed variables after a pass in training and one that is none, by the layers and by us."""
    network = build(LOOKBACK, 5, Model(units=(16, 8), dropout=0.5), 4)
    window = jnp.asarray(matrix[order[:9, None] + np.arange(LOOKBACK)])
    variables = [
        [each.value for each in group]
        for group in (network.trainable_variables, network.non_trainable_variables)
    ]
    calls = (network.stateless_call, partial(forward, network))
    return [
        [np.asarray(call(*variables, window, training=training)[1]).tolist() for call in calls]
        for training in (True, False)
    ]


def shares():
    """Share let through and mean of a million ones, for rates small and large."""
    found = []
    for rate in (0.001, 0.2, 0.5, 0.9):
        passed = np.asarray(lstm.dropped(jnp.ones((1000, 1001)), jnp.array([3, 4], jnp.uint32), rate))
        found.append([rate, float((passed > 0).mean()), float(passed.mean(dtype=np.float64))])
    return found


def longest_group():
    """Multiply-adds and batches of a compiled call, from the smallest network to a large one."""
    found = []
    for units, batch in (((2,), 1), ((64, 32), 64), ((64, 32), 4096), ((256, 256), 512)):
        network = build(LOOKBACK, 5, Model(units=units), 4)
        batches = batches_a_group(LSTM, network, batch)
        found.append([batches, 6 * LOOKBACK * network.count_params() * batch * batches])
    return found


mask = masks()
print(
    json.dumps(
        {
            "stock": stock(),
            "ours": ours(),
            "masks": list(mask.shape),
            "masks_equal": bool((mask[0] == mask[1]).all()),
            "shares": [float(each.mean()) for each in mask],
            "agreement": float((mask[0] == mask[1]).mean()),
            "groups": longest_group(),
            "passes": passes(),
            "seeds": seeds(),
            "dropped": shares(),
            "steps": math.ceil(rows / BATCH),
        }
    )
)
