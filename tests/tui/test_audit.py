"""audit, from the command line on the real engine: status, document and exit code."""

import pytest

from tests.studies.markets import filled_store, settings_of
from tests.tui.test_honesty import given

pytestmark = pytest.mark.slow


@pytest.fixture
def market(real):
    filled_store(real.home.data, settings_of())
    return real


@pytest.mark.long
def test_audit_passes_a_clean_run_and_fails_one_that_fills_at_the_close(market):
    trained = market.json("run", *given("training.epochs=1"))
    assert trained["audit"] == "not run"
    report = market.json("audit", trained["run"])
    assert report["status"] == "passed"
    assert report["findings"] == []
    out, _ = market("runs", "show", trained["run"])
    assert "leak audit passed" in out

    run = market.home.find(trained["run"])
    text = run.settings_path.read_text()
    run.settings_path.write_text(text.replace('fill = "next-open"', 'fill = "same-close"'))
    leaky = market.json("audit", trained["run"], code=1)
    assert leaky["status"] == "failed"
    assert leaky["findings"][0]["stage"] == "simulate"
    assert leaky["error"]["class"] == "RepairDataError"
    assert "leak audit failed" in market("runs", "show", trained["run"])[0]


def test_audit_without_a_model_is_wrong_usage(real):
    assert real.json("audit", code=2)["error"]["exit_code"] == 2
