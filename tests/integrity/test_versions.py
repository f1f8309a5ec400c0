"""Files that another version wrote are refused by the manifest, before anything reads them."""

import json

import pytest

from engine.errors import RepairDataError
from engine.runs import manifest, signature


def written_by(run, name, library, version):
    stored = json.loads(run.manifest_path.read_bytes())
    stored["files"][name]["needs"][library] = version
    run.manifest_path.write_text(json.dumps(signature.signed(stored, run.path)))


@pytest.mark.parametrize(
    ("name", "library"),
    [("model.keras", "keras"), ("scaler.joblib", "scikit-learn"), ("metadata.joblib", "joblib")],
)
def test_another_minor_version_is_refused_with_its_number(run, name, library):
    own = json.loads(run.manifest_path.read_bytes())["files"][name]["needs"][library]
    major, minor, *_ = own.split(".")
    written_by(run, name, library, f"{major}.{minor}.99")
    assert manifest.verify(run.path) == []
    written_by(run, name, library, f"{major}.{int(minor) + 1}.0")
    with pytest.raises(
        RepairDataError, match=rf"written by {library} {major}.{int(minor) + 1}.0, .* {own}"
    ) as refused:
        manifest.read_checked(run.path, name)
    assert "Install" in refused.value.remedy
    assert [problem.key for problem in manifest.verify(run.path)] == [name]
