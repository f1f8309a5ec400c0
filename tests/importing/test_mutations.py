"""Files and settings with bytes changed at random are taken, or refused with a reason."""

from tests.importing.mutations import imports, readings


def test_a_mutated_file_is_taken_or_refused_and_what_was_stored_stays(tmp_path):
    assert imports(range(42), tmp_path).wrong == {}


def test_a_mutated_settings_file_is_taken_or_refused(tmp_path):
    assert readings(range(40), tmp_path).wrong == {}
