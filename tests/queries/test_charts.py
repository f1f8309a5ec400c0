"""Charts as files: whole, readable alone, warned where the screen warns, and never in the home."""

import re
import xml.etree.ElementTree as ET

import pytest

from engine.errors import ChangeSettingsError
from engine.queries.charts import SHEETS, write
from engine.queries.report import loss_svg, sheet
from engine.runs.events import EventLog
from engine.runs.folder import RunFolder
from engine.runs.home import Home
from engine.runs.log_entries import Epoch, near_curve
from tests.queries.results import backtested
from tests.tui.app.recorded import epochs
from tests.tui.results.stored import fill

MOVED = {"signal.entry_threshold": 0.002}


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A home with two results, the first trained, and stored series."""
    home = Home(tmp_path_factory.mktemp("home"))
    for seed in (1, 2):
        backtested(home, 700 + 100 * seed, seed=seed, name="a < b & c", run_id=f"3f2a000{seed}")
    with EventLog(RunFolder(home.runs / "3f2a0001").events_path) as log:
        for event in epochs(9, best=6):
            log.emit(event)
    fill(home)
    return home


def about(home, chart):
    """What a screen asks for."""
    runs = sorted(str(run.path) for run in home.all())
    if chart == "compare":
        return {"runs": runs}
    if chart == "series":
        return {"home": str(home.path), "series": "binance_BTC-USDT_1h_candles"}
    return {"run": runs[0], "overrides": {} if chart == "loss" else MOVED}


@pytest.mark.parametrize("chart", SHEETS)
def test_each_chart_is_a_file_that_stands_alone(home, tmp_path, chart):
    path = tmp_path / "chart.svg"
    assert write({"chart": chart, "path": str(path), **about(home, chart)}).paths == (str(path),)
    text = path.read_text()
    root = ET.fromstring(text)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert "http" not in text.replace("http://www.w3.org/2000/svg", "")
    assert "var(" not in text  # readers of SVG that know no variables
    assert not re.search(r"\bnan\b|\binf\b", text)
    words = " ".join(each.text or "" for each in root.iter("{http://www.w3.org/2000/svg}text"))
    assert ("SIMULATED" in words) == (chart != "series")
    assert ("WHAT-IF" in words) == (chart in ("equity", "rolling", "price"))
    assert ("a < b & c" in words) == (chart != "series")
    panels = list(root.iter("{http://www.w3.org/2000/svg}svg"))[1:]
    assert panels
    assert all(len(panel) > 5 for panel in panels)


def test_a_stretch_without_any_row_is_a_chart_too(home, tmp_path):
    request = about(home, "series") | {"chart": "series", "first": 720, "bars": 60}
    write({"path": str(tmp_path / "gap.svg"), **request})
    assert "shaded" in (tmp_path / "gap.svg").read_text().partition("</style>")[2]


def test_all_charts_of_a_run_are_written_or_none(home, tmp_path):
    run = home.find("3f2a0001")
    written = write({"run": str(run.path), "folder": str(tmp_path / "new")}).paths
    names = [f"3f2a0001-{name}.svg" for name in ("loss", "equity", "rolling", "price")]
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == sorted(names)
    assert written == tuple(str(tmp_path / "new" / name) for name in names)
    (tmp_path / "new" / names[0]).unlink()
    with pytest.raises(ChangeSettingsError, match="exists already"):
        write({"run": str(run.path), "folder": str(tmp_path / "new")})
    assert not (tmp_path / "new" / names[0]).exists()
    write({"run": str(run.path), "folder": str(tmp_path / "new"), "replace": True})
    for place in (home.path, run.path, home.data / "charts"):
        with pytest.raises(ChangeSettingsError, match="lies in the home"):
            write({"run": str(run.path), "folder": str(place)})
    with pytest.raises(ChangeSettingsError, match="neither"):
        write({"chart": "equity", "path": str(tmp_path / "x.gif"), **about(home, "equity")})


def test_png_is_drawn_by_the_extra_or_told(home, tmp_path, monkeypatch):
    path = tmp_path / "chart.png"
    request = {"chart": "loss", "path": str(path), **about(home, "loss")}
    monkeypatch.setitem(__import__("sys").modules, "resvg_py", None)
    with pytest.raises(ChangeSettingsError, match=r"quantdeck\[png\]"):
        write(request)
    assert not path.exists()
    drawn = []

    class Drawing:
        @staticmethod
        def svg_to_bytes(svg_string, width):
            drawn.append((svg_string, width))
            return list(b"\x89PNG")

    monkeypatch.setitem(__import__("sys").modules, "resvg_py", Drawing)
    write(request)
    assert path.read_bytes() == b"\x89PNG"
    assert drawn[0][1] == 2 * sheet.WIDTH


@pytest.mark.parametrize("parts", [0, 1, 5])
@pytest.mark.parametrize("count", [1, 7])
def test_the_batches_of_epochs_are_a_trace_under_the_training_loss(parts, count):
    history = [
        Epoch(epoch=number, loss=1 / number, val_loss=1 / number, batch_losses=(1 / number,) * parts)
        for number in range(1, count + 1)
    ]
    training, validation = (ET.fromstring(panel) for panel in loss_svg.panels(history, None))
    assert not validation.findall("polyline[@class='trace']")
    drawn = training.findall("polyline[@class='trace']")
    assert len(drawn) == bool(parts)
    for each in drawn:
        places = [float(point.partition(",")[0]) for point in each.get("points").split()]
        assert len(places) == count * parts
        assert places == sorted(places)
    assert near_curve([(0.5, 9.0), (0.6, 1.5)], [1.0, 2.0]) == ((0.6, 1.5),)
