"""What a training came to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Sequence

Emit: TypeAlias = Callable[[dict[str, object]], None]


@dataclass(frozen=True)
class Fitted:
    """What training came to: losses are on scaled labels, best_epoch counts from 1."""

    epochs: int
    best_epoch: int
    loss: float
    val_loss: float
    stopped_early: bool
    history: list[dict[str, Any]]

    def summary(self) -> dict[str, Any]:
        """Without the history, which the run's events hold."""
        return {name: value for name, value in vars(self).items() if name != "history"}


def together(members: Sequence[Fitted]) -> Fitted:
    """Several trainings as one: all epochs, the means of the losses and of the best epochs."""
    if len(members) == 1:
        return members[0]
    count = len(members)
    return Fitted(
        epochs=sum(each.epochs for each in members),
        best_epoch=round(sum(each.best_epoch for each in members) / count),
        loss=sum(each.loss for each in members) / count,
        val_loss=sum(each.val_loss for each in members) / count,
        stopped_early=all(each.stopped_early for each in members),
        history=[facts for each in members for facts in each.history],
    )


def after(done: int, left: int, emit: Emit) -> Emit:
    """`emit` for a member that is trained when `done` epochs are, with `left` members behind it.

    Its epochs go on where those before it ended, so that a curve of all can be drawn.
    """

    def shifted(event: dict[str, object]) -> None:
        known = {name: value for name in ("epoch", "best_epoch") if isinstance(value := event.get(name), int)}
        moved: dict[str, object] = {name: done + value for name, value in known.items()}
        if isinstance(most := event.get("epochs"), int):
            moved["epochs"] = done + most * (1 + left)
        emit({**event, **moved})

    return shifted if done or left else emit
