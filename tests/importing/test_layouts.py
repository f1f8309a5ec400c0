"""Each layout, three variants: every number that was written is stored, and no other."""

import numpy as np
import pytest

from engine.data.importing.files import import_file
from engine.data.importing.hints import Hints
from engine.data.store import Store
from engine.market.candles import OHLCV
from tests.importing.layouts import LAYOUTS, VARIANTS

NOW = 1_800_000_000_000


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: variant.order)
@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: f"{layout.name}: {layout.looks}"[:60])
def test_every_number_of_a_layout_is_stored(layout, variant, tmp_path):
    file, content, frame = layout.make(variant)
    path = tmp_path / file
    path.write_bytes(content)
    report = import_file(path, Store(tmp_path / "store"), "a", now_ms=NOW, hints=Hints(**layout.hints))
    stored = Store(tmp_path / "store").read("a").frame
    assert stored.index.tz_localize(None).as_unit("s").tolist() == frame.index.as_unit("s").tolist()
    for name in OHLCV:
        assert np.array_equal(stored[name].to_numpy(), frame[name].to_numpy()), name
    assert report.layout == layout.read_as
    assert (report.rejected, report.duplicates) == (0, 0)
