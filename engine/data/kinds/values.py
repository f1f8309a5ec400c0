"""Values by their stamp, from files: an index, a score, anything that the user brings along."""

from engine.data.kinds.kind import Kind

VALUES = Kind(
    "values", "values", "values with their stamps, from a file", file_columns=("value", "obs_value")
)
