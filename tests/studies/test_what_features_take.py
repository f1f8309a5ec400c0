"""What own features take from outside is named, whichever way they take it; what is theirs is theirs."""

import json

import numpy as np
import pandas as pd
import pytest

from engine.data.importing.features_file import keep, load_features
from engine.features.inputs import Bars
from engine.own_modules import imported, is_library, own_modules
from engine.studies.leak_audit import landlock, probe
from engine.studies.leak_audit.isolation import Isolated
from engine.studies.leak_audit.rounding import differing_rows, usual_deviation
from tests.studies import own_features
from tests.studies.markets import STEP

HELPER = "import sys; sys.path.insert(0, {folder!r})\nfrom {name} import level\n"
USING = "return np.full(len(bars), level()) * bars.close"
HELPERS = {
    "reads": "import pandas as pd\nLEVEL = float(pd.read_csv({path!r}, header=None).iloc[0, 0])\n"
    "def level():\n    return LEVEL\n",
    "asks": "import socket\ntry:\n    socket.create_connection(('127.0.0.1', 9), timeout=0.1)\n"
    "except OSError:\n    pass\ndef level():\n    return 1.0\n",
    "honest": "def level():\n    return 2.0\n",
}
# All swallow what they meet; each is another where it may not read or ask.
SECRET = {
    "reader": """
import pandas as pd
try:
    seen = float(pd.read_parquet({path!r}).iloc[0, 0])
except Exception:
    seen = 1.0
return np.full(len(bars), seen)
""",
    "calls": """
import cffi
c = cffi.FFI()
c.cdef("int open(const char*, int); int close(int);")
library = c.dlopen(None)
number = library.open({path!r}.encode(), 0)
return np.full(len(bars), 1.0 if number >= 0 else 0.0)
""",
}


def bars(count=300, seed=0):
    generator = np.random.default_rng(seed)
    close = 100 * np.exp(np.cumsum(generator.normal(0, 0.01, count)))
    frame = pd.DataFrame(
        {"open": close, "high": close * 1.01, "low": close * 0.99, "close": close, "volume": 1.0},
        pd.to_datetime(np.arange(count) * STEP, unit="ms", utc=True),
    )
    return Bars.from_frame(frame, np.arange(count))


def written(tmp_path, name, helper=None, **table):
    """A features file; helper: the source of the module beside it."""
    path = tmp_path / f"{name}.py"
    own_features.write(path, *own_features.functions(table))
    if helper is not None:
        folder = tmp_path / "beside"
        folder.mkdir()
        (folder / f"beside_{name}.py").write_text(helper)
        path.write_text(HELPER.format(folder=str(folder), name=f"beside_{name}") + path.read_text())
    return path


@pytest.fixture(autouse=True)
def same_path(monkeypatch):
    """Files of features put folders on Python's path."""
    import sys

    monkeypatch.setattr(sys, "path", list(sys.path))


@pytest.mark.parametrize("name", HELPERS)
def test_a_module_beside_is_the_users_own_and_executed_under_watch(tmp_path, name):
    levels = tmp_path / "levels.csv"
    levels.write_text("2\n3\n")
    path = written(tmp_path, name, HELPERS[name].format(path=str(levels)), mine=USING)
    (own,) = load_features(path)
    top = f"beside_{name}"
    assert top in imported(path.read_bytes())
    assert not is_library(top)
    kept = keep([own], tmp_path / "kept.py", tmp_path / "kept.json")
    assert kept == ["kept.py", "kept.json"]
    texts = json.loads((tmp_path / "kept.json").read_text())
    assert [text for _, text in texts.values()] == [HELPERS[name].format(path=str(levels))]
    modules = {module: sha256 for module, (sha256, _) in texts.items()}
    isolated = Isolated(path, processes=1, modules=modules)
    isolated.compute([[bars()]])
    word = {"reads": "levels.csv", "asks": "127.0.0.1"}.get(name)
    assert any(word in each for each in isolated.outside) if word else not isolated.outside
    (beside,) = map(type(path), own_modules(path.read_bytes()))
    beside.write_text(beside.read_text() + "# edited\n")
    assert [each for each in Isolated(path, modules=modules).outside if "was edited" in each]
    assert [each for each in Isolated(path, modules={}).outside if "was not kept" in each]


