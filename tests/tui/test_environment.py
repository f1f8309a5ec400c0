"""Variables from outside that would end a run, or change what it comes to."""

import json

SMALL = {
    "data.exchange": "demo", "data.start": "2025-10-01", "data.end": "2026-01-01", "window.lookback": "8",
    "model.units": "4", "model.members": "1", "training.epochs": "1",
}  # fmt: skip
HOSTILE = {
    "PYTHONWARNINGS": "error", "XLA_FLAGS": "--xla_no_such_flag=1", "JAX_ENABLE_X64": "1",
    "JAX_DISABLE_JIT": "1",
    "KERAS_BACKEND": "torch", "NUMBA_DISABLE_JIT": "1", "NUMBA_BOUNDSCHECK": "1",
}  # fmt: skip


def test_a_run_under_hostile_variables_comes_to_the_same_and_says_what_it_left_out(real, tmp_path):
    given = [part for name, value in SMALL.items() for part in ("-s", f"{name}={value}")]
    config = tmp_path / "keras" / "keras.json"
    config.parent.mkdir()
    config.write_text('{"floatx": "float64", "epsilon": 0.1, "backend": "torch"}')
    calm = real.json("run", *given)
    real.env |= HOSTILE | {"KERAS_HOME": str(config.parent)}
    beside = real.json("run", *given)
    one, other = (real.home.find(each["run"]).path for each in (calm, beside))
    for file in ("trades.csv", "predictions.parquet", "equity.parquet"):
        assert (one / file).read_bytes() == (other / file).read_bytes(), file
    assert {*HOSTILE, "KERAS_HOME"} <= dropped(other)
    assert not dropped(one) & HOSTILE.keys()


def dropped(run):
    """The variables that the run says it left out."""
    events = map(json.loads, (run / "events.jsonl").read_text().splitlines())
    said = [event["values"]["names"] for event in events if event.get("code") == "variables dropped"]
    return set(said[0].split(", ")) if said else set()
