"""Each kind of file that is refused: its reason, and the right numbers once somebody says what is meant."""

import numpy as np
import pytest

from engine.data.importing.files import import_file
from engine.data.importing.hints import Hints
from engine.data.store import Store
from engine.errors import ChangeSettingsError, RepairDataError
from engine.market.candles import OHLCV
from tests.importing.refusals import REFUSED

NOW = 1_800_000_000_000


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.looks[:60])
def test_a_file_is_refused_with_its_reason_and_stored_once_it_is_said(case, tmp_path):
    path, store = tmp_path / case.file, Store(tmp_path / "store")
    path.write_bytes(case.content)
    with pytest.raises(RepairDataError) as caught:
        import_file(path, store, "a", now_ms=NOW)
    assert case.reason in caught.value.reason
    assert all(f"--{name.replace('_', '-')}" in caught.value.remedy for name in case.hints)
    assert store.names() == []
    if case.hints:
        import_file(path, store, "a", now_ms=NOW, hints=Hints(**case.hints))
        stored = store.read("a").frame
        assert stored.index.tz_localize(None).as_unit("s").tolist() == case.frame.index.as_unit("s").tolist()
        assert np.array_equal(stored[list(OHLCV)].to_numpy(), case.frame[list(OHLCV)].to_numpy())


@pytest.mark.parametrize(
    "hints", [{"dates": "sometimes"}, {"timezone": "Europe/Nowhere"}, {"label": "middle"}, {"decimal": "dot"}]
)
def test_a_hint_that_is_none_is_refused(hints):
    with pytest.raises(ChangeSettingsError, match="is not known"):
        Hints(**hints)
