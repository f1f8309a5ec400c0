"""Screen 5: a search live and done; what its keys do; that every panel is whole at every size."""

import csv

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import ChangeSettingsError
from engine.results.nested import SPANS
from engine.results.search import best_first, front
from engine.runs.home import Home
from engine.runs.results import result_of
from engine.runs.state import state_of
from engine.settings import Search, load, make
from tests.tui.app import searched
from tests.tui.app.conftest import ready, settled
from tests.tui.app.recorded import METRICS, NOON, STATES, record
from tui.app import Quantdeck
from tui.commands import search as command
from tui.runs.nested import Spans, spans_of
from tui.screens.search import charts, drawing
from tui.screens.search.axes import ruler
from tui.screens.search.trial import TrialDialog
from tui.settings.draft import Draft
from tui.text.studies import study_summary
from tui.widgets.lines import plain, width_of

SIZES = [(80, 24), (80, 22), (60, 16), (200, 50)]


@pytest.fixture
def deck_of(tmp_path, held, monkeypatch):
    """An app on a home with one search, live or done."""
    monkeypatch.setenv("TEXTUAL_ANIMATIONS", "none")
    monkeypatch.chdir(tmp_path)

    def make(state="live", objectives=("ic",), count=24, **options):
        home = Home(tmp_path / "home")
        if state == "live":
            held(searched.live(home, count=count, objectives=objectives))
        if state == "done":
            record(home, "0c1d0009", STATES["done"][0], "winner", metrics=METRICS)
            searched.done(home, winner_run="0c1d0009", objectives=objectives)
        if state in ("spans", "spans so far"):
            run = searched.through_time(home, ended=state == "spans")
            if state == "spans so far":
                held(run)
        deck = Quantdeck(home, first="data", now=lambda: NOON, **options)
        deck.home_text = "home"
        return deck

    return make


def press(*keys):
    async def look(pilot):
        await ready(pilot)
        for key in keys:
            await pilot.press(key)
            await settled(pilot)

    return look


def shown(deck):
    strips = deck.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip).rstrip() for strip in strips)


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("state", ["live", "done"])
def test_search(snap_compare, deck_of, state, size):
    assert snap_compare(deck_of(state), terminal_size=size, run_before=press("5"))


@pytest.mark.parametrize("size", [(80, 24), (200, 50)], ids=str)
def test_search_through_time(snap_compare, deck_of, size):
    assert snap_compare(deck_of("spans"), terminal_size=size, run_before=press("5"))


@pytest.mark.parametrize("state", ["spans", "spans so far"])
async def test_a_span_opens_its_search_and_the_way_back_is_an_arrow(deck_of, state):
    deck = deck_of(state)
    async with deck.run_test(size=(60, 16)) as pilot:
        await press("5")(pilot)
        assert "5ea10009" in shown(deck)
        assert ("promised by the searches" in shown(deck)) == (state == "spans")
        await press("a", "f", "z", "s", "slash", "e")(pilot)  # what is of trials is not of spans
        assert len(deck.screen_stack) == 1
        await press("enter")(pilot)
        assert deck.screen.showing == "5ea10001"
        assert "trial" in shown(deck)
        await press("f", *["right"] * 5)(pilot)  # out of a panel that spans do not have
        assert deck.screen.showing == "5ea10009"
        assert "5ea10001" in shown(deck)
        if state != "spans":
            await press("j", "enter")(pilot)  # this one has not begun
            assert deck.screen.showing == "5ea10009"


@pytest.mark.parametrize("state", ["spans", "spans so far"])
def test_the_spans_are_had_by_show(deck_of, state):
    home = str(deck_of(state).home.path)
    answer = command.show(home, "5ea10009", "")
    assert answer.document["searches"] == {str(number): f"5ea1000{number}" for number in (1, 2, 3)}
    assert "5ea10002" in answer.text
    assert (answer.document["result"] is None) == (state != "spans")
    with pytest.raises(ChangeSettingsError, match="nested, no search"):
        command.show(home, "5ea10009", "trials.csv")


@pytest.mark.parametrize("content", [b"", b"[]", b"{1", b'{"one": "a"}', b"\xff"])
def test_spans_that_somebody_has_touched_are_none(tmp_path, content):
    run = searched.through_time(Home(tmp_path / "home"), ended=False)
    (run.path / SPANS).write_bytes(content)
    assert spans_of(run, state_of(run)) == Spans({})


