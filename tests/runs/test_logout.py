"""A run that ends with a login says its likely cause and the cure; one that does not says nothing of it."""

import pytest

from engine.runs import logout, postmortem
from engine.runs.logout import LOGIN
from engine.runs.state import state_of
from tests.tui.app.recorded import STATES, home_of_all, record

GROUPS = {
    "0::/user.slice/user-1000.slice/session-3.scope\n": True,
    "0::/user.slice/user-1000.slice/session-c2.scope/child\n": True,
    "0::/user.slice/user-1000.slice/user@1000.service/app.slice/run-r14b0047a.scope\n": False,
    "0::/system.slice/cron.service\n": False,
    "": False,
}


@pytest.mark.parametrize("groups", GROUPS)
def test_what_is_part_of_a_login_is_told_by_its_control_group(groups):
    assert bool(LOGIN.search(groups)) == GROUPS[groups]


@pytest.mark.parametrize("said", ["b true", "b false", ""])
def test_logind_is_asked(tmp_path, monkeypatch, said):
    asked = tmp_path / "busctl"
    asked.write_text(f'#!/bin/sh\ntest "$1 $5" = "get-property KillUserProcesses" && echo "{said}"\n')
    asked.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert logout.kills() == (said == "b true")
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    assert not logout.kills()


@pytest.mark.parametrize("ends", [True, False])
def test_a_death_that_a_logout_may_have_caused_names_it_and_its_cure(tmp_path, monkeypatch, ends):
    monkeypatch.setattr(postmortem, "ends_at_logout", lambda: ends)
    run = home_of_all(tmp_path / "home").find("0c1d0004")
    error = state_of(run).error
    by_signal = postmortem.from_outside(run, "SIGTERM")
    for each in (error, by_signal):
        assert ("KillUserProcesses" in each.reason) == ends
        assert ("enable-linger" in each.remedy and "systemd-run --user --scope" in each.remedy) == ends
        assert f"runs resume {run.id}" in each.remedy


def test_a_death_that_its_launcher_saw_is_no_logout(tmp_path, monkeypatch):
    monkeypatch.setattr(postmortem, "ends_at_logout", lambda: True)
    run = record(home_of_all(tmp_path / "home"), "0c1d0009", STATES["crashed"][0])
    run.log_path.write_text("--- launched now ---\n--- killed by SIGKILL ---\n")
    assert "logout" not in state_of(run).error.reason
