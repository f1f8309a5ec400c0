"""Arrays that begin where JAX wants them, so that it reads them in place instead of copying them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

ALIGNMENT = 64  # bytes


def empty(shape: tuple[int, ...], dtype: type[np.generic] = np.float32) -> NDArray[Any]:
    """An array of that shape, its first byte at a multiple of ALIGNMENT, its values not yet set."""
    size = int(np.prod(shape, dtype=np.int64)) * np.dtype(dtype).itemsize
    room = np.empty(size + ALIGNMENT, np.uint8)
    first = -room.ctypes.data % ALIGNMENT
    return room[first : first + size].view(dtype).reshape(shape)


def is_aligned(values: NDArray[Any]) -> bool:
    """Whether the values lie one after the other and begin at a multiple of ALIGNMENT."""
    return values.ctypes.data % ALIGNMENT == 0 and values.flags.c_contiguous