@pytest.mark.parametrize("mode", ["search", "nested"])
def test_the_form_begins_with_the_space_of_the_last_search_and_says_what_is_wrong_with_one(mode):
    last = make(dict(searched.SETTINGS))
    draft = Draft(last, mode)
    assert draft.texts["start.mode"] == mode
    found, wrong = draft.check()
    assert (found and found.search.space, wrong) == (last.search.space, {})
    for text, reason in (
        ("window.lookback = {low = 9, high = 4}", "must be below"),
        ("window.lookback = {low = 4, high = 9}, modl.kind = [1, 2]", "did you mean model.kind"),
        ("", "is empty"),
    ):
        draft.say("search.space", text)
        found, wrong = draft.check()
        assert found is None
        assert reason in wrong["search.space"]
    draft.say("start.mode", "run")
    assert draft.check()[1] == {}


@pytest.mark.parametrize("keys", [("f",), ("f", "f"), ("f", "f", "f"), ("z",)], ids=len)
def test_search_panels(snap_compare, deck_of, keys):
    assert snap_compare(deck_of("done"), terminal_size=(80, 24), run_before=press("5", *keys))


@pytest.mark.parametrize("objectives", [("ic",), ("ic", "max_drawdown")], ids=len)
async def test_several_objectives_have_a_front_among_the_trials_and_as_a_figure(deck_of, objectives):
    deck, several = deck_of("live", objectives), len(objectives) > 1
    async with deck.run_test(size=(80, 24)) as pilot:
        await press("5")(pilot)
        assert ("on the Pareto front" in shown(deck)) == several
        await press("f", "f", "f", "f")(pilot)
        assert ("max_drawdown by ic" in shown(deck)) == several
        await press(*["f"] * several)(pilot)
        assert "odds of luck" in shown(deck)


