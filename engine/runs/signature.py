"""What lets an edited manifest be seen: a hash over it, and a signature by the user's key if there is one.

The hash finds damage. The signature (HMAC-SHA256) also finds what somebody edited who could compute the hash
anew: with a key, a manifest without its signature is refused.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import stat
from pathlib import Path
from typing import Any

from engine.errors import RepairDataError
from engine.hints import run_hint

KEY_FILE = "QUANTDECK_KEY_FILE"
KEY_NAME = "key"
FEWEST_KEY_BYTES, MOST_KEY_BYTES = 32, 4096
HASH, SIGNATURE = "check", "signature"
EARLIER_KEY = "seal"  # of the signature, in the files of version 0.1


def signed(manifest: dict[str, Any], folder: Path) -> dict[str, Any]:
    """The manifest with `check`, its SHA-256, and `signature`, its HMAC; empty where there is no key.

    Raises RepairDataError when there is a key that others can read.
    """
    content, key = content_of(manifest), key_of(folder)
    return manifest | {
        HASH: hashlib.sha256(content).hexdigest(),
        SIGNATURE: hmac.digest(key, content, "sha256").hex() if key else "",
    }


def refuse_broken(manifest: dict[str, Any], folder: Path, path: Path) -> None:
    """Raise RepairDataError unless the manifest is as it was written, and by a holder of the key if there is
    one.

    A manifest that was signed elsewhere is read by its hash where there is no key.
    """
    refuse_changed(manifest, path)
    if not key_of(folder) or is_signed(manifest, folder):
        return
    fault = "is signed with another key, or was edited" if signature_of(manifest) else "is not signed"
    raise RepairDataError(
        str(path), f"{fault}, and this home has a key",
        f"If you trust its files: {run_hint(folder.resolve(), 'runs sign RUN')}",
    )  # fmt: skip


def refuse_changed(manifest: dict[str, Any], path: Path) -> None:
    """Raise RepairDataError unless the manifest's own hash holds."""
    if not same(manifest.get(HASH), hashlib.sha256(content_of(manifest)).hexdigest()):
        raise RepairDataError(str(path), "is changed: its own SHA-256 is another", "Restore it from a copy")


def is_signed(manifest: dict[str, Any], folder: Path) -> bool:
    """Whether the key for a folder has signed the manifest; never where there is no key."""
    key = key_of(folder)
    return bool(key) and same(signature_of(manifest), hmac.digest(key, content_of(manifest), "sha256").hex())


def signature_of(manifest: dict[str, Any]) -> Any:
    """The signature that a manifest bears, be it the right one or not; nothing if it bears none."""
    return manifest.get(SIGNATURE) or manifest.get(EARLIER_KEY)


def content_of(manifest: dict[str, Any]) -> bytes:
    """What is hashed and signed of a manifest: all but hash and signature."""
    rest = {name: value for name, value in manifest.items() if name not in {HASH, SIGNATURE, EARLIER_KEY}}
    return json.dumps(rest, sort_keys=True, separators=(",", ":")).encode()


def same(given: Any, wanted: str) -> bool:
    """Whether two hashes are equal, in a time that tells nothing of where they differ."""
    return isinstance(given, str) and hmac.compare_digest(given.encode(), wanted.encode())


def key_path(home: Path) -> Path:
    """Where the key for a home lies, if there is one: what QUANTDECK_KEY_FILE names, or `key` in the home."""
    named = os.environ.get(KEY_FILE, "")
    return Path(named) if named else home / KEY_NAME


def key_of(folder: Path) -> bytes:
    """The key for a run's folder: the file that QUANTDECK_KEY_FILE names, or `key` in the home; b"" if none.

    Raises RepairDataError when a file is named but missing, when others than its owner can read it (it must
    be
    0600 or stricter), or when it is too short for a key.
    """
    path = key_path(folder.resolve().parent.parent)
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        if not os.environ.get(KEY_FILE):
            return b""
        raise RepairDataError(str(path), "is missing", f"Correct or unset {KEY_FILE}") from None
    except OSError as error:
        raise RepairDataError(str(path), f"cannot be opened: {error.strerror}", "Allow reading it") from None
    with os.fdopen(handle, "rb") as file:
        facts = os.fstat(handle)
        if not stat.S_ISREG(facts.st_mode):
            raise RepairDataError(str(path), "is no regular file", "Name a file that holds the key")
        if facts.st_mode & 0o077 or facts.st_uid not in {os.geteuid(), 0}:
            raise RepairDataError(str(path), "can be read by others than you", f"chmod 600 {path}")
        key = file.read(MOST_KEY_BYTES)
    if len(key) < FEWEST_KEY_BYTES:
        raise RepairDataError(
            str(path), f"holds {len(key)} bytes, too few for a key", f"Write {FEWEST_KEY_BYTES} random bytes"
        )
    return key
