"""What the operating system refuses is told as such, with a remedy for that very refusal."""

import errno
import tempfile

import pytest

from engine.disk import ANY_REMEDY, REMEDIES, refusals
from engine.errors import ChangeSettingsError, InternalError, MakeRoomError
from engine.runs.error_codec import OF_THE_MACHINE, as_error
from tui.commands.settings import DEFAULT_FILE, from_file


@pytest.mark.parametrize("number", [*REMEDIES, errno.EBADF])
def test_a_refusal_to_write_is_told_with_its_own_remedy(number, tmp_path):
    with pytest.raises(MakeRoomError) as raised, refusals(tmp_path / "a"):
        raise OSError(number, "refused")
    assert raised.value.thing == str(tmp_path / "a")
    assert raised.value.remedy == REMEDIES.get(number, ANY_REMEDY)


@pytest.mark.parametrize("number", sorted(OF_THE_MACHINE))
def test_a_refusal_anywhere_else_is_no_fault_of_our_own(number):
    found = as_error(OSError(number, "refused", "/a"))
    assert (type(found), found.thing, found.remedy) == (MakeRoomError, "/a", REMEDIES[number])


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        OSError(errno.ENOMEM, "refused"),
        ImportError("libjax_common.so: failed to map segment from shared object"),
        ImportError("libopen.so: cannot open shared object file: Cannot allocate memory"),
        RuntimeError("can't start new thread"),
        RuntimeError("RESOURCE_EXHAUSTED: Out of memory allocating 1 bytes"),
    ],
    ids=repr,
)
def test_whoever_says_that_memory_was_refused_is_understood(error):
    assert (type(as_error(error)), as_error(error).thing) == (MakeRoomError, "memory")


def test_what_a_library_was_told_counts_where_it_says_something_else():
    error = OSError("could not load it")
    error.__context__ = OSError("lib.so: failed to map segment from shared object")
    assert as_error(error).thing == "memory"


def test_where_no_temporary_file_can_be_written_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setattr(tempfile, "_candidate_tempdir_list", lambda: [str(tmp_path / "gone")])
    with pytest.raises(FileNotFoundError) as raised:
        tempfile.mkdtemp()
    found = as_error(raised.value)
    assert (type(found), found.thing) == (MakeRoomError, "temporary files")
    assert "TMPDIR" in found.remedy


def test_what_is_lacking_that_should_be_there_may_be_our_own_fault():
    assert isinstance(as_error(FileNotFoundError(errno.ENOENT, "none", "/a")), InternalError)


def test_settings_that_are_a_link_to_nothing_are_not_passed_over(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert from_file(None, None).window.lookback
    (tmp_path / DEFAULT_FILE).symlink_to("gone.toml")
    with pytest.raises(ChangeSettingsError):
        from_file(None, None)
