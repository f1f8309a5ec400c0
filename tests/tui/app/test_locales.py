"""Some pairs of `python -m soak.locales`: whole screens, plain where no more can be shown."""

import os
import shutil

import pytest

from soak.locales import look
from tests.tui.app.recorded import STATES, hold, home_of_all, record

pytestmark = pytest.mark.skipif(not shutil.which("tmux"), reason="tmux is not installed")


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    home = home_of_all(tmp_path_factory.mktemp("locales") / "home")
    held = hold(record(home, "0c1d0006", STATES["training"][0], "lïve…", created="11:30"))
    yield home
    os.close(held)


@pytest.mark.parametrize(
    ("terminal", "locale"),
    [("vt100", "en_US.UTF-8"), ("xterm-kitty", ""), ("unknown", "C")],
)
def test_screens_are_whole_and_plain_where_no_more_is_shown(home, tmp_path, terminal, locale):
    assert look(home, tmp_path, terminal, locale, ("data", "runs")).faults == []
