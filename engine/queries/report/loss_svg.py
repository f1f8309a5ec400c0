"""Losses over the epochs as SVG, each on a scale of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.queries.report.svg import BOTTOM, TOP, Frame
from engine.results.number_format import defined
from engine.runs.log_entries import batch_trace, near_curve

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.runs.log_entries import Epoch

HEIGHT = 240


def panels(history: Sequence[Epoch], best: int | None) -> list[str]:
    """Training loss with that of the batches, and validation loss: as many of the two as are known."""
    found = []
    for name, values, within in (
        ("training loss", [(each.epoch, each.loss) for each in history], batch_trace(history)),
        ("validation loss", [(each.epoch, each.val_loss) for each in history], ()),
    ):
        known = [(epoch, value) for epoch, value in values if defined(value)]
        if known:
            epochs, losses = zip(*known, strict=True)
            found.append(of_epochs(epochs, losses, near_curve(within, losses), best, name))
    return found


def of_epochs(
    epochs: tuple[int, ...], losses: tuple[float, ...], within: Sequence[tuple[float, float]],
    best: int | None, title: str,
) -> str:  # fmt: skip
    """One loss, with points between its epochs under it; the best epoch marked by a line."""
    every = zip(epochs, losses, strict=True)
    across, up = zip(*every, *within, strict=True)
    frame = Frame.of(across, up, HEIGHT)
    places = sorted({epochs[round(at * (len(epochs) - 1) / 8)] for at in range(9)})
    parts = [
        frame.begin(title),
        *frame.rulers(lambda value: f"{value:.6g}", [(at, str(at)) for at in places]),
    ]
    if best in epochs:
        parts.append(f'<path class="best" d="M{frame.x(best):.1f} {TOP}V{frame.height - BOTTOM}"/>')
    if within:
        parts.append(frame.line([at for at, _ in within], [loss for _, loss in within], "trace"))
    return "\n".join([*parts, frame.line(epochs, losses, "strategy"), "</svg>"])
