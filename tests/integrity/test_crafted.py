"""Crafted files: refused with a reason, executed never, whatever their manifest says."""

import pytest

from engine.errors import RepairDataError
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


def test_a_file_that_says_it_is_of_the_users_own_kind_may_run_no_more(tricks, folder, tmp_path):
    from engine.models import keras_file, own

    mark = tmp_path / "executed"
    honest = (folder / "model.keras").read_bytes()
    assert keras_file.load(honest, own.OWN).count_params() > 0
    for craft in tricks.KERAS.values():
        with pytest.raises(RepairDataError, match=r"model\.keras"):
            keras_file.load(craft(honest, mark), own.OWN)
    assert not mark.exists()
