"""The key: with one, an edited manifest is seen even if its hashes were computed anew."""

import json

import pytest

from engine.errors import RepairDataError
from engine.runs import manifest, signature


@pytest.fixture
def key(home):
    path = home.path / signature.KEY_NAME
    path.write_bytes(b"k" * 32)
    path.chmod(0o600)
    return path


def forged(run, result):
    """Another result, with a manifest as anybody can write it who knows how."""
    run.result_path.write_text(result)
    path = run.manifest_path
    stored = json.loads(path.read_bytes())
    stored["files"]["result.json"] = manifest.entry_of(run.path, "result.json").to_json()
    hashes = signature.sealed(stored, path.parent.parent / "nowhere" / "runs" / run.id)
    path.write_text(json.dumps(hashes | {"seal": stored["seal"]}))


def test_without_a_key_an_able_forger_is_not_seen_and_with_one_he_is(run, key):
    hidden = key.rename(key.with_name("elsewhere"))
    forged(run, "{}")
    assert manifest.verify(run.path) == []
    hidden.rename(key)
    assert "bears no seal" in manifest.verify(run.path)[0].reason
    manifest.seal_anew(run.path)
    assert manifest.verify(run.path) == []
    run.result_path.write_text("[]")
    assert manifest.verify(run.path)[0].key == "result.json"
    forged(run, "[]")
    assert "sealed with another key, or was edited" in manifest.verify(run.path)[0].reason
    with pytest.raises(RepairDataError, match="runs seal"):
        manifest.read_checked(run.path, "model.keras")


def test_what_is_not_as_the_manifest_says_is_not_sealed(run, key):
    run.result_path.write_text("{}")
    with pytest.raises(RepairDataError, match=r"result\.json"):
        manifest.seal_anew(run.path)


@pytest.mark.parametrize(
    ("mode", "content", "told"), [(0o644, b"k" * 32, "by others"), (0o600, b"k", "too few")]
)
def test_a_key_that_is_none_is_refused(run, key, mode, content, told):
    key.write_bytes(content)
    key.chmod(mode)
    assert told in manifest.verify(run.path)[0].reason


def test_the_key_may_lie_elsewhere_but_must_lie_there(run, key, tmp_path, monkeypatch):
    other = tmp_path / "other"
    monkeypatch.setenv(signature.KEY_FILE, str(other))
    assert "is missing" in manifest.verify(run.path)[0].reason
    key.rename(other)
    manifest.seal_anew(run.path)
    assert manifest.verify(run.path) == []
    monkeypatch.delenv(signature.KEY_FILE)
    assert manifest.verify(run.path) == []  # no key here: the hashes are all there is
