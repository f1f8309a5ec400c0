"""Crafted files: refused with a reason, executed never, whatever their manifest says."""

import pytest

from engine.models.training import backend
from engine.settings import Training


@pytest.fixture(scope="module")
def tricks():
    backend.prepare(Training(devices=1))
    from soak import crafted

    return crafted


@pytest.fixture(scope="module")
def folder(tricks, tmp_path_factory):
    return tricks.honest(tmp_path_factory.mktemp("home") / tricks.RUN)


def test_every_crafted_file_is_refused_with_its_reason_and_runs_nothing(tricks, folder, tmp_path):
    mark = tmp_path / "executed"
    assert tricks.opened(folder).metadata.run == tricks.RUN
    found = [
        (name, tricks.attempt(folder, file, crafted)) for file, name, crafted in tricks.cases(folder, mark)
    ]
    assert len(found) >= 50
    assert [name for name, reason in found if not reason] == []
    assert [name for name, reason in found if "cannot be read" in reason] == []
    assert not mark.exists()
    assert tricks.opened(folder).metadata.run == tricks.RUN
