"""`quantdeck search` and `init --search`: settings of files and options; what is refused before it begins."""

import pytest

from engine.errors import ChangeSettingsError, SettingsError
from engine.runs.home import Home
from engine.settings import make, space_of
from tests.tui.app import searched
from tui.commands import search
from tui.commands.init import init_search


def test_the_space_lies_over_the_settings_and_options_over_both(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "quantdeck.toml").write_text("[training]\nepochs = 7\n[search]\ntrials = 9\n")
    init_search(None, None, force=False)
    options = search.given({"trials": 4, "minutes": 0, "sampler": "", "objective": "ic,max_drawdown"})
    chosen = search.settings_of("space.toml", None, [*options, "label.horizon=3"])
    assert (chosen.training.epochs, chosen.search.trials) == (7, 4)
    assert chosen.search.objective == ("ic", "max_drawdown")
    assert chosen.search.sampler == "tpe"
    assert {each.key for each in space_of(chosen)} >= {"window.lookback", "model.units", "label.horizon"}
    with pytest.raises(ChangeSettingsError, match="exists already"):
        init_search(None, None, force=False)


def test_a_space_that_is_wrong_makes_no_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "wrong.toml").write_text(
        "[window]\nlookback = {low = 9, high = 4}\n[model]\nkind = ['mlp', 'oak']"
    )
    with pytest.raises(SettingsError) as caught:
        search.search(str(tmp_path / "home"), "wrong.toml", None, None)
    assert {each.key for each in caught.value.problems} == {"window.lookback", "model.kind"}
    with pytest.raises(ChangeSettingsError, match="quantdeck init --search"):
        search.search(str(tmp_path / "home"), "", None, None)
    assert not (tmp_path / "home").exists()


def test_only_a_search_is_gone_on_with(tmp_path):
    home = Home(tmp_path)
    with pytest.raises(ChangeSettingsError, match="Write a space for one: quantdeck init --search"):
        search.resume(str(tmp_path), "last", detach=True)
    run = home.create("train", make({}))
    with pytest.raises(ChangeSettingsError, match="is a train, no search"):
        search.best(str(tmp_path), run.id, str(tmp_path / "best.toml"), force=False)


def test_a_search_that_has_not_ended_names_no_winner_but_how_it_gets_one(tmp_path):
    home = Home(tmp_path / "home")
    run = searched.live(home)
    with pytest.raises(ChangeSettingsError, match=f"search {run.id}: has no winner") as caught:
        search.best(str(home.path), run.id, str(tmp_path / "best.toml"), force=False)
    assert f"runs resume {run.id}" in caught.value.remedy
    assert not (tmp_path / "best.toml").exists()
