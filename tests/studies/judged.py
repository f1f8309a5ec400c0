"""What the probe says of a file of own features."""

from typing import NamedTuple

from engine.data.importing.features_file import load_features
from engine.studies.leak_audit import probe
from engine.studies.leak_audit.history import recorded
from engine.studies.leak_audit.isolation import Isolated
from engine.studies.leak_audit.replay import Replay
from engine.studies.leak_audit.stages import ordinary
from tests.studies.markets import END_MS, filled_store, linear, settings_of


class Found(NamedTuple):
    """What an audit of a file of features says of them; unsteady ones are no leaks."""

    leaks: set[str]
    rounding: set[str]
    outside: list[str]
    unsteady: set[str]
    unjudged: set[str]


def isolated_of(path, servers):
    """The features of a file, in forks of servers that are there."""
    made = Isolated(path, processes=1)
    made.forks, made.import_ahead = servers, lambda _: None
    return made


def judged(folder, path, isolated, gaps=()):
    """What the probe says of the features of a file on a simulated market that is kept in the folder."""
    own = load_features(path)
    names = [each.name for each in own]
    settings = settings_of(f"features.names={','.join(('return_1', *names))}")
    history = recorded(settings, filled_store(folder, settings, gaps), END_MS)
    found = probe.probe(Replay(ordinary(settings, own, linear, isolated), history), names)
    unsteady = {each.column for each in isolated.unsteady}
    return Found(
        {each.column for each in found.leaks} - unsteady,
        {each.column for each in found.rounding},
        list(isolated.outside),
        unsteady,
        set(found.unjudged),
    )
