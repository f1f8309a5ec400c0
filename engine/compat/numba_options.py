"""numba's switch for its reference counts, whose name is private."""

UNCOUNTED = {"_nrt": False}
"""No references to arrays are counted: they must be the caller's, and none can be made."""
