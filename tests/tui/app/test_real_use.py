"""The app as somebody uses it: in tmux and in a bare pseudo-terminal, with engine processes behind it."""

import re
import shutil
import signal
import stat

import pytest

from engine.runs.home import Home
from engine.runs.launch import alive, ask_stop, wait
from engine.settings import load
from tests.tui.app.terminals import Pty, Tmux, environment, restored, until
from tui.terminal import themes

needs_tmux = pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")


@pytest.fixture
def home(tmp_path):
    home = Home(tmp_path / "home")
    yield home
    for run in home.all():
        ask_stop(run)
        assert wait(run, 250)


@pytest.fixture
def terminal(tmp_path, home):
    """Open terminals of a kind with quantdeck in them; all are closed in the end."""
    opened = []

    def open_one(kind, **options):
        opened.append(kind(tmp_path, options.pop("env", environment(home.path)), **options))
        return opened[-1]

    yield open_one
    for each in opened:
        each.kill() if isinstance(each, Tmux) else each.close()


def go(run, epoch):
    (run.path / f"go-{epoch}").touch()


@needs_tmux
def test_a_training_outlives_its_terminal(home, terminal):
    first = terminal(Tmux)
    first.shows("quantdeck", "[1 Data]")
    first.press("2")
    first.shows("No run yet", "d demo")
    first.press("d")
    first.shows("training", "epoch 1/8", "1 run live")
    run = home.find("last")
    go(run, 1)
    first.shows("epoch 2/8")
    first.kill()
    assert alive(run)
    go(run, 2)
    again = terminal(Tmux)
    again.shows("[2 Train]", run.id, "epoch 3/8")
    again.press("q")
    again.shows(f"1 run goes on: {run.id}", "ended with 0")
    assert alive(run)
    for epoch in range(3, 9):
        go(run, epoch)
    assert wait(run, 250)


@needs_tmux
def test_two_terminals_watch_one_run_and_one_stops_it(home, terminal):
    first, second = terminal(Tmux), terminal(Tmux, columns=120, rows=40)
    first.press("2")
    first.shows("d demo")
    first.press("d")
    first.shows("epoch 1/8")
    second.press("2")
    second.shows("[2 Train]", "epoch 1/8")
    second.press("x")
    second.shows("Stop run")
    second.press("y")
    second.shows("stopped", "R resume")
    first.shows("stopped", "R resume")


@needs_tmux
def test_a_form_starts_a_run(home, terminal):
    deck = terminal(Tmux)
    deck.press("2")
    deck.shows("n new")
    deck.press("n")
    deck.shows("New run", "all settings are valid")
    deck.press("Down", "o", "n", "e")
    deck.press("C-s")
    deck.shows("one", "epoch 1/30")
    assert home.find("last").name == "one"


@needs_tmux
def test_keys_that_come_all_at_once_are_taken_in_order(home, terminal):
    """As after a pause of a slow line: fields, groups, editing keys and letters in one piece."""
    deck = terminal(Tmux)
    deck.press("2")
    deck.shows("n new")
    deck.press("n")
    deck.shows("New run", "all settings are valid")
    name = ("Down", *"two", "Home", "o", "End", "BSpace", "o")
    exchange = ("PageDown", "C-u", *"demox", "BSpace")
    lookback = (*["PageDown"] * 3, "C-u", *"12", "C-a", "C-k", *"24")
    deck.press(*name, *exchange, *lookback, "C-s")
    deck.shows("two", "epoch 1/30")
    run = home.find("last")
    chosen = load(run.settings_path)
    assert (run.name, chosen.data.exchange, chosen.window.lookback) == ("otwo", "demo", 24)


@needs_tmux
def test_what_is_typed_into_a_prompt_is_no_command(home, terminal):
    """x and y, typed ahead, would stop the run if they came before the prompt."""
    deck = terminal(Tmux)
    deck.press("2")
    deck.shows("d demo")
    deck.press("d")
    deck.shows("epoch 1/8")
    deck.press("4", "/", "x", "y", "Enter")
    deck.shows("[4 Runs]", "filter: xy")
    assert not home.find("last").stop_path.exists()


@needs_tmux
@pytest.mark.slow
def test_demo_with_the_real_engine(home, terminal, tmp_path):
    small = [
        part for each in ("data.end=2025-02-01", "training.epochs=2", "model.units=[4]", "model.members=1")
        for part in ("-s", each)
    ]  # fmt: skip
    env = environment(home.path, scenario="")
    deck = terminal(Tmux, env=env, command=(*Tmux.__init__.__defaults__[-1], "demo", *small))
    deck.shows("SIMULATED")
    deck.shows("done", "epoch 2 of 2")
    deck.press("3")
    deck.shows("[3 Backtest]", "Sharpe")
    deck.press("q")
    deck.shows("ended with 0")


def test_sigterm_gives_the_terminal_back(terminal):
    deck = terminal(Pty)
    deck.shows("no run live")
    deck.process.send_signal(signal.SIGTERM)
    assert deck.ended() == 130
    assert restored(deck.output)
    assert deck.modes() == deck.before


def test_sighup_gives_the_terminal_back(terminal):
    deck = terminal(Pty)
    deck.shows("no run live")
    deck.process.send_signal(signal.SIGHUP)
    assert deck.ended() == 130
    assert restored(deck.output)


