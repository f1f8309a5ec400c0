"""The earlier address of what own features import; see `engine.features`."""
