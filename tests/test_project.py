"""What stands around the code: licence, types for others, the workflow that runs the README's commands."""

import re
import tomllib
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]
WORKFLOW = ROOT / ".github" / "workflows" / "ci.yml"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def jobs():
    return yaml.safe_load(WORKFLOW.read_text())["jobs"]


def ran(job):
    return [step["run"] for step in job["steps"] if "run" in step]


def test_the_workflow_runs_the_readmes_two_commands_on_every_python():
    section = (ROOT / "README.md").read_text().partition("## Two commands")[2]
    two = re.search(r"^```sh\n(.*?)^```", section, re.DOTALL | re.MULTILINE)[1].splitlines()
    assert [line.split()[0] for line in two] == ["make", "make"]
    linux = jobs()["linux"]
    assert [line for line in ran(linux) if line.startswith("make")] == two
    assert linux["strategy"]["matrix"]["python"] == ["3.11", "3.12", "3.13", "3.14"]
    assert PROJECT["project"]["requires-python"] == ">=3.11"
    assert {line for line in ran(jobs()["macos"]) if line.startswith("make")} <= set(two)


def test_the_workflow_needs_no_secret_and_no_tool_that_can_be_swapped():
    text = WORKFLOW.read_text()
    assert "secrets" not in text
    assert yaml.safe_load(text)["permissions"] == {"contents": "read"}
    used = [step["uses"] for job in jobs().values() for step in job["steps"] if "uses" in step]
    assert used
    assert [name for name in used if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", name)] == []


def test_the_licence_is_the_one_that_the_project_names():
    assert PROJECT["project"]["license"] == "MIT"
    for name in PROJECT["project"]["license-files"]:
        text = (ROOT / name).read_text()
        assert text.startswith("MIT License")
        assert PROJECT["project"]["authors"][0]["name"] in text


def test_both_packages_say_that_they_are_typed():
    for package, files in PROJECT["tool"]["setuptools"]["package-data"].items():
        assert "py.typed" in files
        assert (ROOT / package / "py.typed").is_file()


def test_the_changelog_tells_of_the_version_that_is_being_made():
    versions = re.findall(r"^## \[(\d+\.\d+\.\d+)\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert versions
    assert PROJECT["project"]["version"] in versions
