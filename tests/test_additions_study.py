"""A study made here alone: started by a sub-command and from the form, watched, told, compared, reported.

One file (toy_study.py, written below) and one entry of MODES are all that it takes. The processes of the
command line and the engine register it as they begin, by a sitecustomize.py on their path.
"""

import html
import json

import pytest

from engine.errors import ChangeSettingsError
from engine.runs import modes
from engine.runs.home import Home
from engine.runs.results import result_of
from engine.settings import make
from tests.test_docs import modes_table
from tests.tui.app.conftest import ready, settled
from tests.tui.app.recorded import NOON
from tests.tui.conftest import Deck
from tui.app import Quantdeck
from tui.runs.facts import facts_of
from tui.screens.runs.columns import columns_of, table
from tui.settings.draft import Draft, catalogue
from tui.widgets.lines import Lines, plain

TOY = """
from dataclasses import dataclass

from engine.results.codec import Number
from engine.results.notes import Note


@dataclass(frozen=True)
class Part:
    bars: int
    range: Number


@dataclass(frozen=True)
class ToyResult:
    widest_bar: Number
    seed: int
    simulated: bool
    parts: tuple[Part, ...]
    share: dict[str, Number]
    notes: tuple[Note, ...] = ()


def measure(job):
    from engine import preparation

    seed = job.settings.training.seed
    job.emit({"kind": "simulated", "text": "SIMULATED market"})
    with preparation.stage(job.emit, "measure"):
        parts = tuple(Part(100 * number, seed / number) for number in (1, 2))
    with preparation.stage(job.emit, "sum up"):
        note = Note("text", {"text": "<b>a toy</b> & no more"})
        return ToyResult(0.125 * seed, seed, True, parts, {"up": 0.5, "down": float("nan")}, (note,))
"""
ENTRY = """Mode(
    "widest", ("measure", "sum up"), "toy_study:ToyResult", "toy_study:measure", "How wide is the widest bar?"
)"""
REGISTER = f"from engine.runs.modes import Mode, add\nadd({ENTRY})\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """What whoever adds the study writes."""
    folder = tmp_path_factory.mktemp("study")
    (folder / "toy_study.py").write_text(TOY)
    (folder / "sitecustomize.py").write_text(REGISTER)
    return folder


@pytest.fixture
def known(folder, monkeypatch):
    """The same in this process."""
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setitem(modes.MODES, "widest", eval(ENTRY, {"Mode": modes.Mode}))


@pytest.fixture(scope="module")
def deck(folder, tmp_path_factory):
    """The command line and the engine that know it."""
    deck = Deck(tmp_path_factory.mktemp("deck"))
    del deck.env["PYTHONWARNINGS"]  # libraries of the engine warn
    deck.env["PYTHONPATH"] = str(folder)
    deck.home.path.mkdir()
    return deck


@pytest.fixture(scope="module")
def answers(deck):
    """Two runs of it, as its sub-command tells them."""
    return [deck.json("widest", "-s", f"training.seed={seed}") for seed in (2, 4)]


def test_its_sub_command_runs_it_and_tells_its_result(deck, answers):
    assert [each["state"] for each in answers] == ["done", "done"]
    assert answers[0]["result"]["parts"] == [{"bars": 100, "range": 2.0}, {"bars": 200, "range": 1.0}]
    assert answers[0]["result"]["share"] == {"up": 0.5, "down": None}
    assert "How wide is the widest bar?" in deck("--help")[0]
    assert "training.epochs" in deck("widest", "--help")[0]
    text, log = deck("widest", "--name", "third")
    assert [line.split() for line in text.splitlines() if line.startswith("widest bar")] == [
        ["widest", "bar", "0.125"]
    ]
    assert "SIMULATED" in text
    assert "note: <b>a toy</b> & no more" in text
    assert "sum up: " in log
    assert deck.json("widest", "-s", "training.seeds=1", code=2)["error"]["exit_code"] == 2


def test_result_json_is_read_as_its_type(known, deck, answers):
    run = deck.home.find(answers[0]["run"])
    found = result_of(run)
    assert type(found).__name__ == "ToyResult"
    assert (found.widest_bar, found.parts[1].range) == (0.25, 1.0)


def test_runs_show_and_list_tell_it(deck, answers):
    run = answers[1]["run"]
    shown = deck.json("runs", "show", run)
    assert shown["result"] == answers[1]["result"]
    assert list(shown["stages"]) == ["measure", "sum up"]
    text, _ = deck("runs", "show", run)
    assert "widest bar  0.5" in text
    (listed,) = (each for each in deck.json("runs", "list")["runs"] if each["run"] == run)
    assert (listed["mode"], listed["result"]["widest_bar"]) == ("widest", 0.5)


def test_compare_lays_its_numbers_side_by_side(known, deck, answers):
    runs = [each["run"] for each in answers]
    text, _ = deck("compare", *runs)
    (line,) = (line.split() for line in text.splitlines() if line.startswith("widest bar"))
    assert line == ["widest", "bar", "0.25", "0.5", "0.25"]
    assert deck.json("compare", *runs)["runs"][0]["metrics"]["widest_bar"] == 0.25
    columns = columns_of([facts_of(deck.home.find(run)) for run in runs])
    page = [plain(line).split() for line in table(columns, columns.shown(120, 1), None, waits=False)]
    assert ["widest", "bar", "0.25", "0.5", "0.25"] in page


def test_its_report_holds_every_table_and_no_markup_of_others(deck, answers):
    document = deck.json("report", answers[0]["run"], "toy.html")
    text = (deck.folder / "toy.html").read_text()
    assert document["bytes"] == len(text.encode())
    assert "<tr><th>widest bar</th><td>0.25</td></tr>" in text
    assert "<tr><th>2</th><td>200</td><td>1</td></tr>" in text
    assert "<tr><th>down</th><td>n/a</td></tr>" in text
    assert "SIMULATED" in text
    assert "<b>" not in text
    assert "<b>a toy</b> & no more" in html.unescape(text)
    refused = deck.json("report", answers[0]["run"], "-s", "fee_bps=1", code=2)
    assert "has no result" in refused["error"]["reason"]


def test_the_form_offers_it_and_the_docs_list_it(known):
    assert "widest" in catalogue()["start.mode"].choices
    draft = Draft(make({}), "widest")
    assert draft.texts["start.mode"] == "widest"
    assert draft.meaning("start.mode") == "How wide is the widest bar?"
    assert "| `widest` | measure → sum up | `ToyResult` | `toy_study:measure` |" in modes_table()


def test_without_its_entry_nobody_knows_it(tmp_path):
    assert "widest" not in catalogue()["start.mode"].choices
    with pytest.raises(ChangeSettingsError, match="'widest': does not exist"):
        Home(tmp_path).create("widest", make({}))


async def test_the_screen_of_its_run_tells_stages_and_result(known, deck, answers):
    app = Quantdeck(deck.home, now=lambda: NOON, first="train")
    app.chosen = answers[0]["run"]
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(pilot)
        await settled(pilot)
        texts = {each.id: each.text for each in app.screen.query(Lines)}
    assert "✓ measure" in texts["stages"]
    assert "✓ sum up" in texts["stages"]
    assert "widest bar  0.25" in texts["sources"]
    assert json.dumps(answers[0]["result"]["seed"]) in texts["sources"]