def test_search_in_plain_characters_and_without_colour(snap_compare, deck_of, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    assert snap_compare(deck_of("live", ascii=True), terminal_size=(80, 24), run_before=press("5"))


@pytest.mark.parametrize("state", ["none", "live"])
async def test_without_a_trial_it_says_how_one_begins_or_what_it_waits_for(deck_of, state):
    deck = deck_of(state, count=0)
    async with deck.run_test(size=(60, 16)) as pilot:
        await press("5", "enter", "a", "f", "z", "s", "slash")(pilot)
        assert ("quantdeck init --search" in shown(deck)) == (state == "none")
        assert len(deck.screen_stack) == 1


async def test_enter_opens_the_winners_run_and_the_facts_of_every_other_trial(deck_of):
    deck = deck_of("done")
    async with deck.run_test(size=(80, 24)) as pilot:
        await press("5", "j", "enter")(pilot)
        assert isinstance(deck.screen, TrialDialog)
        assert "Trial 27" in shown(deck)
        await press("escape", "S", "g", "enter")(pilot)  # those that came to no end are last, either way
        worst = best_first(map(searched.trial, range(searched.OF)), "ic")[-1]
        assert f"Trial {worst.number} " in shown(deck)
        await press("escape", "S", "g", "enter")(pilot)
        assert (deck.current_mode, deck.chosen) == ("backtest", "0c1d0009")


async def test_sort_and_filter_show_what_they_say(deck_of):
    deck = deck_of("done")
    async with deck.run_test(size=(80, 24)) as pilot:
        await press("5", "slash", *"state=pruned", "enter")(pilot)
        assert "8 of 41" in shown(deck)
        assert {each.state for each in deck.screen._list.shown} == {"pruned"}
        await press("slash", *(12 * ["backspace"]), *"kind=mlp lookback>30", "enter")(pilot)
        rows = deck.screen._list.shown
        assert rows
        assert all(each.drawn["model.kind"] == "mlp" for each in rows)
        assert all(each.drawn["window.lookback"] > 30 for each in rows)
        await press("s")(pilot)
        values = [each.sharpe for each in deck.screen._list.shown if each.complete]
        assert values == sorted(values, reverse=True)


async def test_a_writes_the_trials_settings_and_starts_them_once_asked(deck_of, tmp_path, monkeypatch):
    deck = deck_of("done")
    launched = []
    async with deck.run_test(size=(80, 24)) as pilot:
        monkeypatch.setattr(deck, "launch", launched.append)
        await press("5", "j", "a", "n")(pilot)
        assert not launched
        await press("a", "y")(pilot)
    (run,) = launched
    path = tmp_path / "trial-27-of-5ea10002.toml"
    own = load(run.settings_path)
    wanted = searched.trial(27).drawn
    assert (own.window.lookback, own.model.kind) == (wanted["window.lookback"], wanted["model.kind"])
    assert own.search == Search()
    assert load(path).model_dump(exclude={"data"}) == own.model_dump(exclude={"data"})
    command.best(str(deck.home.path), "5ea10002", "other.toml", 27, force=False)
    assert (tmp_path / "other.toml").read_bytes() == path.read_bytes()


@pytest.mark.parametrize("state", ["live", "done"])
def test_all_that_the_screen_shows_is_had_by_show(deck_of, tmp_path, state):
    home = str(deck_of(state).home.path)
    answer = command.show(home, "last", "")
    assert answer.document["luck"]["deflated_sharpe"] == searched.LUCK.deflated_sharpe
    assert answer.document["importance"] == searched.IMPORTANCE
    count = searched.OF if state == "done" else 24
    assert [each["number"] for each in answer.document["trials"]] == list(range(count))
    assert "It may be luck" in answer.text
    command.show(home, "last", "trials.csv")
    with (tmp_path / "trials.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [int(row["trial"]) for row in rows] == list(range(count))
    assert rows[1]["model.kind"] == "lstm"


ODD = {
    "one": [searched.trial(0)],
    "none complete": [searched.trial(4), searched.trial(11)],
    "all alike": [searched.trial(6), searched.trial(6)],
    "all": [searched.trial(number, ("ic", "max_drawdown")) for number in range(41)],
}


@pytest.mark.parametrize("trials", ODD.values(), ids=ODD)
@pytest.mark.parametrize("size", [(24, 6), (33, 7), (46, 9), (120, 30)], ids=str)
@pytest.mark.parametrize("ascii", [True, False])
def test_every_figure_fits_its_place_whatever_the_trials(trials, size, ascii):  # noqa: A002
    keys, objectives = charts.keys_of(trials, {}), [*trials[0].objectives]
    figures = [
        charts.best_so_far(trials, "ic", size, ascii=ascii),
        charts.parallel(trials, keys, "ic", size, ascii=ascii),
        *(charts.slices(trials, key, "ic", 0, size, ascii=ascii) for key in keys),
        charts.front(trials, front(trials), [*objectives, *objectives], size, ascii=ascii),
        drawing.odds_panel(searched.LUCK, max(33, size[0]), size[1]),
    ]
    for lines in figures:
        assert len(lines) <= size[1]
        assert all(width_of(line) <= max(33, size[0]) for line in lines), lines


@given(st.lists(st.text("abcdefgh_", min_size=3, max_size=24), min_size=2, max_size=7), st.integers(80, 220))
def test_every_axis_has_its_name_however_long_those_beside_it_are(names, width):
    at = [place / (len(names) - 1) for place in range(len(names))]
    line = plain(ruler(list(zip(at, names, strict=True)), width, 0, evenly=True))
    assert len(line) <= width
    told = line.split()
    assert len(told) == len(names)
    assert all(name.startswith(text.rstrip("…")) for name, text in zip(names, told, strict=True))


def test_the_best_fifth_is_told_from_the_others_without_colour():
    trials = [searched.trial(number) for number in range(searched.OF)]
    lines = charts.parallel(trials, ["window.lookback", "model.kind"], "ic", (80, 20), ascii=True)
    roles = {role: set(text) & {"*", "."} for line in lines[2:-2] for text, role in line if text.strip()}
    assert roles["live"] == {"*"}
    assert "*" not in roles["quiet"]


def test_a_search_through_time_is_told_in_words_of_the_trade(deck_of):
    home = deck_of("spans").home
    told = study_summary(home.find("5ea10009"), result_of(home.find("5ea10009")))
    assert "SIMULATED" in told
    assert [word for word in ("sharpe low", "hold return", "T00:00:00Z") if word in told] == []
    assert all(word in told for word in ("0.42 (95 % -0.90 … 1.70)", "3.10 %", "5ea10002", "out of sample"))
