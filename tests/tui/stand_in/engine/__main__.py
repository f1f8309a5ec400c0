"""An engine without market data and models: it tells the events of a run and writes a result.

The environment variable SCENARIO says how the run goes: well (the default), fails, crashes, wrong-settings,
endless (until it is asked to stop), stepwise (each epoch waits for a file `go-<epoch>`) or deaf (until a
file `let-go` is in its folder, whatever it is asked).
"""

import json
import os
import signal
import sys
import threading
from pathlib import Path

from engine.errors import ChangeSettingsError, Problem, RepairDataError, SettingsError
from engine.runs.folder import RunFolder
from engine.runs.manifest import write_manifest
from engine.runs.process import execute
from engine.runs.requests import answer
from engine.settings import load

SCENARIO = os.environ.get("SCENARIO", "well")
BACKTEST = json.loads((Path(__file__).parents[1] / "backtest.json").read_text())
COSTS = BACKTEST["costs"]
UNKNOWN = ("ic", "ic_p_value")
FORECAST = BACKTEST["forecast"] | dict.fromkeys(UNKNOWN)
METRICS = {
    "final_value": 12841.07,
    "total_return": 0.284107,
    "cagr": 0.31,
    "volatility": 0.4,
    "sharpe": 1.1234,
    "sharpe_bar": 1.2,
    "sortino": None,
    "max_drawdown": 0.142,
    "calmar": 2.0,
    "exposure": 0.71,
    "turnover": 120.5,
    "profit_factor": None,
    "win_rate": 0.486,
    "expectancy": 0.0011,
    "sqn": 1.4,
    "trades": 214,
}


