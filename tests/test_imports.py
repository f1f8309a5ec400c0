"""Modules that are put off run when something in them is asked for, as they would have run at once."""

import gc
import subprocess
import sys
import textwrap
import threading
from importlib import metadata

import pytest

from engine.imports import DEFERRAL, Deferred, put_off, quickly, unlisted

FILES = {
    "__init__.py": "import record\nrecord.told.append('front')\nfrom .part import value\nshown = value + 1\n",
    "part.py": "import record\nrecord.told.append('part')\nfrom . import other\nvalue = other.value\n",
    "other.py": "import record\nrecord.told.append('other')\nvalue = 41\n",
    "lone.py": "import record\nrecord.told.append('lone')\nvalue = 7\n",
}


@pytest.fixture
def told(tmp_path, monkeypatch):
    """A package `putoff` on the path that tells when its code runs; what it has told."""
    (tmp_path / "putoff").mkdir()
    for name, content in FILES.items():
        (tmp_path / "putoff" / name).write_text(content)
    (tmp_path / "record.py").write_text("told = []\n")
    monkeypatch.syspath_prepend(tmp_path)
    import record

    before = DEFERRAL.seldom
    yield record.told
    DEFERRAL.seldom = before
    for name in [name for name in sys.modules if name.split(".")[0] in {"putoff", "record"}]:
        del sys.modules[name]


def test_a_module_put_off_runs_once_when_it_is_asked_for_something(told):
    put_off("putoff")
    import putoff
    import putoff as again

    assert again is putoff
    assert isinstance(putoff, Deferred)
    assert putoff.__file__.endswith("__init__.py")
    assert not hasattr(putoff, "__wrapped__")
    assert told == []
    assert putoff.shown == 42
    assert putoff.part.value == 41
    assert told == ["front", "part", "other"]
    assert not isinstance(putoff, Deferred)
    with pytest.raises(AttributeError, match="putoff"):
        putoff.nothing  # noqa: B018


def test_what_is_not_named_runs_at_once(told):
    put_off("something.else")
    import putoff.other  # noqa: F401

    assert told == ["front", "part", "other"]


@pytest.mark.parametrize("still", [True, False])
def test_what_stands_in_a_package_put_off_runs_after_its_front(told, still):
    put_off("putoff")
    import putoff

    if not still:
        DEFERRAL.seldom = frozenset()
    import putoff.other

    assert told == []
    assert putoff.other.value == 41
    assert told == ["front", "part", "other"]


def test_names_can_be_imported_from_a_module_put_off(told):
    put_off("putoff")
    import putoff  # noqa: F401
    from putoff import shown
    from putoff.other import value

    assert (shown, value) == (42, 41)
    assert told == ["front", "part", "other"]


def test_a_module_named_by_itself_runs_without_the_front_of_its_package(told):
    put_off("putoff", "putoff.lone")
    from putoff import lone
    from putoff.lone import value

    assert (lone.value, value) == (7, 7)
    assert told == ["lone"]


def test_a_module_that_fails_can_be_asked_again(told, tmp_path):
    put_off("putoff")
    import putoff

    (tmp_path / "putoff" / "part.py").unlink()
    for _ in range(2):
        with pytest.raises(ModuleNotFoundError):
            putoff.shown  # noqa: B018
    (tmp_path / "putoff" / "part.py").write_text(FILES["part.py"])
    sys.path_importer_cache.clear()
    assert putoff.shown == 42


def test_threads_that_ask_at_once_find_it_whole(told):
    put_off("putoff")
    import putoff

    found, gate = [], threading.Barrier(8)

    def ask():
        gate.wait()
        found.append(putoff.shown)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [42] * 8
    assert told == ["front", "part", "other"]


def test_garbage_is_looked_for_again_afterwards():
    with quickly():
        assert not gc.isenabled()
        with quickly():
            pass
        assert not gc.isenabled()
    assert gc.isenabled()
    with pytest.raises(ModuleNotFoundError), quickly():
        import putoff  # noqa: F401
    assert gc.isenabled()


def test_what_is_installed_is_told_again_afterwards():
    listing = metadata.distributions
    with unlisted():
        assert not list(metadata.distributions())
        assert not metadata.entry_points(group="console_scripts")
    assert metadata.distributions is listing
    assert any(each.metadata["Name"] == "quantdeck" for each in metadata.distributions())


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
    found = said("""
        from engine.__main__ import LATE
        from engine.imports import Deferred, put_off
        put_off(*LATE)
        from engine import pipeline
        import sys
        print(*(name for name in LATE if isinstance(sys.modules.get(name), Deferred)))
        print(*("numba" in sys.modules, "keras" in sys.modules, "scipy.stats._stats_py" in sys.modules))
    """)
    assert {"engine.backtest.loop", "scipy.stats", "sklearn.preprocessing"} <= set(found)
    assert found[-3:] == ["False"] * 3


def test_what_an_engine_needs_late_is_there_then():
    assert said("""
        from engine.__main__ import LATE
        from engine.imports import put_off
        put_off(*LATE)
        from engine import pipeline
        import numpy as np
        from scipy.spatial.distance import euclidean
        from scipy.stats.distributions import norm
        import scipy.fft, scipy.interpolate, scipy.ndimage, scipy.optimize, scipy.spatial, scipy.stats.qmc
        from sklearn.preprocessing import PolynomialFeatures, SplineTransformer, StandardScaler
        from sklearn.linear_model import Ridge
        import numpy.f2py, numpy.testing
        from engine.backtest import loop
        from engine.samples.scaling import KINDS
        rows = np.arange(12.0).reshape(6, 2)
        assert euclidean([0, 0], [3, 4]) == 5
        assert norm.cdf(0) == scipy.stats.norm.cdf(0) == 0.5
        assert KINDS["standard"] is StandardScaler
        assert SplineTransformer().fit_transform(rows).shape[0] == 6
        assert PolynomialFeatures(2).fit_transform(rows).shape == (6, 6)
        assert Ridge().fit(rows, rows[:, 0]).coef_.shape == (2,)
        assert scipy.optimize.minimize(lambda x: (x[0] - 2) ** 2, [0.0]).success
        assert scipy.stats.qmc.Sobol(2).random(4).shape == (4, 2)
        assert callable(loop.run) and "numba" in __import__("sys").modules
        print("well")
    """) == ["well"]


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
        from jax.experimental import pallas
        import h5py, rich.table
        assert callable(pallas.pallas_call) and callable(h5py.File) and callable(rich.table.Table)
        print("well")
    """) == ["well"]
