"""Each example does what its first lines say, with small work."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pandas as pd
import pytest

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "examples"


def run(*command, home=None):
    """Run a command from the root of the project, as the examples' first lines have it; what it printed."""
    environment = {**os.environ, **({"QUANTDECK_HOME": str(home)} if home else {})}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def quantdeck(*arguments, home):
    return json.loads(run(Path(sys.executable).parent / "quantdeck", *arguments, "--json", home=home))


def own_candles(path):
    """A file of candles as somebody might have one."""
    from examples.own_signals import BEGIN_MS, simulated_candles

    simulated_candles(end_ms=BEGIN_MS + 60 * 86_400_000).to_csv(path, index_label="time")
    return path


def test_every_example_is_in_the_readme_and_tested():
    readme, here = (ROOT / "README.md").read_text(), Path(__file__).read_text()
    for path in EXAMPLES.glob("*.py"):
        assert f"examples/{path.name}" in readme
        assert path.name in here


def test_own_features_become_columns_of_the_model(tmp_path):
    config = str(EXAMPLES / "own_features.toml")
    small = ("-s", "data.end=2025-02-20", "-s", "training.epochs=1")
    assert "own_features.py" in (EXAMPLES / "own_features.toml").read_text()
    quantdeck("train", "-c", config, *small, home=tmp_path)
    (log,) = tmp_path.glob("runs/*/events.jsonl")
    events = [json.loads(line) for line in log.read_text().splitlines()]
    assert [event["features"] for event in events if "features" in event] == [5]


def test_a_model_of_your_own_is_trained_and_traded(tmp_path):
    model = ("-s", f"model.file={EXAMPLES / 'own_model.py'}")
    small = ("-s", "training.epochs=1", "-s", "model.members=1", "-s", "evidence.permutations=0")
    document = quantdeck("run", "-c", str(EXAMPLES / "own_features.toml"), *model, *small, home=tmp_path)
    (kept,) = tmp_path.glob("runs/*/model.keras")
    with zipfile.ZipFile(kept) as archive:
        assert b'"Conv1D"' in archive.read("config.json")
    result = json.loads((kept.parent / "result.json").read_text())
    assert (result["decided_by"], result["run"]) == ("own", document["run"])


@pytest.mark.parametrize("own", [False, True])
def test_own_signals_beside_buy_and_hold(tmp_path, own):
    given = [str(own_candles(tmp_path / "candles.csv"))] if own else []
    lines = run(sys.executable, str(EXAMPLES / "own_signals.py"), *given).splitlines()
    figures = {name: (float(strategy), float(held)) for name, strategy, held in map(str.split, lines[:4])}
    assert list(figures) == ["total_return", "sharpe", "max_drawdown", "trades"]
    assert figures["trades"][0] > figures["trades"][1] == 1
    assert lines[4].split() == ["side", "entry_time", "exit_time", "pnl", "exit_reason"]


def test_own_signals_use_nothing_that_is_not_known_yet():
    from examples.own_signals import SLOW, crossing

    close = pd.Series(range(2 * SLOW), dtype=float)
    moved = close.copy()
    moved.iloc[-1] = 0.0
    assert crossing(close).equals(crossing(moved))


def test_a_universe_is_told_symbol_by_symbol():
    lines = run(sys.executable, str(EXAMPLES / "universe.py"), "1").splitlines()
    words, symbols = lines[0].split(), ["BTC/USDT", "ETH/USDT", "SOL/USDT", "XRP/USDT"]
    losses = [float(words[words.index(name) + 1]) for name in symbols]
    whole = float(words[words.index("loss") + 1])
    assert whole == pytest.approx(sum(losses) / 4, abs=2e-4)  # they have the same bars
    assert len(set(losses)) == 4
    rows = {line.split()[0]: line.split()[1:] for line in lines[2:7]}
    trades, brought = (sum(float(rows[name][at]) for name in symbols) for at in (0, 1))
    assert trades == float(rows["together"][0]) > 0
    assert brought == pytest.approx(float(rows["together"][1]), abs=0.003)
    assert len(lines) == 10


def test_a_study_chooses_by_validation_and_trades_the_chosen_one():
    lines = run(sys.executable, str(EXAMPLES / "study.py"), "3", "6").splitlines()
    losses = {line.split()[1]: float(line.split()[-1]) for line in lines[:2]}
    assert list(losses) == ["3", "6"]
    chosen = lines[2].split()[-1]
    assert losses[chosen] == min(losses.values())
    assert [line.split()[0] for line in lines[3:]] == [
        "total_return",
        "sharpe",
        "max_drawdown",
        "trades",
        "IC",
    ]
