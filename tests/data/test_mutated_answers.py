"""Answers that nobody foresaw: an update ends well, or says what to do; the long form is soak.answers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.data.exchange.rate_limit import LONGEST_REST_S, answered, date_of, no_request_before, rest_s
from soak.answers import updated
from tests.data.exchanges.mutation import HEADERS


@pytest.mark.parametrize("seed", range(36))
async def test_an_update_over_mutated_answers_never_ends_as_our_own_fault(seed, tmp_path):
    found = await updated(seed, tmp_path)
    assert found.fault is None


@given(st.text() | st.sampled_from([value for _, value in HEADERS]), st.text())
def test_any_header_is_a_date_and_a_rest_or_none(text, other):
    no_request_before.clear()
    for date, rest in ((text, other), (other, text)):
        ahead_s = answered("host", 429, {"date": date, "retry-after": rest})
        assert ahead_s is None or date_of(date) is not None
        assert 0 <= rest_s("host") <= LONGEST_REST_S
    no_request_before.clear()
