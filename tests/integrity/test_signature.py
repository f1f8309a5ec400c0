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
    hashes = signature.signed(stored, path.parent.parent / "nowhere" / "runs" / run.id)
    path.write_text(json.dumps(hashes | {"signature": stored["signature"]}))


def test_without_a_key_an_able_forger_is_not_seen_and_with_one_he_is(run, key):
    hidden = key.rename(key.with_name("elsewhere"))
    forged(run, "{}")
    assert manifest.verify(run.path) == []
    hidden.rename(key)
    assert "is not signed" in manifest.verify(run.path)[0].reason
    manifest.sign_anew(run.path)
    assert manifest.verify(run.path) == []
    run.result_path.write_text("[]")
    assert manifest.verify(run.path)[0].key == "result.json"
    forged(run, "[]")
    assert "signed with another key, or was edited" in manifest.verify(run.path)[0].reason
    with pytest.raises(RepairDataError, match="runs sign"):
        manifest.read_checked(run.path, "model.keras")


def test_what_is_not_as_the_manifest_says_is_not_signed(run, key):
    run.result_path.write_text("{}")
    with pytest.raises(RepairDataError, match=r"result\.json"):
        manifest.sign_anew(run.path)


@pytest.mark.parametrize(
    ("mode", "content", "reason"), [(0o644, b"k" * 32, "by others"), (0o600, b"k", "too few")]
)
def test_a_key_that_is_none_is_refused(run, key, mode, content, reason):
    key.write_bytes(content)
    key.chmod(mode)
    assert reason in manifest.verify(run.path)[0].reason


def test_the_key_may_lie_elsewhere_but_must_lie_there(run, key, tmp_path, monkeypatch):
    other = tmp_path / "other"
    monkeypatch.setenv(signature.KEY_FILE, str(other))
    assert "is missing" in manifest.verify(run.path)[0].reason
    key.rename(other)
    manifest.sign_anew(run.path)
    assert manifest.verify(run.path) == []
    monkeypatch.delenv(signature.KEY_FILE)
    assert manifest.verify(run.path) == []  # no key here: the hashes are all there is


def test_a_signature_of_version_0_1_holds(run, key):
    manifest.sign_anew(run.path)
    stored = json.loads(run.manifest_path.read_bytes())
    stored[signature.EARLIER_KEY] = stored.pop(signature.SIGNATURE)
    run.manifest_path.write_text(json.dumps(stored))
    assert manifest.verify(run.path) == []
    key.write_bytes(b"l" * 32)
    assert "signed with another key" in manifest.verify(run.path)[0].reason
