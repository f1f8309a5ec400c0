"""An import of a text, and what the store holds after it."""

import pytest

from engine.data.importing.files import import_file
from engine.data.importing.hints import Hints
from engine.data.store import Store
from tests.importing.test_random_files import NOW


@pytest.fixture
def read(tmp_path):
    """What the store holds after an import of lines, a text or a JSON document; notes and report."""

    def of(content, **hints):
        store, path = Store(tmp_path / "store"), tmp_path / "a.csv"
        text = content if isinstance(content, str | bytes) else "\n".join(content) + "\n"
        path.write_bytes(content if isinstance(content, bytes) else text.encode())
        report = import_file(path, store, "a", now_ms=NOW, hints=Hints(**hints))
        notes = {note.code: dict(note.values) for note in report.notes}
        assert all(note.text for note in report.notes)
        return store.read("a").frame, notes, report

    return of
