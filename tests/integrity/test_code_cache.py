"""Compiled code from an earlier process: run only if it is what was written."""

import json
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import code_cache
from engine.runs.home import Home
from soak.caches import damage, outcome

NAMES = ("a.nbi", "a.1.nbc", "deep/b.nbi", "deep/b.1.nbc")


@given(st.lists(st.tuples(st.sampled_from(NAMES), st.integers(0, 2**32)), max_size=4), st.booleans())
def test_what_is_not_as_it_was_noted_is_dropped_and_nothing_else(tmp_path_factory, damages, stranger):
    folder = tmp_path_factory.mktemp("cache")
    for name in NAMES:
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(name.encode() * 50)
    (folder / "of_others.txt").write_text("stays")
    code_cache.note(folder, "*.nb?")
    for name, seed in damages:
        if (folder / name).stat().st_size:
            damage(folder / name, random.Random(seed))
    changed = {name for name in NAMES if (folder / name).read_bytes() != name.encode() * 50}
    if stranger:
        (folder / "new.nbc").write_bytes(b"never noted")
    assert code_cache.drop_changed(folder, "*.nb?") == len(changed) + stranger
    assert {name for name in NAMES if (folder / name).exists()} == set(NAMES) - changed
    assert (folder / "of_others.txt").read_text() == "stays"


@pytest.mark.parametrize("notes", ["", "[]", "{", "[" * 100_000, json.dumps(dict.fromkeys(NAMES, 1))])
def test_broken_notes_vouch_for_nothing(tmp_path, notes):
    (tmp_path / "a.nbi").write_bytes(b"x")
    (tmp_path / code_cache.DIGESTS).write_text(notes)
    assert code_cache.drop_changed(tmp_path, "*.nb?") == 1


def test_a_folder_of_the_users_own_is_shared_with_others_and_stays_theirs(tmp_path, monkeypatch):
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    (tmp_path / "of_others.nbc").write_bytes(b"x")
    own = Path("quantdeck", "numba")
    folder = code_cache.cache_of("NUMBA_CACHE_DIR", own)
    assert folder == tmp_path / own
    assert code_cache.cache_of("NUMBA_CACHE_DIR", own) == folder  # as a child of the process finds it
    code_cache.use(folder, "*.nb?")
    assert (tmp_path / "of_others.nbc").exists()
    assert folder.stat().st_mode & 0o077 == 0


@pytest.mark.long
def test_a_run_over_damaged_caches_comes_to_the_same_and_says_what_it_dropped(tmp_path, monkeypatch):
    cache, home = tmp_path / "cache", Home(tmp_path / "home")
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    wanted, said = outcome(home)
    assert "dropped" not in said
    kept = [path for path in cache.rglob("*") if path.is_file() and path.suffix not in {".json", ".lock"}]
    assert {"jax", "numba", "traced"} <= {path.relative_to(cache).parts[1] for path in kept}
    for path in kept:
        path.write_bytes(path.read_bytes()[:400] if path.suffix == ".nbc" else path.read_bytes()[:40])
    found, said = outcome(home)
    assert found == wanted
    assert "dropped" in said
    folders = {cache / "quantdeck" / "numba": "*.nb?", cache / "quantdeck" / "jax": "*-cache"}
    assert all(folder.is_dir() for folder in folders)
    assert not any(code_cache.drop_changed(*each) for each in folders.items())  # all is written anew
