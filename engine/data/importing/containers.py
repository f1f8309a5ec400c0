"""What a table comes packed in: gzip, xz, bzip2 and ZIP; and files that hold no table of text at all."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import re
import zipfile
import zlib
from typing import IO, TYPE_CHECKING, Any

from engine.data.importing.budget import FOR_TEXT, MOST_LAYERS, refuse_unpacked
from engine.data.importing.hints import UnclearError

if TYPE_CHECKING:
    from collections.abc import Callable

GZIP, XZ, BZIP2, ZIP = b"\x1f\x8b", b"\xfd7zXZ\0", b"BZh", b"PK\x03\x04"
PIECE_BYTES = 1 << 24  # unpacked at a time
PACKED = (GZIP, XZ, BZIP2, ZIP)
OTHERS = {  # the first bytes of files: what they are
    b"\xd0\xcf\x11\xe0": "an Excel workbook; save its sheet as CSV",
    b"\x89HDF": "HDF5; write its table as Parquet or CSV",
    b"SQLite format": "an SQLite database; write its table as CSV",
    b"%PDF": "a PDF document",
    b"\x93NUMPY": "a NumPy array, whose columns have no names; write it as CSV",
    b"\x80\x04": "a pickle, which can run code; write its table as Parquet or CSV",
    b"\x80\x05": "a pickle, which can run code; write its table as Parquet or CSV",
    b"\x28\xb5\x2f\xfd": "compressed by Zstandard; unpack it",
    b"\x04\x22\x4d\x18": "compressed by LZ4; unpack it",
    b"7z\xbc\xaf": "a 7-Zip archive; unpack it",
    b"Rar!": "a RAR archive; unpack it",
    b"\xff\xff\xff\xff": "a stream of Arrow; write it as Feather or Parquet",
    b"FEA1": "Feather of version 1; write it with version 2",
    b"PAR1": "a Parquet file inside of another; unpack it",
    b"ARROW1": "a Feather file inside of another; unpack it",
}
BESIDE = re.compile(
    r"(?i)^(__MACOSX/.*|(.*/)?(\..*|read.?me.*|licen[cs]e.*|.*\.(checksum|md5|sha256|pdf|html?)))$"
)


def unpacked(content: bytes, name: str, limit: int) -> tuple[bytes, str]:
    """The content without what it is packed in, and its name; `limit`: bytes of memory for reading it.

    Raises ValueError for an archive of several files or what is no text, OSError for damage, MakeRoomError
    for more than the limit allows.
    """
    for _ in range(MOST_LAYERS):
        if not content.startswith(PACKED):
            break
        archive = content.startswith(ZIP)
        content, name = from_archive(content, limit) if archive else (decompressed(content, limit), name)
    if content.startswith(PACKED):
        raise UnclearError(f"is packed more than {MOST_LAYERS} times over; unpack it")
    if what := next((what for magic, what in OTHERS.items() if content.startswith(magic)), ""):
        raise UnclearError(f"is {what}")
    if content[257:262] == b"ustar":
        raise UnclearError("is a TAR archive; unpack it")
    return content, name


def decompressed(content: bytes, limit: int) -> bytes:
    """What a compressed file holds. Raises OSError if it is damaged, MakeRoomError if it is too much."""
    kinds: dict[bytes, Callable[[IO[bytes]], Any]] = {
        GZIP: lambda source: gzip.GzipFile(fileobj=source), XZ: lzma.LZMAFile, BZIP2: bz2.BZ2File,
    }  # fmt: skip
    kind = next(kind for magic, kind in kinds.items() if content.startswith(magic))
    try:
        with kind(io.BytesIO(content)) as file:
            return within(file, limit)
    except EOFError:
        raise OSError("Truncated compressed stream") from None
    except (zlib.error, lzma.LZMAError, gzip.BadGzipFile, ValueError, OSError) as error:
        raise OSError(str(error)) from None


def within(file: IO[bytes], limit: int) -> bytes:
    """The whole of an unpacked file. Raises MakeRoomError if it is more than can be read in the memory."""
    most = limit // FOR_TEXT
    pieces, size = [], 0
    while piece := file.read(PIECE_BYTES):
        pieces.append(piece)
        size += len(piece)
        if size > most:
            refuse_unpacked(limit)
    return b"".join(pieces)


def from_archive(content: bytes, limit: int) -> tuple[bytes, str]:
    """The one table of a ZIP archive, and its name.

    Raises ValueError for several, OSError for damage, MakeRoomError if it is too much.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            files = [each.filename for each in archive.infolist() if not each.is_dir()]
            inside = [name for name in files if not BESIDE.fullmatch(name)]
            held = b""
            if len(inside) == 1:
                with archive.open(inside[0]) as file:
                    held = within(file, limit)
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, NotImplementedError, RuntimeError) as error:
        raise OSError(str(error)) from None
    if "[Content_Types].xml" in files:
        raise UnclearError("is an Excel workbook; save its sheet as CSV")
    if len(inside) != 1:
        names = ", ".join(inside[:5]) or "nothing"
        raise UnclearError(f"is a ZIP archive of {len(inside)} files: {names}; unpack it and import one")
    return held, inside[0]
