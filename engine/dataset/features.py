"""Where `feature` was found in version 0.1: files of own features that were written then go on to work."""

from engine.features import feature

__all__ = ["feature"]
