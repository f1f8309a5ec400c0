"""What a model file of the user's own opens while it builds a network is named by the audit."""

import numpy as np
import pandas as pd
import pytest

from engine.models.training import backend
from engine.own_modules import words_of
from engine.studies.leak_audit import landlock
from engine.studies.leak_audit.building import built
from engine.studies.leak_audit.watch import readers_in
from tests.studies.markets import settings_of

BUILD = """
import keras
import numpy as np
def build(lookback, features, seed):
    first = {first}
    begin = keras.initializers.Constant(float(first))
    layers = [keras.Input((lookback, features)), keras.layers.Flatten()]
    return keras.Sequential([*layers, keras.layers.Dense(1, kernel_initializer=begin)])
"""


@pytest.mark.parametrize("reads", [False, True])
def test_what_build_opens_is_named(tmp_path, reads):
    weights, path = tmp_path / "weights.npy", tmp_path / "model.py"
    np.save(weights, np.ones(1))
    path.write_text(BUILD.format(first=f"np.load({str(weights)!r})[0]" if reads else "0.5"))
    settings = settings_of(f"model.file={path}", "training.devices=1")
    backend.prepare(settings.training)
    expected = [f"build opens {weights}"] if reads else []
    assert list(built(settings, None)) == expected
    kept = path.read_bytes()
    path.write_text("def build(*_): return 7")
    assert list(built(settings, kept)) == expected  # what was trained, whatever the file holds by now


PEEKS = {
    "file": "np.loadtxt({path!r})[0]",
    "engine": "through_the_engine({path!r})",
    "network": "asked()",
    "frame_reader": "len(__import__('pandas').read_parquet({path!r} + '.parquet')) * 1.0",
    "program": "float(__import__('subprocess').check_output(['echo', '1']))",
    "callers": "len(sys._getframe(2).f_locals) * 1.0",
    "memory": "len(__import__('gc').get_objects()) * 1.0",
    "kept": "kept_from_the_last_fit({path!r} + '.kept')",
    "library_in_c": "__import__('pyarrow.csv', fromlist=['x']).read_csv({path!r}).num_rows * 1.0",
}
HEAD = """
import socket, sys
from pathlib import Path
import numpy as np
def through_the_engine(name):
    from engine.disk import read_with_digest
    try:
        return read_with_digest(Path(name))[0] * 1.0
    except Exception:
        return 0.5
def asked():
    with socket.socket(socket.AF_INET) as asking:
        return asking.connect_ex(("127.0.0.1", 9)) * 0.0
def kept_from_the_last_fit(name):
    found = float(Path(name).read_text()) if Path(name).exists() else 0.0
    Path(name).write_text(str(found + 1))
    return found
"""


# No event tells of them, and no word of theirs does: only the kernel can.
IN_C = {
    "by_parts_of_a_name": "len(getattr(np_reader(), 'read_' + 'csv')({path!r})) * 1.0",
    "swallowed": "quietly(lambda: len(getattr(np_reader(), 'read_' + 'csv')({path!r})) * 1.0)",
}
QUIETLY = """
def np_reader():
    return __import__("pyar" + "row.csv", fromlist=["csv"])
def quietly(read):
    try:
        return read()
    except Exception:
        return 0.5
"""


@pytest.mark.parametrize("name", [*IN_C, "honest"])
def test_what_build_reads_in_c_is_told_by_the_kernel(tmp_path, name):
    if not landlock.is_there():
        pytest.skip("this kernel has no Landlock: a reader in C is named by its library")
    levels, path = tmp_path / "levels.csv", tmp_path / "model.py"
    levels.write_text("2\n3\n")
    pd.DataFrame({"level": [1.0]}).to_parquet(levels.with_name("levels.csv.parquet"))
    path.write_text(QUIETLY + BUILD.format(first=IN_C.get(name, "0.5").format(path=str(levels))))
    settings = settings_of(f"model.file={path}", "training.devices=1")
    backend.prepare(settings.training)
    assert bool(list(built(settings, None))) == (name in IN_C)
    assert levels.read_text()  # of this process's other threads nothing is taken away


def test_only_what_reads_in_c_is_taken_for_a_reader():
    honest = (
        b"import keras\ntables = [1]\ndef build(a, b, c):\n    'No tables.'\n    return keras.Sequential()"
    )
    assert readers_in(words_of(honest)) == []
    for line in (
        "import pyarrow.csv",
        "from pandas import read_parquet",
        "import h5py",
        "f = pd.read_feather",
    ):
        assert readers_in(words_of(line.encode()))


@pytest.mark.parametrize("name", PEEKS)
def test_what_a_model_takes_from_elsewhere_is_named(tmp_path, name):
    levels, path = tmp_path / "levels.csv", tmp_path / "model.py"
    levels.write_text("2\n3\n")
    levels.with_name("levels.csv.kept").write_text("1")
    pd.DataFrame({"level": [1.0]}).to_parquet(levels.with_name("levels.csv.parquet"))
    path.write_text(HEAD + BUILD.format(first=PEEKS[name].format(path=str(levels))))
    settings = settings_of(f"model.file={path}", "training.devices=1")
    backend.prepare(settings.training)
    assert list(built(settings, None))
