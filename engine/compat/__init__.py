"""Private names of libraries, each behind a name of ours.

Each module has a test in tests/compat that fails when the library changes; pyproject bounds its version.
"""
