"""Stands in front of the real engine on PYTHONPATH: the run room and all else are the real ones, only
`python -m engine` is the page beside this one, quick and told what shall happen."""

from pathlib import Path

__path__.append(str(Path(__file__).parents[4] / "engine"))