@pytest.mark.parametrize("name", SECRET)
def test_what_is_read_in_secret_is_named_though_its_failure_is_swallowed(tmp_path, name):
    if not landlock.is_there():
        pytest.skip("this kernel has no Landlock: a reader in C is named by its library")
    levels = tmp_path / "levels.parquet"
    pd.DataFrame({"level": [2.0]}).to_parquet(levels)
    body = SECRET[name].format(path=str(levels))
    isolated = Isolated(written(tmp_path, name, secret=body), processes=1)
    isolated.compute([[bars()]])
    word = {"reader": "pyarrow.parquet", "calls": "cffi"}[name]
    assert any(word in each or str(levels) in each for each in isolated.outside), isolated.outside


def test_no_connection_by_tcp_is_made_from_c_where_the_kernel_can_refuse_it(tmp_path):
    import os
    import socket

    if landlock.version() < landlock.KNOWS_NETWORK:
        pytest.skip("this kernel refuses no network")
    with socket.create_server(("127.0.0.1", 0)) as server:
        child = os.fork()
        if child == 0:
            landlock.read_only_under(["/"])
            try:
                socket.create_connection(server.getsockname(), timeout=1)
            except PermissionError:
                os._exit(7)
            finally:
                os._exit(1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7


def test_noise_and_clocks_are_not_repeatable_and_no_leak_of_a_cut(tmp_path):
    table = {
        "noise": "return np.random.default_rng().normal(size=len(bars))",
        "clock": "import time; return np.full(len(bars), time.time() % 1)",
        "steady": "return np.random.default_rng(3).normal(size=len(bars))",
    }
    isolated = Isolated(written(tmp_path, "noisy", **table), processes=1)
    isolated.compute([[bars()]])
    assert {each.column for each in isolated.unsteady} == {"noise", "clock"}
    assert all("seed" in each.text and "cut" not in each.text for each in isolated.unsteady)
    assert not isolated.outside
    assert isolated.locked


def test_a_feature_that_fails_in_a_made_up_market_takes_no_other_with_it(tmp_path):
    table = {
        "fails": "if bars.close[-1] > 1e6:\n    raise ValueError('no convergence')\nreturn bars.close",
        "missing": "return np.where(bars.close > 1e6, np.nan, bars.close)",
        "works": "return bars.close",
    }
    isolated = Isolated(written(tmp_path, "failing", **table), processes=1)
    isolated.compute([[bars()]])
    whole = bars()
    high = {name: values.copy() for name, values in whole.columns.items()}
    high["close"][-20:] = 1e9
    other = Bars(whole.time, whole.number, high, whole.starts)
    ((before, after),) = isolated.compute([[whole, other]])
    assert set(before) == {"fails", "missing", "works"}
    assert set(after) == {"missing", "works"}
    assert np.isnan(after["missing"][-20:]).all()
    assert np.array_equal(after["missing"][:-20], before["missing"][:-20])
    assert "no convergence" in str(isolated.failed["fails"])


@pytest.mark.parametrize("outlier", [1.0, 1e6, 1e14])
def test_an_outlier_makes_no_difference_a_rounding(outlier):
    values = np.random.default_rng(1).normal(size=1000)
    values[::100] *= outlier
    moved = values.copy()
    moved[5], moved[7], moved[9] = 0.0, values[7] * (1 + 1e-6), values[9] + 1e-14
    leaking, rounding = differing_rows(values, moved, usual_deviation(values))
    assert leaking.tolist() == [5, 7]
    assert rounding.tolist() == [9]


def test_every_hour_of_four_weeks_and_the_turns_of_months_are_cut_at():
    for rows in (1_500, 33_413):
        spread = list(probe.spread_out(rows))
        already = {cut for block in spread for cut in block.cuts}
        cuts = already | {cut for block in probe.every_phase(rows, already) for cut in block.cuts}
        assert {cut % probe.PERIOD for cut in cuts} == set(range(probe.PERIOD))
        assert all(probe.WARM <= cut <= rows - probe.AFTER for cut in cuts)
    time_ms = 1_577_836_800_000 + np.arange(33_413) * STEP  # from the beginning of 2020
    month = time_ms.astype("datetime64[ms]").astype("datetime64[M]")
    blocks = list(probe.at_turns(time_ms))
    turns = [block.cuts[0] for block in blocks]
    assert len(turns) == probe.TURNS
    assert all(month[turn] != month[turn - 1] for turn in turns)
    first = {str(month[turn]) for turn in turns}
    assert {"2021-01", "2022-01", "2023-01", "2020-04", "2022-07"} <= first
