"""Libraries are imported as they are: nothing of theirs is replaced, and all of it is there."""

import gc
import subprocess
import sys
import textwrap

import pytest

from engine.imports import gc_paused


def test_garbage_is_looked_for_again_afterwards():
    with gc_paused():
        assert not gc.isenabled()
        with gc_paused():
            pass
        assert not gc.isenabled()
    assert gc.isenabled()
    with pytest.raises(ZeroDivisionError), gc_paused():
        raise ZeroDivisionError
    assert gc.isenabled()


def said(program):
    """What a program prints in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(program)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_an_engine_begins_without_what_it_needs_late():
    assert (
        said("""
        from engine import pipeline
        import sys
        print(*(name in sys.modules for name in ("numba", "keras", "ccxt")))
    """)
        == ["False"] * 3
    )


def test_nothing_of_pythons_imports_or_of_a_librarys_is_replaced():
    assert said("""
        import sys
        from importlib import metadata
        finders, listing = list(sys.meta_path), metadata.distributions
        from engine import pipeline
        from engine.models.training import backend
        from engine.settings import Training
        backend.prepare(Training(devices=1))
        from engine.compat.ccxt_exchange import exchange_class
        exchange_class("binance")
        ours = {type(each).__module__.partition(".")[0] for each in sys.meta_path}
        print("engine" in ours, sys.meta_path[0] is finders[0], metadata.distributions is listing)
        print(*(name for name, module in sys.modules.items() if module is None and name.count(".") < 1))
        print(*(
            name
            for name, module in sys.modules.items()
            if type(module).__module__.partition(".")[0] == "engine"
        ))
    """) == ["False", "True", "True"]


def test_of_keras_nothing_is_missing():
    assert said("""
        from engine.models.training import backend
        from engine.settings import Training
        backend.prepare(Training(devices=1))
        import keras
        keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)]).summary(print_fn=lambda text: None)
        assert callable(keras.applications.ResNet50) and callable(keras.datasets.mnist.load_data)
        assert callable(keras.wrappers.SKLearnClassifier) and callable(keras.preprocessing.image.load_img)
        assert callable(keras.visualization.draw_bounding_boxes)
        print("well")
    """) == ["well"]
