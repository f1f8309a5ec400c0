"""A flipped bit is found wherever it is; the long form is `python -m soak.bits`."""

from soak.bits import flips


def test_every_flipped_bit_is_found_in_every_kind_of_file(run):
    found, missed = flips(run.path, 150)
    assert missed == []
    assert found.total() == 150
    assert set(found) >= {
        "model.keras", "scaler.joblib", "metadata.joblib", "trades.csv", "equity.parquet", "result.json",
        "predictions.parquet", "manifest.json", "checkpoint.npz", "settings.toml", "run.json", "origin.json",
    }  # fmt: skip