def work(run, emit):
    settings = load(run.settings_path)
    emit({"kind": "stage", "stage": "collect", "state": "begin"})
    series = "demo_BTC-USDT_1h_candles"
    for page in (1, 2):
        emit(
            {
                "kind": "source",
                "series": series,
                "state": "page",
                "rows": page * 1000,
                "page": page,
                "pages": 2,
            }
        )
    emit({"kind": "source", "series": series, "state": "end", "rows": 2000, "simulated": True})
    emit({"kind": "stage", "stage": "collect", "state": "end", "seconds": 0.25})
    emit({"kind": "simulated", "source": "demo"})
    if SCENARIO == "fails":
        raise RepairDataError(
            "series \x1b[31mred", "has 3 rows, 62 are needed", "Fetch more: quantdeck data update"
        )
    if SCENARIO == "wrong-settings":
        raise SettingsError(
            "settings.toml", [Problem("window.lookback", "60", "the model was trained with 30")]
        )
    if SCENARIO == "crashes":
        print("cannot allocate [bold]anything[/bold]", file=sys.stderr, flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
    if run.mode == "update":
        return {"series": [series]}
    if run.mode != "backtest":
        fit(run, emit, settings.training.epochs)
    return result(run)


def fit(run, emit, epochs):
    emit({"kind": "stage", "stage": "fit", "state": "begin"})
    emit(
        {
            "kind": "model",
            "parameters": 36545,
            "features": 41,
            "train": 7000,
            "validation": 1500,
            "test": 1500,
        }
    )
    for epoch in range(1, epochs + 1):
        emit(
            {
                "kind": "batch",
                "epoch": epoch,
                "epochs": epochs,
                "batch": 5,
                "batches": 10,
                "loss": 0.5,
                "left_s": 9.0,
            }
        )
        emit({
            "kind": "epoch", "epoch": epoch, "epochs": epochs, "loss": 0.5 / epoch, "val_loss": 0.6 / epoch,
            "learning_rate": 1e-3, "seconds": 2.9, "sequences_per_s": 7912.0, "best": 0.6 / epoch,
            "best_epoch": epoch, "wait": 0, "patience": 6,
        })  # fmt: skip
        while SCENARIO == "stepwise" and not (run.path / f"go-{epoch}").exists():
            threading.Event().wait(0.05)
            emit({"kind": "alive"})
        while SCENARIO == "endless":
            threading.Event().wait(0.05)
            emit({"kind": "alive"})
        while SCENARIO == "deaf" and not (run.path / "let-go").exists():
            threading.Event().wait(0.05)
    for name in ("model.keras", "scaler.joblib"):
        (run.path / name).write_bytes(b"content")
    write_manifest(run.path, ["model.keras", "scaler.joblib"])
    emit({"kind": "artifacts", "files": ["model.keras", "scaler.joblib"]})
    emit({"kind": "stage", "stage": "fit", "state": "end", "seconds": 192.0})


def result(run):
    if run.mode == "train":
        training = {"epochs": 2, "best_epoch": 2, "loss": 0.25, "val_loss": 0.3, "stopped_early": False}
        return {"training": training, "simulated": True}
    if run.mode == "update":
        return {"simulated": True}
    (run.path / "trades.csv").write_text("trade\n")
    costs = (
        COSTS if load(run.settings_path).backtest.fee_bps else COSTS | {"fee_bps": 0.0, "slippage_bps": 0.0}
    )
    return BACKTEST | {
        "run": run.id, "of": run.of, "metrics": METRICS, "costs": costs, "forecast": FORECAST,
        "benchmark": METRICS | {"final_value": 26102.33, "sharpe": 2.04, "trades": 1},
        "files": {"trades": "trades.csv", "equity": "equity.parquet"},
        "start": "2025-01-01T00:00:00Z", "end": "2025-03-01T00:00:00Z",
        "notes": [{"code": "text", "values": {"text": "costs are [b]modelled[/b]\x1b[2J"}}],
    }  # fmt: skip


def import_file(request, emit):
    path = Path(request["path"])
    if not path.exists():
        raise ChangeSettingsError(
            str(path), "there is no such file", "Give the path of a CSV or Parquet file"
        )
    emit({"kind": "note", "level": "info", "text": "reading"})
    return {
        "series": request.get("name") or path.stem, "rows_read": 36062, "rows_stored": 33413,
        "duplicates": 2649, "conflicting": 12, "rejected": 0, "missing": 16, "gaps": 8, "flagged": 1,
        "first": "2017-08-17T04:00:00Z",
         "last": "2021-06-10T00:00:00Z",
        "layout": "CryptoDataDownload",
        "gap_list": [{"from": "2018-01-04T03:00:00Z", "to": "2018-01-04T06:00:00Z", "bars": 3}],
    }  # fmt: skip


def status(request, emit):
    if SCENARIO == "stepwise" or not Path(request["home"], "runs").exists():
        return {"series": []}
    return {"series": [
        {"series": "a", "kind": "open_interest", "rows": 33413, "first": "2017-08-17", "last": "2021-06-10",
         "gaps": 8, "simulated": True, "origin": {"file": "x.csv"}, "label": "open int"},
        {"series": "b\x1b[31m", "kind": "candles", "rows": 0, "gaps": None},
    ]}  # fmt: skip


def export(request, emit):
    Path(request["path"]).write_text(request["series"])
    return {"series": request["series"], "path": request["path"], "rows": 2000}


def verify(request, emit):
    if Path(request["home"], "spoilt").exists():
        broken = [{"series": "b", "reason": "its rows are not those that were stored", "remedy": "Remove it"}]
        return {"folder": "data", "checked": 2, "series": [{"series": "a"}], "broken": broken}
    return {"folder": "data", "checked": 2, "series": [{"series": "a"}, {"series": "b"}], "broken": []}


def undo(request, emit):
    return {
        "series": request["series"], "undone": "2026-11-22", "rows": 5, "removed": 1, "put_back": 1,
        "repairs": 0,
    }  # fmt: skip


def audit(request, emit):
    return {
        "run": Path(request["run"]).name, "of": "", "manifest": "", "status": "passed", "findings": [],
        "cuts_ms": [1], "histories": 1, "stages": ["features"],
    }  # fmt: skip


ANSWERS = {
    "data.import": import_file, "data.status": status, "data.export": export, "data.verify": verify,
    "data.repair": undo, "run.audit": audit,
}  # fmt: skip

if __name__ == "__main__":
    if sys.argv[1:] == ["serve"]:
        sys.exit(answer(ANSWERS))
    folder = RunFolder(Path(sys.argv[1]))
    sys.exit(execute(folder, lambda emit: work(folder, emit)))