@pytest.mark.parametrize("key", ["q", "\x03", "\x11"], ids=["q", "ctrl-c", "ctrl-q"])
def test_leaving_gives_the_terminal_back(terminal, key):
    deck = terminal(Pty)
    deck.shows("no run live")
    deck.press(key)
    assert deck.ended() == 0
    assert restored(deck.output)
    assert deck.modes() == deck.before


def test_a_cut_line_ends_the_app_and_no_run(home, terminal):
    deck = terminal(Pty)
    deck.shows("no run live")
    deck.press("2")
    deck.shows("No run yet")
    deck.press("d")
    until(lambda: home.all() and alive(home.all()[0]), "a run")
    deck.hang_up()
    deck.ended()
    assert alive(home.all()[0])


def test_a_stalled_line_does_not_keep_the_app_from_ending(home, terminal):
    deck = terminal(Pty, columns=200, rows=50)
    deck.shows("no run live")
    deck.press("1234" * 200)  # each asks for a screenful, which nobody reads
    deck.process.send_signal(signal.SIGTERM)
    assert deck.process.wait(30) in (130, -signal.SIGTERM)


def sgr(colour):
    """The end of the escape sequence that sets a 24 bit background."""
    return "48;2;{};{};{}m".format(*bytes.fromhex(colour.removeprefix("#"))).encode()


@pytest.mark.parametrize("theme", [themes.DARK, themes.LIGHT], ids=lambda theme: theme.name)
def test_a_theme_may_be_chosen_by_the_environment(terminal, home, theme):
    deck = terminal(Pty, env=environment(home.path, COLORTERM="truecolor", TEXTUAL_THEME=theme.name))
    deck.shows("no run live")
    assert sgr(theme.background) in deck.output


@pytest.mark.parametrize(
    ("theme", "text"),
    [(themes.DARK, {b"97", b"40"}), (themes.LIGHT, {b"30", b"107"})],
    ids=["dark", "light"],
)
def test_sixteen_colours_are_enough(terminal, home, theme, text):
    deck = terminal(Pty, env=environment(home.path, TERM="xterm-16color", TEXTUAL_THEME=theme.name))
    deck.shows("no run live")
    assert b"8;5;" not in deck.output
    assert b"8;2;" not in deck.output
    assert text <= colours(deck.output)


def colours(output):
    """Numbers of all colours and attributes that were set."""
    return {number for each in re.findall(rb"\x1b\[([\d;]+)m", output) for number in each.split(b";")}


def test_an_app_that_does_not_leave_gives_the_terminal_back_all_the_same(terminal, tmp_path):
    (tmp_path / "stuck.py").write_text(
        "import sys; import tui.app, tui.cli\n"
        "tui.app.Quantdeck.exit = lambda *_, **__: None\nsys.exit(tui.cli.main([]))"
    )
    deck = terminal(Pty, command=(Pty.__init__.__defaults__[-1][0], str(tmp_path / "stuck.py")))
    deck.shows("no run live")
    deck.process.send_signal(signal.SIGTERM)
    assert deck.ended() == 130
    assert restored(deck.output)
    assert deck.modes() == deck.before


@pytest.mark.parametrize("size", [(1, 1), (10, 3), (79, 24)], ids=str)
def test_small_terminals(terminal, size):
    deck = terminal(Pty, columns=size[0], rows=size[1])
    until(lambda: b"\x1b[?1049h" in deck.read(), "the app")
    deck.press("q")
    assert deck.ended() == 0


def test_a_crash_is_told_without_its_variables(home, terminal, tmp_path):
    code = (
        "import sys; import tui.app, tui.cli; secret = 'hunter2'\n"
        "def crash(self): password = 'hunter2'; raise ZeroDivisionError\n"
        "tui.app.Quantdeck._begin = crash\nsys.exit(tui.cli.main([]))"
    )
    (tmp_path / "crash.py").write_text(code)
    python = Pty.__init__.__defaults__[-1][0]
    deck = terminal(Pty, command=(python, str(tmp_path / "crash.py")))
    assert deck.ended() == 1
    assert restored(deck.output)
    log = (home.path / "app.log").read_text()
    assert "ZeroDivisionError" in log
    assert "hunter2" not in log.replace("password = 'hunter2'; raise", "")
    last_words = deck.text().rpartition("1049l")[2]
    assert "app.log" in last_words
    assert "Traceback" not in last_words


def test_without_a_terminal_there_is_no_app(deck):
    out, _ = deck()
    assert "quantdeck demo" in out
    assert "\x1b" not in out


def test_a_dumb_terminal_gets_no_app(terminal, home):
    deck = terminal(Pty, env=environment(home.path, TERM="dumb"))
    assert deck.ended() == 0
    assert b"\x1b" not in deck.output
    assert b"quantdeck demo" in deck.output


def test_files_of_the_app_are_private(home, terminal):
    """Runs that the app makes can be read by their owner only."""
    deck = terminal(Pty)
    deck.shows("no run live")
    deck.press("2")
    deck.shows("No run yet")
    deck.press("d")
    run = until(lambda: next(iter(home.all()), None), "a run")
    assert stat.S_IMODE(run.path.stat().st_mode) == 0o700
