from __future__ import annotations

import hashlib
import textwrap
from pathlib import Path

import numpy as np
import pytest

from engine.data.importing.features_file import load_features
from engine.errors import ChangeSettingsError, QuantdeckError, RepairDataError
from engine.features import compute
from tests.features.markets import market, replaced

HEAD = "import numpy as np\nfrom engine.features import feature\n\n"
HOLED = "@feature(warm_up=2)\ndef a(bars):\n    r = np.ones(len(bars))\n"
DOCUMENT = Path(__file__).parents[2] / "docs" / "features.md"


def written(folder: Path, body: str) -> Path:
    path = folder / "own.py"
    path.write_text(HEAD + textwrap.dedent(body), encoding="utf-8")
    return path


def refused(kind: type[QuantdeckError], path: Path) -> str:
    """Load the file and compute its features; return what the refusal says."""
    with pytest.raises(kind) as caught:
        compute(market(200, gaps={100: 2}), ("all",), load_features(path))
    assert caught.value.remedy
    return str(caught.value)


def test_the_documents_example_works(tmp_path: Path) -> None:
    code = DOCUMENT.read_text(encoding="utf-8").partition("```python\n")[2].partition("```")[0]
    path = tmp_path / "my_features.py"
    path.write_text(code, encoding="utf-8")
    own = load_features(path)
    assert len(own) == 3
    made = market(400, gaps={150: 2})
    values = compute(made, ("return_1", *(one.name for one in own)), own)
    for one in own:
        assert one.file == str(path)
        assert one.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
        assert one.doc
        missing = values[one.name].isna().to_numpy()
        expected = np.concatenate([np.arange(150) < one.warm_up, np.arange(250) < one.warm_up])
        np.testing.assert_array_equal(missing, expected)


def test_own_features_see_one_segment_at_a_time_and_short_ones_not_at_all(tmp_path: Path) -> None:
    body = """
        @feature(warm_up=20)
        def bars_so_far(bars):
            assert len(bars) > 20
            assert (np.diff(bars.time) == 3_600_000).all()
            return np.arange(len(bars))
    """
    own = load_features(written(tmp_path, body))
    values = compute(market(100, gaps={15: 2, 60: 2}), ["bars_so_far"], own)["bars_so_far"].to_numpy()
    assert np.isnan(values[:35]).all()
    np.testing.assert_array_equal(values[35:60], np.arange(20, 45))
    assert np.isnan(values[60:80]).all()
    np.testing.assert_array_equal(values[80:], np.arange(20, 40))


def test_own_features_get_what_they_need_with_its_holes(tmp_path: Path) -> None:
    body = """
        @feature(warm_up=0, needs=("funding",))
        def funding_in_percent(bars):
            return 100 * bars["funding"]
    """
    own = load_features(written(tmp_path, body))
    holed = replaced(market(50), slice(10, 12), funding=np.nan)
    values = compute(holed, ["funding_in_percent"], own)["funding_in_percent"]
    np.testing.assert_array_equal(np.flatnonzero(values.isna()), [10, 11])
    with pytest.raises(ChangeSettingsError, match="Did you mean funding_in_percent"):
        compute(market(9), ["funding_in_percnt"], own)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("def broken(:\n", ("own.py, line 4", "not Python")),
        ("x = 1\ny = x / 0\n", ("own.py, line 5", "divides by 0")),
        ("import nothing_such_anywhere\n", ("own.py, line 4", "imports nothing_such_anywhere", "Install")),
        ("__import__('<dynamic>')\n", ("own.py, line 4", "numba compiled", "cache=True")),  # as numba does
        ("raise SystemExit(3)\n", ("own.py, line 4", "ends the program")),
        ("@feature\ndef a(bars):\n    return bars.close\n", ("own.py, line 4", "does not fit", "warm_up")),
        ("@feature(warm_up=-1)\ndef a(bars):\n    return bars.close\n", ("own.py, line 4", "warm_up")),
        ("@feature(warm_up=1, needs='funding')\ndef a(bars):\n    return 1\n", ("own.py, line 4", "tuple")),
        (
            "@feature(warm_up=0)\ndef a(bars):\n    return 1.0\n",
            ("line 4", "feature a", "shape ()", "(100,)"),
        ),
        ("@feature(warm_up=0)\ndef a(bars):\n    return bars.close[1:]\n", ("feature a", "shape (99,)")),
        ("@feature(warm_up=0)\ndef a(bars):\n    return ['x'] * len(bars)\n", ("feature a", "numbers")),
        ("@feature(warm_up=0)\ndef a(bars):\n    return None\n", ("feature a", "numbers")),
        ("@feature(warm_up=0)\ndef a(bars):\n    return 1j * bars.close\n", ("feature a", "complex")),
        (
            "@feature(warm_up=0)\ndef a(bars):\n    x = 1\n    return bars.gain\n",
            ("line 7", "asks", "which it does not have"),
        ),
        (
            "@feature(warm_up=0)\ndef a(bars):\n    return bars['funding']\n",
            ("line 6", "asks for what is not there", "needs"),
        ),
        ("@feature(warm_up=0)\ndef a(bars):\n    bars.close[:] = 1\n", ("line 6", "read-only")),
        (
            "@feature(warm_up=0)\ndef a(bars):\n    return bars.close / 0\n",
            ("a is infinite", "2021-01-01 01:00"),
        ),
        (
            f"{HOLED}    r[:5] = np.nan\n    return r\n",
            ("a has its first value after 5 bars", "Declare warm_up=5"),
        ),
        (f"{HOLED}    r[50] = np.nan\n    return r\n", ("a has no value", "bar 50", "2021-01-03 03:00 UTC")),
    ],
)
def test_what_is_wrong_in_the_file_is_told_with_its_line(
    tmp_path: Path, body: str, words: tuple[str, ...]
) -> None:
    path = tmp_path / "own.py"
    path.write_text(HEAD + body, encoding="utf-8")
    message = refused(RepairDataError, path)
    assert all(part in message for part in words), message


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("", "holds no feature"),
        ("@feature(warm_up=0)\ndef rsi_14(bars):\n    return bars.close\n", "rsi_14 is taken"),
        ("@feature(warm_up=0)\ndef all(bars):\n    return bars.close\n", "all is taken"),
        (2 * "@feature(warm_up=0)\ndef a(bars):\n    return bars.close\n", "a stands in line 5 already"),
        ("@feature(warm_up=0, needs=('premium',))\ndef a(bars):\n    return bars.close\n", "a needs premium"),
    ],
)
def test_what_is_wrong_in_the_settings_is_told(tmp_path: Path, body: str, words: str) -> None:
    path = tmp_path / "own.py"
    path.write_text(HEAD + body, encoding="utf-8")
    assert words in refused(ChangeSettingsError, path)


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    assert "features.file" in refused(ChangeSettingsError, tmp_path / "nothing.py")
    assert "features.file" in refused(ChangeSettingsError, tmp_path)
    (tmp_path / "own.py").write_bytes(b"\x00\xff\xfe")
    assert "not Python" in refused(RepairDataError, tmp_path / "own.py")


def test_a_file_of_version_0_1_finds_what_it_imports(tmp_path: Path) -> None:
    from engine.dataset.features import feature as earlier
    from engine.features import feature

    assert earlier is feature
