"""Settings: every fault at once, each with its key, value and what is allowed; TOML in and out unchanged."""

import tomllib

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from engine.errors import ChangeSettingsError, SettingsError
from engine.settings import Settings, changed, defaults, load, make, pinned, to_toml


def problems(*overrides, tree=None):
    with pytest.raises(SettingsError) as caught:
        make(tree or {}, list(overrides))
    assert caught.value.exit_code == 2
    return {problem.key: str(problem) for problem in caught.value.problems}


def test_defaults_are_valid_and_survive_toml_with_and_without_comments():
    for comments in (False, True):
        assert make(tomllib.loads(to_toml(Settings(), comments=comments))) == Settings()
    assert changed(Settings()) == {}


def test_overrides_read_each_key_as_its_own_type():
    made = make(
        {},
        ["data.symbol=ETH/USDT", "model.units=[8, 4]", "features.names=rsi_14, atr_14",
         "backtest.short=false", "training.learning_rate=1e-4", "data.start=2021-01-01"],
    )  # fmt: skip
    assert made.data.symbol == "ETH/USDT"
    assert made.model.units == (8, 4)
    assert made.features.names == ("rsi_14", "atr_14")
    assert made.backtest.short is False
    assert made.data.start == "2021-01-01"
    assert make(tomllib.loads(to_toml(made).encode().decode())) == made
    assert set(changed(made)) == {
        "data.symbol", "model.units", "features.names", "backtest.short", "training.learning_rate",
        "data.start",
    }  # fmt: skip


def test_all_faults_are_told_at_once_with_key_value_range_and_near_key():
    found = problems(
        "window.lookback=0", "training.epochs=abc", "backtest.fee_bps=nan", "data.symol=BTC/USDT",
        "data.end=2020-01-01", "data.start=2021-01-01", "split.test=0.8", "data.series=../x",
        "model.units=[]", "nonsense", "data.timeframe=7h", "signal.neutral=maybe", "data.exchange=\x1b[31m",
        "signal.threshold_from=band", "signal.band=0", "model.kind=ridge", "model.output=quantiles",
    )  # fmt: skip
    assert "1 … 5,000 bars" in found["window.lookback"]
    assert '"abc"' in found["training.epochs"]
    assert "finite" in found["backtest.fee_bps"]
    assert "did you mean data.symbol?" in found["data.symol"]
    assert "not after" in found["data.end"]
    assert "0.95" in found["split.test"]
    assert "asks for one" in found["signal.band"]
    assert "another model.kind" in found["model.output"]
    others = {"data.series", "model.units", "nonsense", "data.timeframe", "signal.neutral", "data.exchange"}
    assert others < set(found)
    assert "\x1b" not in str(found)


def test_unknown_table_is_refused_with_a_near_one():
    found = problems(tree={"trainig": {"epochs": 3}})
    assert "did you mean training?" in found["trainig"]


@given(st.sampled_from(sorted(defaults())), st.text(st.characters(), max_size=8))
@example("features.file", "\x7f")
@example("features.file", "\udcff")
def test_any_text_for_any_key_is_taken_or_refused_never_worse(key, text):
    try:
        made = make({}, [f"{key}={text}"])
    except SettingsError:
        return
    assert make(tomllib.loads(to_toml(made))) == made


def test_a_missing_or_broken_file_says_so(tmp_path):
    with pytest.raises(ChangeSettingsError, match="quantdeck init"):
        load(tmp_path / "none.toml")
    broken = tmp_path / "broken.toml"
    broken.write_text("[data\n")
    with pytest.raises(ChangeSettingsError, match="is not TOML"):
        load(broken)
    broken.write_text("[model]\nunits = " + "[" * 3000)
    with pytest.raises(ChangeSettingsError, match="without end"):
        load(broken)
    with pytest.raises(ChangeSettingsError, match=r"model\.units"):
        load(None, ["model.units=" + "[" * 3000])
    broken.write_bytes(b"\xff\xfe")
    with pytest.raises(ChangeSettingsError, match="is not TOML"):
        load(broken)


def test_pinned_settings_name_the_devices_and_the_file_of_own_features(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    made = pinned(make({}, ["features.file=mine.py", "training.batch_size=32"]))
    assert made.features.file == str(tmp_path / "mine.py")
    assert 1 <= made.training.devices <= 2
    assert pinned(made) == made
    assert make(tomllib.loads(to_toml(made))) == made


def test_one_value_stands_for_a_list_of_one():
    made = make({}, ["model.units=64", "calibration.edges=0.1", "features.names=all"])
    assert made == make({}, ["model.units=[64]", "calibration.edges=[0.1]", "features.names=['all']"])
