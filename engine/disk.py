"""Files written whole: a reader sees the old file or the new one, never a part."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import secrets
import shutil
import stat
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from engine.errors import ChangeSettingsError, MakeRoomError, RepairDataError
from engine.hints import hint

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

TEMPORARY = ".part-"
CHECKPOINT = "checkpoint.npz"
DIGEST_BYTES = 32
ANY_REMEDY = "Free space or allow writing there"
REMEDIES: Mapping[int | None, str] = MappingProxyType(
    {
        errno.ENOSPC: "Free space there",
        errno.EDQUOT: "Free space, or have your quota raised",
        errno.EFBIG: "Raise the limit on the size of files: ulimit -f unlimited",
        errno.EACCES: "Allow writing there",
        errno.EPERM: "Allow writing there",
        errno.EROFS: "Choose a folder of a disk that may be written to",
        errno.EMFILE: "Raise the limit on open files: ulimit -n 1024",
        errno.ENOENT: "Look who has removed its folder, or make that again",
        errno.EEXIST: "Move away the file that lies where a folder should be",
        errno.EISDIR: "Move away the folder that lies where a file should be",
        errno.ENOTDIR: "Move away the file that lies where a folder should be",
        errno.ELOOP: "Remove the link that leads to itself",
        errno.ENFILE: "End other programs: the machine has too many files open",
        errno.EAGAIN: "End other processes, or raise the limit on them: ulimit -u",
        errno.EIO: "Look after the disk: the system's log tells more",
        errno.ENAMETOOLONG: "Choose shorter names",
    }
)
NEEDED_MB = 200.0


@contextlib.contextmanager
def writing(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; on leaving, fsync it and put it in place of `path`.

    On any error the temporary file is removed and `path` is untouched. OSError becomes MakeRoomError.
    The temporary keeps the suffix, since some writers choose their format by it.
    """
    part = path.with_name(f"{TEMPORARY}{secrets.token_hex(4)}-{path.name}")
    try:
        with refusals(path):
            yield part
            sync(part)
            part.replace(path)
            sync(path.parent)
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)


def write_whole(path: Path, content: bytes, *, private: bool = False) -> None:
    """Write `content` to `path` whole and durably, for nobody else to read if private. MakeRoomError."""
    with writing(path) as part:
        if private:
            part.touch(mode=0o600)
        part.write_bytes(content)


def refuse_output(path: Path, home: Path, *, replace: bool = False, new_folder: bool = False) -> None:
    """Raise ChangeSettingsError for a file that somebody names for output and that must not be written over.

    What lies in the home is quantdeck's own, whatever links lead there; a file that exists is replaced only
    where `replace` says so, and a folder or device never. new_folder: the folder is made if there is none.
    """
    name = str(path)
    try:
        target = path.resolve()
        strange = target.exists() and not target.is_file()
    except (OSError, ValueError, RuntimeError):  # too long, a NUL in it, a link to itself
        raise ChangeSettingsError(name, "is no name that a file can have", "Choose another name") from None
    if target.is_relative_to(os.path.realpath(home)):
        raise ChangeSettingsError(
            name, "lies in the home, among quantdeck's own files", "Choose another folder"
        )
    if not (new_folder or target.parent.is_dir()):
        reason = f"would lie in {target.parent}, which is no folder"
        raise ChangeSettingsError(name, reason, "Make that folder, or choose another")
    if strange:
        raise ChangeSettingsError(name, "is no file that could be written", "Choose another name")
    if os.path.lexists(path) and not replace:
        raise ChangeSettingsError(name, "exists already", "Choose another name, or replace it with --force")


@contextlib.contextmanager
def refusals(path: Path) -> Iterator[None]:
    """Turn the operating system's refusal to write `path` into MakeRoomError."""
    try:
        yield
    except OSError as error:
        known = os.strerror(error.errno) if error.errno else error.strerror  # libraries add paths
        reason, remedy = known or type(error).__name__, REMEDIES.get(error.errno, ANY_REMEDY)
        raise MakeRoomError(str(path), f"cannot be written: {reason}", remedy) from error


def to_lock(path: Path, mode: int = 0o600) -> int:
    """The descriptor of a file that stands for a lock; the file is made if there is none. MakeRoomError.

    mode: who else may read the file, and so lock it.
    """
    flags = os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    with refusals(path):
        try:
            return os.open(path, os.O_RDWR | os.O_CREAT | flags, mode)
        except PermissionError as refused:  # perhaps somebody else's file, of which to read it is enough
            try:
                return os.open(path, os.O_RDONLY | flags)
            except FileNotFoundError:
                raise refused from None


def sync(path: Path) -> None:
    """Flush a file or a folder to the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sweep(folder: Path) -> int:
    """Remove temporaries that a killed writer left in `folder`; return how many."""
    left = [path for path in folder.glob(f"{TEMPORARY}*") if path.is_file() and not path.is_symlink()]
    for path in left:
        path.unlink(missing_ok=True)
    return len(left)


def write_with_digest(path: Path, content: bytes, *, private: bool = False) -> None:
    """Write `content` whole, its SHA-256 behind it: a file that changes often needs no manifest.

    MakeRoomError.
    """
    write_whole(path, content + hashlib.sha256(content).digest(), private=private)


def read_with_digest(path: Path) -> bytes:
    """What `write_with_digest` wrote, checked on the very bytes returned. Raises RepairDataError."""
    try:
        stored = path.read_bytes()
    except OSError as error:
        raise RepairDataError(str(path), f"cannot be read: {error.strerror}", "Allow reading it") from None
    content, digest = stored[:-DIGEST_BYTES], stored[-DIGEST_BYTES:]
    if hashlib.sha256(content).digest() != digest:
        raise RepairDataError(str(path), "is changed or cut short: its SHA-256 is another", "Delete it")
    return content


class Stamp(NamedTuple):
    """What stands for a regular file's content: another content has another. All 0 where no file lies."""

    size: int  # bytes
    modified_ns: int
    changed_ns: int  # of the file's own entry, which nobody can set back
    inode: int

    def __str__(self) -> str:
        """The four, in one text."""
        return f"{self[0]} {self[1]} {self[2]} {self[3]}"


NO_FILE = Stamp(0, 0, 0, 0)


def stamp(path: str, *, follow: bool = False) -> Stamp:
    """The stamp of a file. Raises OSError for anything but a regular one, a link among it unless followed."""
    try:
        facts = os.stat(path, follow_symlinks=follow)  # noqa: PTH116  a Path takes as long again
    except FileNotFoundError:
        return NO_FILE
    if not stat.S_ISREG(facts.st_mode):
        raise OSError(f"{path} is no regular file")
    return Stamp(facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns, facts.st_ino)


def free_mb(folder: Path) -> float:
    """Free space where `folder` lies, in MB (10^6 bytes), as far as this user may fill it."""
    return shutil.disk_usage(folder).free / 1e6


def check_room(home: Path, needed_mb: float = NEEDED_MB) -> None:
    """Raise MakeRoomError when a home has less free space than a run needs."""
    free = free_mb(next(each for each in (home, *home.absolute().parents) if each.exists()))
    if free < needed_mb:
        reason = f"the disk has {free:.0f} MB left, a run needs {needed_mb:.0f}"
        remedy = f"Delete runs that you can spare, of these: {hint(home, 'runs list')}; or name another home"
        raise MakeRoomError(str(home), reason, remedy)
