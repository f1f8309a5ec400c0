"""Training and prediction of the reference networks by PyTorch, eager, on the processor."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import torch

from benchmarks import work
from benchmarks.torch_networks import Network

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np


def training(count: str, threads: str, kind: str = "lstm") -> dict[str, Callable[[], Any]]:
    """`losses`: running mean losses of 40 steps without dropout. `epoch`: one epoch with it."""
    torch.set_num_threads(int(threads))
    sequences = work.Sequences(int(count))
    windows = torch.from_numpy(sequences.windows())  # (N, L, F)
    labels = torch.from_numpy(sequences.labels[work.LOOKBACK :])  # (N,)

    def optimizer(model: Network) -> torch.optim.Optimizer:
        return torch.optim.Adam([p for p in model.parameters() if p.requires_grad], work.RATE, eps=1e-7)

    def walk(model: Network, adam: torch.optim.Optimizer, order: np.ndarray) -> list[float]:
        model.train()
        by_batch = []
        for batch in torch.from_numpy(order).split(work.BATCH):
            loss = torch.nn.functional.mse_loss(model(windows[batch]), labels[batch])
            adam.zero_grad()
            loss.backward()
            adam.step()
            by_batch.append(loss.detach())
        means = torch.stack(by_batch).cumsum(0) / torch.arange(1, len(by_batch) + 1)
        return [float(mean) for mean in means]

    def losses() -> list[float]:
        model = Network(kind, 0.0)
        return walk(model, optimizer(model), sequences.order(0)[: 40 * work.BATCH])

    timed = Network(kind, work.DROPOUT)
    adam = optimizer(timed)
    epochs = iter(range(1_000_000))
    return {"losses": losses, "epoch": lambda: walk(timed, adam, sequences.order(next(epochs)))[-1]}


def prediction(count: str, threads: str) -> dict[str, Callable[[], Any]]:
    """`predict`: every window, in the batch size that is fastest here; answers a hundred predictions."""
    torch.set_num_threads(int(threads))
    sequences = work.Sequences(int(count))
    matrix = torch.from_numpy(sequences.matrix)
    model = Network("lstm", 0.0).eval()

    @torch.inference_mode()
    def predict(starts: torch.Tensor, size: int) -> torch.Tensor:
        steps = torch.arange(work.LOOKBACK)
        return torch.cat([model(matrix[batch[:, None] + steps]) for batch in starts.split(size)])

    def seconds(size: int) -> float:
        starts = torch.arange(min(sequences.count, 8_192))
        predict(starts, size)
        began = time.perf_counter()
        predict(starts, size)
        return time.perf_counter() - began

    best = min((256, 1024, 4096), key=seconds)

    def act() -> list[float]:
        found = predict(torch.arange(sequences.count), best).numpy()
        return [float(each) for each in found[:: max(1, len(found) // 100)]]

    return {"predict": act}
