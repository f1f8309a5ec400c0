"""Values that sum up the hour or day behind their stamps and join with no delay are called out."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.data.importing.files import import_file
from engine.data.inputs import joins_early
from engine.data.store import Store
from engine.market.merge import Other
from engine.market.times import time_index
from engine.results.audit import AuditReport
from engine.results.caveats import BEFORE_FIGURES
from tui.text.audit import audit_lines

HOUR_MS = 3_600_000


@given(st.sampled_from([1, 4, 8, 24, 168]), st.integers(0, 48), st.integers(0, 23))
def test_only_values_that_join_at_the_beginning_of_their_period_are(period_h, delay_h, offset_h):
    stamps = (np.arange(50) * period_h + offset_h + 480_000) * HOUR_MS
    index, known = (
        pd.to_datetime(each, unit="ms", utc=True) for each in (stamps, stamps + delay_h * HOUR_MS)
    )
    other = Other("mood", pd.DataFrame({"value": 1.0, "available_at": known}, index=index), 72 * HOUR_MS)
    expected = delay_h == 0 and offset_h % min(period_h, 24) == 0
    assert bool(joins_early(other)) == expected
    assert all("mood" in note.text and f"{period_h:g} hours" in note.text for note in joins_early(other))
    assert {note.code for note in joins_early(other)} <= set(BEFORE_FIGURES)
    report = AuditReport("a", "a", "", "passed", (), (), 1, (), notes=tuple(joins_early(other)))
    assert any("mood" in line for line in audit_lines(AuditReport.from_json(report.to_json()))) == expected


@pytest.mark.parametrize(("period_h", "offset_h"), [(1, 0), (8, 0), (24, 0), (24, 16), (168, 0)])
def test_an_import_calls_them_out_at_once(tmp_path, period_h, offset_h):
    stamps = (np.arange(60) * period_h + offset_h + 480_000) * HOUR_MS
    table = pd.DataFrame(
        {"time": time_index(stamps), "value": np.random.default_rng(period_h).normal(size=60)}
    )
    table.to_csv(tmp_path / "mood.csv", index=False)
    report = import_file(tmp_path / "mood.csv", Store(tmp_path / "data"), now_ms=int(stamps[-1]) + 1)
    said = [note.text for note in report.notes if "stamped at the beginning of a day" in note.text]
    assert [f"data.extra=[mood:{period_h}:" in text for text in said] == [True] * (
        period_h >= 24 and offset_h == 0
    )
