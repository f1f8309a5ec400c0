"""Where a copy is known to get nowhere, and why; everywhere else it may arrive."""

import shutil
import subprocess

import pytest

from tui.terminal import clipboard

TAKES = [
    {"TERM": "xterm-256color"}, {"TERM": "xterm-kitty"}, {"TERM": "xterm-256color", "VTE_VERSION": "8200"},
    {"TERM": "linux", "TEXTUAL_DRIVER": "textual.drivers.web_driver:WebDriver"}, {},
]  # fmt: skip
REFUSES = [
    ({"TERM": "linux"}, "TERM is linux"), ({"TERM": "screen", "STY": "1.a"}, "screen passes no copy on"),
    ({"TERM": "xterm-256color", "TERM_PROGRAM": "Apple_Terminal"}, "Terminal.app"),
    ({"TERM": "xterm-256color", "VTE_VERSION": "7600"}, "VTE"),
]  # fmt: skip


@pytest.mark.parametrize("known", TAKES, ids=str)
def test_a_copy_may_arrive(known):
    assert not clipboard.refusal(known)


@pytest.mark.parametrize(("known", "why"), REFUSES, ids=str)
def test_a_copy_that_gets_nowhere_is_refused_with_the_reason(known, why):
    assert why in clipboard.refusal(known)


@pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")
@pytest.mark.parametrize(("value", "takes"), [("on", True), ("external", False), ("off", False)])
def test_tmux_is_asked(tmp_path, monkeypatch, value, takes):
    server = ["tmux", "-L", f"clipboard-{tmp_path.name}", "-f", "/dev/null"]
    subprocess.run(
        [*server, "new-session", "-d", "cat"], check=True, env={"TERM": "xterm", "PATH": "/usr/bin:/bin"}
    )
    try:
        subprocess.run([*server, "set", "-g", "set-clipboard", value], check=True)
        address = subprocess.run(
            [*server, "display", "-p", "#{socket_path},1,0"], check=True, capture_output=True
        )
        monkeypatch.setenv("TMUX", address.stdout.decode().strip())
        why = clipboard.refusal()
        assert (why == "") == takes
        assert takes or f"set-clipboard {value}" in why
    finally:
        subprocess.run([*server, "kill-server"], check=True)
