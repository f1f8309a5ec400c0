"""What is done with a model of any kind: fitted, asked, saved, loaded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.models import arrays_file
from engine.models.definition import NetworkKind

if TYPE_CHECKING:
    from pathlib import Path

    from engine.models.definition import Kind, Matrix, Outputs, Rows, TrainingData
    from engine.models.training.fitted import Emit, Fitted
    from engine.settings import Settings


def fit(
    kind: Kind, lessons: TrainingData, settings: Settings, devices: int, keep: Path, emit: Emit
) -> tuple[Any, Fitted]:
    """A model fitted on the lessons with the settings' seed, and how it went.

    A network goes on with the checkpoint at `keep`, its batches shared by so many devices; a regression takes
    seconds, begins anew, and works on one core, so that its sums have one order. Raises what training.fit
    raises.
    """
    if isinstance(kind, NetworkKind):
        from engine.models.training.fit import fit as train

        arguments = lessons.lookback, lessons.matrix.shape[1], settings.model, settings.training.seed
        network = kind.build(*arguments)
        if kind.sha256:
            from engine.models import own

            own.refuse_trained(network, kind, *arguments)
        return network, train(kind, network, lessons, settings, devices, keep, emit)
    from engine.models.training.steps import fitted

    model, losses = kind.fitted(lessons, settings)
    return model, fitted(losses, emit)


def outputs(kind: Kind, model: Any, devices: int) -> Outputs:
    """What the model says of windows, scaled as its labels were."""
    if isinstance(kind, NetworkKind):
        from engine.models.training.predict import Predictor

        return Predictor(model, devices)

    def forecast(matrix: Matrix, starts: Rows, emit: Emit) -> Matrix:
        emit({"kind": "alive"})
        return kind.predict(model, matrix, starts).astype("float32")

    return forecast


def dump(kind: Kind, model: Any) -> bytes:
    """The model as the bytes of a file, the same bytes for the same model."""
    if isinstance(kind, NetworkKind):
        from engine.compat import keras_archive

        return keras_archive.dump(model)
    return arrays_file.dump(kind.arrays(model))


def load(kind: Kind, name: str, content: bytes) -> Any:
    """The model in the bytes of a file of that name, read only if it is what we write.

    Raises RepairDataError.
    """
    if isinstance(kind, NetworkKind):
        from engine.models import keras_file

        return keras_file.load(content, kind, name)
    return arrays_file.load(name, content, kind.made)


def files(kind: Kind, count: int) -> list[str]:
    """What the files of so many models are called."""
    numbers = [f"-{number}" for number in range(1, count + 1)] if count > 1 else [""]
    if isinstance(kind, NetworkKind):
        return [f"model{number}.keras" for number in numbers]
    return [f"model{number}.npz" for number in numbers]


def width(kind: Kind, model: Any) -> int:
    """How many features a row of its windows has."""
    return int(model.input_shape[2]) if isinstance(kind, NetworkKind) else kind.features(model)


def described(kind: Kind, model: Any) -> str:
    """What a file of it holds, for whoever was given one."""
    if isinstance(kind, NetworkKind):
        layers = ", ".join(type(layer).__name__ for layer in model.layers)
        return f"stock layers only ({layers}), {model.count_params()} weights, no code"
    return f"{kind.name}, {sum(array.size for array in kind.arrays(model).values())} numbers, no code"
