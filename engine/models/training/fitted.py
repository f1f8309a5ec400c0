"""What a training came to."""

from __future__ import annotations

import math
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


def after(before: Sequence[Fitted], members: int, emit: Emit) -> Emit:
    """`emit` for the one of so many members that is trained after those before it.

    Its epochs go on where theirs ended, so that a curve of all can be drawn; what is left is left of all.
    """
    done = sum(each.epochs for each in before)

    def shifted(event: dict[str, object]) -> None:
        shown = event.copy()
        for name in ("epoch", "best_epoch"):
            if isinstance(value := event.get(name), int):
                shown[name] = done + value
        if isinstance(most := event.get("epochs"), int):
            shown["epochs"] = done + most * (members - len(before))
        if event["kind"] == "model":
            shown |= {"member": len(before) + 1, "members": members}
        if event["kind"] == "batch":
            shown["left_s"] = left_of_all(event, before, members)
        emit(shown)

    return shifted if members > 1 else emit


def left_of_all(event: dict[str, Any], before: Sequence[Fitted], members: int) -> float | None:
    """Seconds that members have left, from the progress of the one that is trained after those before it.

    Each is taken to need as many epochs as those before it did in the mean; the first, all that it may.
    """
    most, passed = event["epochs"], event["epoch"] - 1 + event["batch"] / event["batches"]
    if event["left_s"] is None or passed >= most:
        return None
    usual = sum(each.epochs for each in before) / len(before) if before else most
    own = max(usual, math.ceil(passed)) - passed
    behind = members - len(before) - 1
    return float((own + behind * usual) * event["left_s"] / (most - passed))
