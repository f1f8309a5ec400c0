"""Trainings side by side: results as they come, errors, stops, workers that die."""

import contextlib
import json
import os
import signal
import subprocess
import sys
from multiprocessing import active_children
from pathlib import Path

import pytest

from engine.errors import ChangeSettingsError, MakeRoomError, StopRequestedError
from engine.runs.launch import wait
from engine.runs.log_entries import LogNote, StageChange
from engine.runs.state import state_of
from engine.settings import Parallel
from engine.studies.workers import results
from engine.variables import OWN, own
from tests.studies.engines import TINY, followed, home_with_market, result_of
from tests.studies.markets import settings_of
from tests.studies.tasks import deadly, endless, refusing, squared
from tests.tui.app.terminals import until

ROOT = Path(__file__).parents[2]
HERE = Parallel(workers=2)


def silent(event):
    return None


def test_every_result_comes_once():
    found = dict(results(squared, [(number,) for number in range(7)], HERE, silent))
    assert found == {number: number**2 for number in range(7)}
    assert list(results(squared, [], HERE, silent)) == []


def test_an_error_in_a_worker_comes_back():
    with pytest.raises(ValueError, match="no 1"):
        list(results(refusing, [(1,)], HERE, silent))
    assert dict(results(squared, [(3,)], HERE, silent)) == {3: 9}


@pytest.mark.parametrize("alive", [1, 2, 6])
def test_a_stop_ends_the_workers_with_most_tasks_still_waiting(alive):
    others, seen = set(active_children()), []

    def stop(event):
        seen.append(event)
        if len(seen) == alive:
            raise StopRequestedError("run", "asked")

    with pytest.raises(StopRequestedError):
        list(results(endless, [(number,) for number in range(20)], HERE, stop))
    assert set(active_children()) == others


def test_a_worker_that_is_killed_is_told_of(tmp_path):
    with pytest.raises(MakeRoomError, match="a worker was killed"):
        list(results(deadly, [(number, str(tmp_path)) for number in range(4)], HERE, silent))


ORDERING = """
from engine.studies.workers import results
from engine.settings import Parallel
from tests.studies.tasks import endless

print("ready", flush=True)
list(results(endless, [(number,) for number in range(4)], Parallel(workers=2), lambda event: None))
"""

FORKING = """
from concurrent.futures import ThreadPoolExecutor
from engine.studies.leak_audit.forks import ForkServers
from tests.studies.tasks import endless

servers = ForkServers([], 2)
servers.start()
print("ready", flush=True)
with ThreadPoolExecutor(2) as threads:
    list(threads.map(servers.call, [endless] * 2))
"""


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are looked up in /proc")
@pytest.mark.parametrize(("script", "processes"), [(ORDERING, 3), (FORKING, 3), (FORKING, 5), (FORKING, 6)])
def test_workers_whose_engine_is_killed_end_too(tmp_path, script, processes):
    engine = subprocess.Popen(
        [sys.executable, "-c", script], cwd=ROOT, start_new_session=True, stdout=subprocess.PIPE,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )  # fmt: skip
    assert engine.stdout.readline() == b"ready\n"
    until(lambda: len(members(engine.pid)) >= processes, "the workers")
    engine.kill()
    engine.communicate()
    until(lambda: not members(engine.pid), "the end of the workers")
    assert list(tmp_path.glob("quantdeck-*")) == []


def members(group):
    """The processes of a group that are no zombies."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, _, pgrp, *_ = stat.read_text().rpartition(")")[2].split()
            if int(pgrp) == group and state != "Z":
                found.append(int(stat.parent.name))
    return found


@pytest.mark.parametrize("name", ["dask", "ray"])
def test_a_cluster_that_is_not_there_is_refused_in_words(name):
    with pytest.raises(ChangeSettingsError):
        list(results(squared, [(1,)], Parallel(backend=name), silent))


@pytest.fixture(scope="module", autouse=True)
def environment():
    """Clusters leave variables in this process, which later engines would tell of."""
    before = set(os.environ)
    yield
    for name in set(os.environ) - before - own(os.environ) - {OWN}:
        del os.environ[name]


@pytest.fixture(scope="module")
def cluster():
    distributed = pytest.importorskip("distributed", reason="needs quantdeck[dask]")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, host="127.0.0.1"
    ) as made:
        yield made


@pytest.mark.filterwarnings("default")
def test_a_task_whose_worker_is_killed_is_done_by_another(cluster, tmp_path):
    over = Parallel(backend="dask", address=cluster.scheduler_address)
    found = dict(results(deadly, [(number, str(tmp_path)) for number in range(4)], over, silent))
    assert sorted(found) == [0, 1, 2, 3]
    assert (tmp_path / "died").exists()


@pytest.mark.long
@pytest.mark.filterwarnings("default")
def test_a_walk_forward_on_a_cluster_that_loses_a_worker_equals_one_of_this_machine(cluster, tmp_path):
    home = home_with_market(tmp_path)
    chosen = (*TINY, "walk_forward.folds=3", "model.dropout=0.2", "model.units=[4,3]", "model.members=1")
    here = followed(home.create("walkforward", settings_of(*chosen, "parallel.workers=1")))
    address = f"parallel.address={cluster.scheduler_address}"
    run = home.create("walkforward", settings_of(*chosen, "parallel.backend=dask", address))
    killed = []

    def first_fold_is_done(entry):
        if isinstance(entry, LogNote) and entry.values.get("done") == 1:
            killed.append(next(iter(cluster.workers.values())).pid)
            os.kill(killed[0], signal.SIGKILL)
        return False

    document, wanted = result_of(followed(run, until=first_fold_is_done)), result_of(here)
    assert len(killed) == 1
    assert document["folds"] == wanted["folds"]
    assert document["metrics"] == wanted["metrics"]
    for name in ("trades.csv", "equity.parquet", "predictions.parquet"):
        assert (run.path / name).read_bytes() == (here.path / name).read_bytes(), name


@pytest.fixture(scope="module")
def ray_cluster():
    pytest.importorskip("ray", reason="needs quantdeck[ray]")
    from ray.cluster_utils import Cluster

    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 2, "include_dashboard": False})
    yield made
    made.shutdown()


@pytest.mark.filterwarnings("default")
def test_ray_gives_out_again_what_a_dying_worker_took_along(ray_cluster, tmp_path):
    over = Parallel(backend="ray", address=ray_cluster.address)
    found = dict(results(deadly, [(number, str(tmp_path)) for number in range(4)], over, silent))
    assert sorted(found) == [0, 1, 2, 3]
    assert (tmp_path / "died").exists()
    with pytest.raises(ValueError, match="no 1"):
        list(results(refusing, [(1,)], over, silent))


def test_a_run_that_is_stopped_stops_its_folds(tmp_path):
    home = home_with_market(tmp_path)
    run = home.create(
        "walkforward",
        settings_of(*TINY, "walk_forward.folds=3", "training.epochs=100000", "training.patience=100000"),
    )
    followed(run, until=lambda entry: isinstance(entry, StageChange) and entry.stage == "fit")
    events = [json.loads(line) for line in run.events_path.read_text().splitlines()]
    os.kill(next(event["pid"] for event in events if event["kind"] == "started"), signal.SIGTERM)
    assert wait(run, 250)
    assert state_of(run).status == "stopped"
