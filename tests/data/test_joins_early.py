"""Values that sum up the day behind their stamps and join with no delay are called out."""

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from engine.data.inputs import joins_early
from engine.market.merge import Other

HOUR_MS = 3_600_000


@given(st.sampled_from([1, 4, 8, 24, 168]), st.integers(0, 48), st.integers(0, 23))
def test_only_values_of_days_and_longer_that_join_at_the_beginning_are(period_h, delay_h, offset_h):
    stamps = (np.arange(50) * period_h + offset_h + 480_000) * HOUR_MS
    index, known = (
        pd.to_datetime(each, unit="ms", utc=True) for each in (stamps, stamps + delay_h * HOUR_MS)
    )
    other = Other("mood", pd.DataFrame({"value": 1.0, "available_at": known}, index=index), 72 * HOUR_MS)
    expected = period_h >= 24 and delay_h == 0 and offset_h == 0
    assert bool(joins_early(other)) == expected
    assert all("mood" in note.text and f"{period_h:g} hours" in note.text for note in joins_early(other))
