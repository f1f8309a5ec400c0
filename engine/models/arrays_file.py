"""Models that are arrays of numbers: an .npz file, stored plainly, which can hold nothing that runs."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.errors import RepairDataError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

UNTRUSTED = "Do not use it: it is not what quantdeck writes"


def dump(arrays: dict[str, NDArray[Any]]) -> bytes:
    """The arrays as the bytes of a file, the same bytes for the same arrays."""
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def load(name: str, content: bytes, made: Callable[[dict[str, NDArray[Any]]], Any]) -> Any:
    """What is made of the arrays in the bytes of a file of that name.

    Raises RepairDataError for other than whole arrays of numbers, and where `made` raises ValueError.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            sizes = {entry.filename: entry.file_size for entry in archive.infolist()}
            if any(entry.compress_type != zipfile.ZIP_STORED for entry in archive.infolist()):
                raise ValueError("is compressed: it may grow large")  # noqa: TRY301
            arrays = {each.removesuffix(".npy"): array_of(archive.read(each), sizes[each]) for each in sizes}
        return made(arrays)
    except (ValueError, KeyError, OSError, EOFError, zipfile.BadZipFile, NotImplementedError) as error:
        raise RepairDataError(name, f"holds no such model ({error})", UNTRUSTED) from None


def array_of(content: bytes, size: int) -> NDArray[Any]:
    """One array of numbers. Raises ValueError, before room is made for it, for one larger than its file."""
    stream = io.BytesIO(content)
    major, _ = np.lib.format.read_magic(stream)
    read = np.lib.format.read_array_header_1_0 if major == 1 else np.lib.format.read_array_header_2_0
    shape, _, kind = read(stream)
    if kind.kind not in "iuf" or kind.names or kind.subdtype:
        raise ValueError(f"an array of {kind}, not of numbers")
    count = 1
    for side in shape:
        count *= side
    if count * kind.itemsize > size:
        raise ValueError("an array larger than the file")
    stream.seek(0)
    array: NDArray[Any] = np.lib.format.read_array(stream, allow_pickle=False)
    return array


def need(arrays: dict[str, NDArray[Any]], shapes: dict[str, tuple[type[np.generic], int]]) -> None:
    """Refuse arrays other than those named, each of its dtype and number of axes, and numbers not finite.

    Raises ValueError.
    """
    if arrays.keys() != shapes.keys():
        raise ValueError(f"arrays {', '.join(sorted(arrays))}")
    for name, (dtype, axes) in shapes.items():
        array = arrays[name]
        if array.dtype != np.dtype(dtype) or array.ndim != axes or not np.isfinite(array).all():
            raise ValueError(f"{name} is {array.dtype} with {array.ndim} axes, or not finite")
