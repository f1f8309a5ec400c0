"""Where Keras's `fit` and `evaluate` look for the compiled step that they call."""

from __future__ import annotations

from typing import Any

import keras


class OwnSteps(keras.Model):
    """A model whose steps a subclass makes: `training_step` and `validation_step`.

    A step is (state, iterator) → (logs, state). The state is what Keras's JAX trainer keeps: trainable and
    other variables, the optimizer's (in training alone) and the metrics', in this order, each as a list.
    """

    def __init__(self) -> None:
        """No step is made yet."""
        super().__init__()
        self.train_function: Any = None
        self.test_function: Any = None

    def training_step(self) -> Any:
        """What `fit` calls for each group of batches."""
        raise NotImplementedError

    def validation_step(self) -> Any:
        """What `evaluate` calls."""
        raise NotImplementedError

    def make_train_function(self, force: bool = False) -> None:
        """Called by `fit`."""
        if self.train_function is None or force:
            self.train_function = self.training_step()

    def make_test_function(self, force: bool = False) -> None:
        """Called by `evaluate`."""
        if self.test_function is None or force:
            self.test_function = self.validation_step()
