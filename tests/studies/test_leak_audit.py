"""The audit finds each planted leak, names its stage, and passes what is clean."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from engine.data.importing.features_file import load_features
from engine.data.store import Series
from engine.market.candles import time_index
from engine.market.merge import Other
from engine.results.audit import AGAIN, Finding
from engine.samples import scaling, split
from engine.studies.leak_audit import probe
from engine.studies.leak_audit.audit import all_over, audit, unlike_recorded
from engine.studies.leak_audit.history import recorded
from engine.studies.leak_audit.replay import NEAR, Replay
from engine.studies.leak_audit.stages import ordinary
from tests.studies.markets import END_MS, FIRST_MS, NAMES, STEP, filled_store, linear, prepared, settings_of

LOOKBACK = 12


@pytest.fixture(autouse=True)
def fewer_cuts(monkeypatch):
    """The features at many cuts have tests of their own: test_own_features_audit.py."""
    monkeypatch.setattr(probe, "CUTS", 24)
    monkeypatch.setattr(probe, "PERIOD", 0)


@pytest.fixture(scope="module")
def clean(tmp_path_factory):
    return prepared(tmp_path_factory.mktemp("clean"))


def found(stages, history, reach):
    """Stage and column of the first finding."""
    result = audit(stages, history, reach)
    assert result.status == "failed"
    return result.findings[0]


def with_own(tmp_path, text, *overrides):
    """The market with a file of own features besides the built-in ones."""
    path = tmp_path / "mine.py"
    path.write_text(f"import numpy as np\nfrom engine.features import feature\n{text}")
    own = load_features(path)
    names = ",".join((*NAMES, *(each.name for each in own)))
    return prepared(tmp_path, f"features.names={names}", *overrides, own=own)


def test_a_clean_pipeline_passes(clean):
    result = audit(*clean)
    assert [finding.text for finding in result.findings] == []
    assert result.status == "passed"
    assert len(result.cuts_ms) == 4
    assert result.histories == 11


def test_a_clean_pipeline_passes_with_stops_volatility_sizing_and_own_features(tmp_path):
    text = "@feature(warm_up=5)\ndef gap(bars):\n    return bars.close / np.maximum(bars.open, 1) - 1\n"
    rules = ["backtest.stop_loss=2", "backtest.stop_unit=volatility", "backtest.sizing=volatility"]
    result = audit(*with_own(tmp_path, text, *rules, "backtest.fill=worst-of-bar", "label.kind=close"))
    assert [finding.text for finding in result.findings] == []


IN_DEVIATIONS = ("label.scale=volatility", "label.clip=3", "scaling.clip=4")


def test_a_clean_pipeline_passes_with_labels_in_deviations_and_values_cut_off(tmp_path):
    result = audit(*prepared(tmp_path, *IN_DEVIATIONS, gaps=GAPS))
    assert [finding.text for finding in result.findings] == []


def test_a_volatility_that_knows_the_bar_of_its_decision(tmp_path):
    stages, history, reach = prepared(tmp_path, *IN_DEVIATIONS)

    def early(market):
        return np.append(stages.volatility(market)[1:], np.nan)

    finding = found(dataclasses.replace(stages, volatility=early), history, reach)
    assert finding.stage == "predict"


GAPS = tuple((0.02 + 0.031 * number, 1 + number % 6) for number in range(31))


@pytest.mark.parametrize("keys", [("data.fill_gaps=0",), (), ("signal.without_forecast=flat",)])
def test_a_clean_pipeline_passes_over_gaps_and_filled_bars(tmp_path, keys):
    result = audit(*prepared(tmp_path, *keys, "backtest.stop_loss=0.02", gaps=GAPS))
    assert [finding.text for finding in result.findings] == []
    assert len(result.cuts_ms) == 4


def test_a_clean_pipeline_passes_with_longer_candles(tmp_path):
    result = audit(*prepared(tmp_path, "features.timeframes=4h,1d", "features.longer=return_1,bar_range"))
    assert [finding.text for finding in result.findings] == []


def test_a_clean_pipeline_passes_with_a_series_of_ones_own(tmp_path):
    settings = settings_of("data.extra=mood:24:72", f"features.names={','.join((*NAMES, 'mood'))}")
    store = filled_store(tmp_path, settings)
    stamps = time_index(np.arange(FIRST_MS - 48 * STEP, END_MS - 24 * STEP, 24 * STEP))
    value = np.random.default_rng(2).uniform(0, 100, len(stamps))
    frame = pd.DataFrame({"value": value, "available_at": stamps}, index=stamps)
    store.write(Series("mood", "values", "", "", "1d", simulated=False, frame=frame))
    history = recorded(settings, store, END_MS)
    assert "mood" in {series.name for series in history.series}
    result = audit(ordinary(settings, (), (linear,)), history, 6)
    assert [finding.text for finding in result.findings] == []


def test_a_longer_candle_seen_before_it_closes_is_a_leak(tmp_path):
    stages, history, reach = prepared(tmp_path, "features.timeframes=4h", "features.longer=return_1")

    def early(market):
        table = stages.features(market)
        return table.assign(return_1_4h=table["return_1_4h"].shift(-1))

    finding = found(dataclasses.replace(stages, features=early), history, reach)
    assert (finding.stage, finding.column) == ("features", "return_1_4h")


def test_the_same_audit_finds_the_same_twice(clean):
    stages, history, reach = clean
    leaky = dataclasses.replace(stages, features=lambda market: stages.features(market).bfill())
    assert audit(leaky, history, reach) == audit(leaky, history, reach)


def test_leak_1_a_scaler_fitted_on_all_rows(clean):
    stages, history, reach = clean

    def everything(table, forward_return, volatility, start):
        rows = table.to_numpy()[np.isfinite(table.to_numpy()).all(axis=1)]
        return scaling.fit("standard", rows, forward_return[start + LOOKBACK])

    finding = found(dataclasses.replace(stages, scale=everything), history, reach)
    assert finding.stage == "scale"
    assert finding.column.startswith("return_1 (")


def test_a_saved_scaler_that_the_training_rows_do_not_give(clean):
    stages, history, reach = clean
    rng = np.random.default_rng(1)
    other = scaling.fit("standard", rng.normal(size=(50, len(NAMES))), rng.normal(size=50))
    finding = audit(stages, history, reach, other).findings[0]
    assert (finding.stage, finding.how) == ("scale", "as saved by the run")


def test_forecasts_that_the_run_did_not_trade(clean):
    stages, history, reach = clean
    base, series = Replay(stages, history), []
    for cut in audit(*clean).cuts_ms:
        chosen, forecast = base.forecasts(cut)
        series.append(pd.Series(forecast, time_index(base.target_ms[chosen])))
    traded = pd.concat(series).groupby(level=0).first()
    assert audit(stages, history, reach, recorded=traded).findings == ()
    traded.iloc[7] += 0.01 * traded.std()
    (finding,) = audit(stages, history, reach, recorded=traded).findings
    assert (finding.stage, finding.column, finding.how) == ("predict", "forecast", "as replayed")


def test_all_forecasts_that_the_run_traded_are_replayed_with_code_of_its_own(clean):
    stages, history, _ = clean
    base = Replay(stages, history)
    test = base.target_ms[base.split.test]
    traded = pd.Series(0.0, time_index(test))
    around = [base.near(moment, NEAR) for moment in all_over(base, traded)]
    assert set(test) <= set(base.target_ms[np.concatenate(around)])
    assert len(list(unlike_recorded(base, all_over(base, traded), traded + np.arange(len(test))))) == 1


def test_leak_2_a_centred_rolling_mean(tmp_path):
    text = (
        "@feature(warm_up=2)\ndef smooth(bars):\n    padded = np.pad(bars.close, 3, mode='edge')\n"
        "    return np.convolve(padded, np.ones(7) / 7, mode='valid') / bars.close\n"
    )
    finding = found(*with_own(tmp_path, text))
    assert (finding.stage, finding.column) == ("features", "smooth")
    assert finding.cut_ms - 4 * STEP <= finding.row_ms < finding.cut_ms


def test_leak_3_a_backward_fill(clean):
    stages, history, reach = clean

    def filled_back(collected):
        market = stages.merge(collected)
        frame = market.frame.copy()
        stamps = market.provenance["funding"].to_numpy() == 0  # only rows of a stamp keep their value
        frame["funding"] = frame["funding"].where(stamps).bfill().fillna(0.0)
        return dataclasses.replace(market, frame=frame)

    finding = found(dataclasses.replace(stages, merge=filled_back), history, reach)
    assert (finding.stage, finding.column) == ("merge", "funding")


def test_leak_4_the_target_among_the_features(tmp_path):
    text = (
        "@feature(warm_up=0)\ndef hint(bars):\n    later = np.append(bars.open[2:], bars.open[-2:])\n"
        "    return later / bars.open - 1\n"
    )
    finding = found(*with_own(tmp_path, text))
    assert (finding.stage, finding.column) == ("features", "hint")


def test_leak_5_labels_that_overlap_at_the_split(clean):
    stages, history, reach = clean

    def unpurged(target_ms, forward_return, _market):
        return split.chronological(target_ms, np.isfinite(forward_return), 0, 0.15, 0.25)

    finding = found(dataclasses.replace(stages, split=unpurged), history, reach)
    assert (finding.stage, finding.column) == ("split", "label of training")


def test_leak_6_a_fill_at_the_bar_that_decided(tmp_path):
    finding = found(*prepared(tmp_path, "backtest.fill=same-close"))
    assert (finding.stage, finding.column) == ("simulate", "entry_price")


def test_leak_6_again_a_window_that_holds_the_bar_it_is_filled_in(clean):
    stages, history, reach = clean
    late = dataclasses.replace(
        stages,
        inputs=lambda scalers, table, start: stages.inputs(
            scalers, table, np.minimum(start + 1, len(table) - LOOKBACK)
        ),
    )
    finding = found(late, history, reach)
    assert finding.stage == "inputs"
    assert finding.row_ms == finding.cut_ms


def test_leak_7_normalising_over_the_horizon(clean):
    stages, history, reach = clean

    def normalised(scalers, table, start):
        matrix = scalers.matrix(table.to_numpy())
        places = np.minimum(start[:, None] + np.arange(LOOKBACK + 6), len(matrix) - 1)
        wide = matrix[places]
        return (wide - wide.mean(axis=1, keepdims=True))[:, :LOOKBACK]

    finding = found(dataclasses.replace(stages, inputs=normalised), history, reach)
    assert finding.stage == "inputs"
    assert "bars before the target" in finding.column


def test_leak_8_funding_of_the_future(clean):
    stages, history, reach = clean

    def forward(collected):
        others = [
            Other(each.name, earlier(each.frame), each.staleness_ms) if each.name == "funding" else each
            for each in collected.others
        ]
        return stages.merge(dataclasses.replace(collected, others=others))

    def earlier(frame):
        return frame.assign(available_at=frame["available_at"] - np.timedelta64(8 * STEP, "ms"))

    finding = found(dataclasses.replace(stages, merge=forward), history, reach)
    assert (finding.stage, finding.column) == ("merge", "funding")


def test_leak_9_a_resampled_bar_known_at_its_open(clean):
    stages, history, reach = clean

    def with_four_hours(store, now_ms):
        collected = stages.collect(store, now_ms)
        close = collected.primary.frame["close"].resample("4h").last().to_frame("value")
        four = Other("four_hours", close.assign(available_at=close.index), 8 * STEP)
        return dataclasses.replace(collected, others=[*collected.others, four])

    finding = found(dataclasses.replace(stages, collect=with_four_hours), history, reach)
    assert (finding.stage, finding.column) == ("collect", "four_hours")


def test_leak_9_again_where_the_merge_resamples(clean):
    stages, history, reach = clean

    def with_four_hours(collected):
        market = stages.merge(collected)
        close = market.frame.groupby(market.frame.index.floor("4h"))["close"].transform("last")
        return dataclasses.replace(market, frame=market.frame.assign(four_hours=close))

    finding = found(dataclasses.replace(stages, merge=with_four_hours), history, reach)
    assert (finding.stage, finding.column) == ("merge", "four_hours")
    assert finding.cut_ms - 4 * STEP <= finding.row_ms < finding.cut_ms


def test_leak_10_a_threshold_tuned_on_the_test(clean):
    stages, history, reach = clean

    def tuned(_market, _target, forecast, forward_return, validation):
        test = ~validation & np.isfinite(forward_return)
        choices = np.quantile(np.abs(forecast), [0.2, 0.5, 0.8])
        gains = [
            (np.sign(forecast) * forward_return)[test & (np.abs(forecast) > each)].sum() for each in choices
        ]
        return float(choices[int(np.argmax(gains))]) + float(forward_return[test].mean())

    finding = found(dataclasses.replace(stages, threshold=tuned), history, reach)
    assert (finding.stage, finding.column) == ("threshold", "entry threshold")


def test_bands_as_wide_as_errors_of_the_test_ask(clean):
    stages, history, reach = clean

    def asked(forecast, label, volatility, validation):
        return stages.width(forecast, label, volatility, np.ones_like(validation))

    finding = found(dataclasses.replace(stages, width=asked), history, reach)
    assert (finding.stage, finding.column) == ("threshold", "width of bands")


def test_a_threshold_from_validation_passes(clean):
    stages, history, reach = clean

    def honest(_market, _target, forecast, forward_return, validation):
        return float(
            np.quantile(np.abs(forecast[validation]), 0.5) + np.abs(forward_return[validation]).mean()
        )

    assert audit(dataclasses.replace(stages, threshold=honest), history, reach).status == "passed"


@pytest.mark.parametrize("way", ["validation", "band"])
def test_a_threshold_chosen_by_net_sharpe_of_validation_and_signals_of_bands_pass(tmp_path, way):
    chosen = [f"signal.threshold_from={way}", "signal.band=0.05", "signal.cost_multiple=0"]
    assert audit(*prepared(tmp_path, *chosen)).status == "passed"


def test_signals_that_rank_a_forecast_among_later_ones(clean):
    stages, history, reach = clean

    def ranked(forecast, _volatility, _threshold, _width):
        return np.sign(forecast - np.median(forecast)).astype(np.int8)

    finding = found(dataclasses.replace(stages, signals=ranked), history, reach)
    assert finding.stage == "signals"


def test_a_label_that_reaches_further_than_the_purge(clean):
    stages, history, _ = clean
    finding = found(stages, history, 2)
    assert finding.stage == "label"


def test_a_network_that_looks_at_its_neighbours(clean):
    stages, history, reach = clean

    def centred(scalers, inputs, volatility):
        forecast = stages.predict(scalers, inputs, volatility)
        return forecast - forecast.mean()

    finding = found(dataclasses.replace(stages, predict=centred), history, reach)
    assert finding.stage == "predict"


def test_quantiles_that_look_at_their_neighbours(clean):
    stages, history, reach = clean

    def with_quantiles(scalers, inputs, volatility):
        forecast = stages.predict(scalers, inputs, volatility)
        return np.stack([forecast, forecast - volatility, forecast + np.nanmean(volatility)], axis=1)

    finding = found(dataclasses.replace(stages, predict=with_quantiles), history, reach)
    assert (finding.stage, finding.column) == ("predict", "upper quantile")


def test_what_is_not_repeatable_is_the_finding_and_not_what_is_made_of_it(tmp_path):
    text = "SEEN = [0]\n@feature(warm_up=0)\ndef drawn(bars):\n    SEEN[0] += 1\n"
    text += "    return bars.open + SEEN[0]\n"
    again = Finding("features", "drawn", FIRST_MS, FIRST_MS, AGAIN, 1.0, 2.0)
    result = audit(*with_own(tmp_path, text), unsteady=lambda: [again])
    assert result.findings == (again,)
