"""Training and prediction, beside PyTorch and stock Keras."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from benchmarks.contest import Arena, Line, line, same

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.contest import Contest, Entry
    from benchmarks.plan import Plan


def training(plan: Plan) -> list[Line]:
    """An epoch of the reference work: by the default's layers, on one device and on all."""
    count = plan.size(20_000, 320)
    entries: list[Entry] = [
        ("quantdeck", "train_quantdeck", "training", (count, plan.devices)),
        ("quantdeck, one device", "train_quantdeck", "training", (count, 1)),
        *peers(count, "lstm"),
    ]
    epochs, apart = trained(plan, entries, "losses of 40 steps")
    made = [
        line(
            "training against PyTorch, 2 threads", epochs.ratios("quantdeck", "PyTorch, 2 threads"), "×",
            least=1.25
        ),
        line("training against PyTorch, 1 thread", epochs.ratios("quantdeck", "PyTorch, 1 thread"), "×"),
        line(
            "training against Keras fit", epochs.ratios("quantdeck", "Keras fit"), "×", least=2.0,
            note=f"losses of 40 steps differ by {apart:.1g}",
        ),
    ]  # fmt: skip
    for name in epochs.answers:
        speed = count / epochs.seconds(name)
        made.append(
            line(f"training, {name}", speed, "sequences/s", note=f"peak {epochs.peak_mb(name):,.0f} MB")
        )
    return made


def kinds(plan: Plan) -> list[Line]:
    """An epoch of the other networks on the reference work, of the same widths."""
    count, made = plan.size(20_000, 320), []
    for kind, least in (("gru", 1.2), ("tcn", 1.0), ("attention", 1.0)):
        entries: list[Entry] = [
            ("quantdeck", "train_quantdeck", "training", (count, plan.devices, kind)), *peers(count, kind),
        ]  # fmt: skip
        epochs, apart = trained(plan, entries, f"losses of 40 steps, {kind}")
        torch = epochs.ratios("quantdeck", "PyTorch, 1 thread", "PyTorch, 2 threads")
        made += [
            line(
                f"training of {kind} against PyTorch's best", torch, "×", least=least,
                note=", ".join(f"{name}: {count / np.median(epochs.seconds(name)):,.0f}/s"
                               for name in epochs.answers),
            ),
            line(
                f"training of {kind} against Keras fit", epochs.ratios("quantdeck", "Keras fit"), "×",
                note=f"losses of 40 steps differ by {apart:.1g}",
            ),
        ]  # fmt: skip
    return made


def peers(count: int, kind: str) -> list[Entry]:
    """Who else trains a network of that kind."""
    return [
        ("Keras fit", "train_keras", "training", (count, kind)),
        ("PyTorch, 1 thread", "train_torch", "training", (count, 1, kind)),
        ("PyTorch, 2 threads", "train_torch", "training", (count, 2, kind)),
    ]


def trained(plan: Plan, entries: Sequence[Entry], what: str) -> tuple[Contest, float]:
    """Epochs of all, once they have done the same steps; how far our losses are from Keras's."""
    with Arena(entries) as arena:
        losses = arena.contest("losses", 1, warm_up=0)
        ours = losses.answer("quantdeck")
        apart = same(ours, losses.answer("Keras fit"), 1e-4, f"{what}, Keras")
        same(ours, losses.answer("PyTorch, 2 threads"), 1e-3, f"{what}, PyTorch")
        epochs = arena.contest("epoch", plan.rounds)
    for name in epochs.answers:
        same(
            [epochs.answer("quantdeck")], [epochs.answer(name)], 0.5 if plan.quick else 0.05,
            f"loss of an epoch, {name}",
        )  # fmt: skip
    return epochs, apart


def prediction(plan: Plan) -> list[Line]:
    """Every window of the matrix."""
    count = plan.size(100_000, 1_000)
    entries: list[Entry] = [
        ("quantdeck", "train_quantdeck", "prediction", (count, plan.devices)),
        ("PyTorch, 1 thread", "train_torch", "prediction", (count, 1)),
        ("PyTorch, 2 threads", "train_torch", "prediction", (count, 2)),
    ]
    with Arena(entries) as arena:
        found = arena.contest("predict", plan.rounds)
    same(found.answer("quantdeck"), found.answer("PyTorch, 2 threads"), 1e-4, "predictions")
    ratios = found.ratios("quantdeck", "PyTorch, 1 thread", "PyTorch, 2 threads")
    made = [line("prediction against PyTorch's best", ratios, "×", least=1.0)]
    return made + [
        line(f"prediction, {name}", count / found.seconds(name), "windows/s") for name in found.answers
    ]
