"""Joblib writes by the names that engine.compat.joblib_file knows; its reader is built as that expects."""

import pickle

import joblib.numpy_pickle
import numpy as np
import pytest
from sklearn.preprocessing import MinMaxScaler, RobustScaler, StandardScaler

from engine.compat import joblib_file
from engine.samples import scaling

CURIOUS = (
    np.float64(0.25),
    np.array(["2021-01-01"], "datetime64[ms]"),
    np.arange(6, dtype=np.float32).reshape(2, 3),
)


def test_the_scalers_known_are_those_that_settings_offer():
    assert set(joblib_file.SCALERS) == set(scaling.KINDS.values())


@pytest.mark.parametrize("kind", [StandardScaler, RobustScaler, MinMaxScaler])
def test_a_scaler_is_named_and_described_as_expected(kind):
    fitted = kind().fit(np.random.default_rng(1).normal(size=(9, 3)))
    assert (kind.__module__, kind.__name__) in joblib_file.ALLOWED
    assert set(fitted.__getstate__()) <= joblib_file.ATTRIBUTES
    content = joblib_file.dump(fitted)
    assert kind.__module__.encode() in content
    loaded = joblib_file.load("scaler.joblib", content)
    rows = np.random.default_rng(2).normal(size=(5, 3))
    assert type(loaded) is kind
    assert (loaded.transform(rows) == fitted.transform(rows)).all()


@pytest.mark.parametrize("value", CURIOUS, ids=str)
def test_numbers_and_arrays_come_back_as_they_were(value):
    loaded = joblib_file.load("metadata.joblib", joblib_file.dump({"x": value}))["x"]
    assert loaded.dtype == value.dtype
    assert np.array_equal(loaded, value)


def test_joblibs_reader_asks_for_each_name_and_each_state():
    base = joblib.numpy_pickle.NumpyUnpickler
    assert issubclass(base, pickle._Unpickler)
    assert base.dispatch[pickle.BUILD[0]] is base.load_build
    assert joblib_file.Allowed.dispatch[pickle.BUILD[0]] is joblib_file.Allowed.load_build
    wrapper = joblib.numpy_pickle.NumpyArrayWrapper(np.ndarray, (2,), "C", np.dtype("f8"))
    assert vars(wrapper).keys() == joblib_file.WRAPPER
