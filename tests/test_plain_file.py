"""What a person names in the place of a file: taken, or refused at once with the reason, whatever it is."""

import os
import socket

import pytest

from engine import settings
from engine.data.importing.files import read as read_series
from engine.disk import refuse_output
from engine.errors import ChangeSettingsError, InternalError, QuantdeckError
from engine.plain_file import expanded, plain_bytes
from engine.python_file import read as read_python


def pipe(path):
    os.mkfifo(path)


def listening(path):
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(os.path.relpath(path))


KINDS = {
    "pipe": pipe,
    "socket": listening,
    "zeros without end": lambda path: path.symlink_to("/dev/zero"),
    "terminal": lambda path: path.symlink_to("/dev/tty"),
    "memory of the process": lambda path: path.symlink_to("/proc/self/mem"),
    "link to itself": lambda path: path.symlink_to(path.name),
    "link to nothing": lambda path: path.symlink_to("none"),
    "folder": lambda path: path.mkdir(),
    "nothing": lambda _: None,
}
NAMES = ("a", "a" * 300, "\0", "a/" * 3000, "new\nline", "\x1b[31m", "\udcff")
READERS = {
    "series": read_series,
    "settings": settings.load,
    "features": lambda path: read_python(path, "features.file"),
}


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_no_plain_file_is_refused_at_once(reader, kind, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "named"
    KINDS[kind](path)
    with pytest.raises(QuantdeckError) as raised:
        READERS[reader](path)
    assert not isinstance(raised.value, InternalError)
    assert raised.value.reason


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_a_name_that_no_file_has_is_refused(reader, name, tmp_path):
    with pytest.raises(ChangeSettingsError):
        READERS[reader](tmp_path / name)


def test_a_file_is_read_up_to_its_bound(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"x" * 100)
    assert plain_bytes(path, 100) == b"x" * 100
    with pytest.raises(OSError, match="larger than the 99 bytes"):
        plain_bytes(path, 99)


def test_a_folder_of_nobody_stays_as_it_is_named():
    assert str(expanded("~nobody-of-that-name/a")) == "~nobody-of-that-name/a"
    with pytest.raises(ChangeSettingsError):
        settings.make({}, ["features.file=~nobody-of-that-name/a.py", "window.lookback=x"])


BOMBS = {
    "lists within lists": "[window]\nlookback=" + "[" * 5000 + "]" * 5000,
    "tables within tables": "a=" + "{a=" * 3000 + "1" + "}" * 3000,
    "a key of many parts": ".".join(["a"] * 20_000) + "=1",
    "a key of many parts, quoted": ' . "a"'.join(['"a"'] * 9000) + "=1",
    "many keys": "\n".join(f"k{number}=1" for number in range(9000)),
    "more keys": "\n".join(f"k{number}=1" for number in range(200_000)),
    "many digits": "[window]\nlookback=" + "9" * 5000,
    "many hexadecimal digits": "[window]\nlookback=0x" + "f" * 5000,
    "no number": "[training]\nlearning_rate=nan\n[backtest]\ncapital=-inf",
    "a long text": '[data]\nsymbol="' + "x" * 100_000 + '"',
    "a longer text": '[data]\nsymbol="' + "x" * 5_000_000 + '"',
    "a year that is none": "[data]\nstart=99999-01-01",
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_settings_without_end_are_refused_in_few_words(bomb, tmp_path):
    path = tmp_path / "a.toml"
    path.write_text(BOMBS[bomb])
    with pytest.raises(ChangeSettingsError) as raised:
        settings.load(path)
    assert len(str(raised.value)) < 20_000


@pytest.mark.parametrize("value", ["9" * 5000, "[" * 3000, "0x" + "f" * 5000, "nan", "1e999"])
@pytest.mark.parametrize("key", ["window.lookback", "model.units", "backtest.capital"])
def test_a_setting_without_end_is_refused_in_few_words(key, value):
    with pytest.raises(ChangeSettingsError) as raised:
        settings.make({}, [f"{key}={value}"])
    assert len(str(raised.value)) < 20_000


@pytest.mark.parametrize("replace", [False, True])
@pytest.mark.parametrize("kind", [each for each in KINDS if each not in {"nothing", "link to nothing"}])
def test_output_goes_to_no_such_thing(kind, replace, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "named"
    KINDS[kind](path)
    if kind == "memory of the process":
        path.unlink()
        path.symlink_to(tmp_path / "home" / "data")
    with pytest.raises(ChangeSettingsError):
        refuse_output(path, tmp_path / "home", replace=replace)


@pytest.mark.parametrize("name", ["a" * 300, "\0", "a/" * 3000])
def test_output_goes_to_no_name_that_no_file_has(name, tmp_path):
    with pytest.raises(ChangeSettingsError, match="no name that a file can have"):
        refuse_output(tmp_path / name, tmp_path / "home")
