"""The pages that are made from the code say what the code says. `python -m tests.test_docs` writes them."""

from pathlib import Path

from engine.settings import Settings, allowed_values, field_of

DOCS = Path(__file__).parents[1] / "docs"


HEAD = """# Settings

One TOML file, `quantdeck.toml`, a table for each group; `quantdeck init` writes one with comments. Any
setting can be given on the command line as well: `-s group.key=value`, as often as needed. All faults are
told at once, each with its key, its value and what is allowed.
"""


def settings_page():
    """A table for each group of settings."""
    lines = [HEAD]
    for group, table in Settings():
        head = ["| key | default | allowed | what it is |", "|---|---|---|---|"]
        lines += [f"## {group}", "", table.__doc__, "", *head]
        for name, value in table:
            key = f"{group}.{name}"
            lines.append(
                f"| `{key}` | {shown(value)} | {allowed_values(key)} | {field_of(key).description} |"
            )
        lines.append("")
    return "\n".join(lines[:-1]) + "\n"


def shown(value):
    """A default as somebody would write it."""
    if isinstance(value, tuple):
        value = ", ".join(map(str, value))
    return f"`{str(value).lower() if isinstance(value, bool) else value}`" if value != "" else "(empty)"


def test_the_settings_page_is_the_settings():
    assert (DOCS / "settings.md").read_text() == settings_page()


if __name__ == "__main__":
    (DOCS / "settings.md").write_text(settings_page())
