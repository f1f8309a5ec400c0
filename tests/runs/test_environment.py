"""What an engine process is given of the environment."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.runs.environment import OF_THE_USER, for_engine
from engine.variables import DROPPED, OWN, set_variable

HARMFUL = {
    "PYTHONWARNINGS": "error", "PYTHONOPTIMIZE": "2", "PYTHONINSPECT": "1", "PYTHONHASHSEED": "0",
    "XLA_FLAGS": "--xla_cpu_enable_fast_math=true", "JAX_ENABLE_X64": "1", "JAX_DEBUG_NANS": "1",
    "KERAS_BACKEND": "torch", "KERAS_HOME": "/elsewhere", "NUMBA_DISABLE_JIT": "1",
}  # fmt: skip
HARMLESS = {
    "PATH": "/bin", "HOME": "/home/me", "OMP_NUM_THREADS": "1", "PYTHON_VERSION": "3.11",
    "PYTHONPATH": "/mine", "JAX_PLATFORMS": "cpu", "QUANTDECK_HOME": "/deck",
}  # fmt: skip


@given(st.sets(st.sampled_from(sorted(HARMFUL))), st.sets(st.sampled_from(sorted(HARMLESS))))
def test_what_could_change_a_run_is_left_out_and_named(harmful, harmless):
    environment = {name: HARMFUL[name] for name in harmful} | {name: HARMLESS[name] for name in harmless}
    kept = for_engine(environment)
    assert kept.pop(DROPPED) == ", ".join(sorted(harmful))
    assert kept == {name: HARMLESS[name] for name in harmless}


@pytest.mark.parametrize("name", sorted(OF_THE_USER))
def test_what_is_the_users_to_say_stays(name):
    assert for_engine({name: "1"}) == {name: "1", DROPPED: ""}


def test_a_variable_that_is_empty_is_not_worth_a_word():
    assert for_engine({"PYTHONWARNINGS": ""}) == {DROPPED: ""}


@given(st.dictionaries(st.sampled_from(sorted(HARMFUL)), st.text("ab", max_size=2)), st.data())
def test_what_an_engine_has_set_itself_is_no_news_and_goes_no_further(set_by_us, data):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "environ", {})
        for name, value in set_by_us.items():
            set_variable(name, value)
        given = dict(os.environ)
    changed = data.draw(st.dictionaries(st.sampled_from(sorted(HARMFUL)), st.text("cd", min_size=1)))
    assert for_engine(given | changed) == {DROPPED: ", ".join(sorted(changed))}


@pytest.mark.parametrize("noted", ["", "{", "[1]", "[" * 100_000])
def test_notes_that_cannot_be_read_hide_nothing(noted):
    assert for_engine({"KERAS_BACKEND": "torch", OWN: noted}) == {DROPPED: "KERAS_BACKEND"}


def test_what_an_earlier_engine_was_not_given_is_not_told_of_the_next():
    assert for_engine({DROPPED: "JAX_ENABLE_X64"}) == {DROPPED: ""}
