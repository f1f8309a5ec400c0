"""All facts of a stored series, and the questions through a real engine process."""

import gzip

import pytest

from engine.errors import ChangeSettingsError
from engine.queries.series_detail import detail
from engine.results.answers import OpenedResult
from engine.results.series import Gap, ImportReport, SeriesDetail
from engine.runs.requests import EngineClient

HEADER = "time,open,high,low,close,volume"


@pytest.fixture
def home(tmp_path):
    """A file of 50 hourly candles, of which three and then one are missing."""
    rows = [
        f"2021-01-{1 + hour // 24:02}T{hour % 24:02}:00:00Z,100,102,99,101,5"
        for hour in range(50)
        if hour not in {10, 11, 12, 40}
    ]
    path = tmp_path / "hourly.csv.gz"
    path.write_bytes(gzip.compress("\n".join([HEADER, *rows]).encode()))
    return tmp_path


def test_through_the_engine_itself(home, kept):
    with EngineClient() as client:
        place = {"home": str(home / "home")}
        path = str(home / "hourly.csv.gz")
        client.ask({"do": "data.import", "path": path, "name": "hourly", **place}, ImportReport)
        answer = client.ask({"do": "data.detail", "series": "hourly", **place}, SeriesDetail)
        assert (answer.gap_count, answer.missing) == (2, 4)
        assert answer.gaps[0] == Gap("2021-01-01T10:00:00Z", "2021-01-01T13:00:00Z", 3, absent=True)
        assert answer.report.rows_stored == 46
        assert answer.facts.series == "hourly"
        with pytest.raises(ChangeSettingsError):
            client.ask({"do": "data.detail", "series": "../etc", **place}, SeriesDetail)
        opened = client.ask({"do": "result.open", "run": str(kept.path), "columns": 40}, OpenedResult)
        assert opened.run == kept.id
        assert detail({"series": "hourly", **place}) == answer
