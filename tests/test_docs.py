"""The pages that are made from the code say what the code says. `python -m tests.test_docs` writes them."""

from pathlib import Path

from engine.settings import Settings, allowed_values, field_of

DOCS = Path(__file__).parents[1] / "docs"


def settings_page():
    lines = [
        "# Settings",
        "",
        "One TOML file, `quantdeck.toml`, a table for each group; `quantdeck init` writes one with comments. Any",
        "setting can be given on the command line as well: `-s group.key=value`, as often as needed. All faults are",
        "told at once, each with its key, its value and what is allowed.",
    ]
    for group, table in Settings():
        lines += [
            "",
            f"## {group}",
            "",
            table.__doc__,
            "",
            "| key | default | allowed | what it is |",
            "|---|---|---|---|",
        ]
        for name, value in table:
            key = f"{group}.{name}"
            shown = (
                ", ".join(map(str, value))
                if isinstance(value, tuple)
                else str(value).lower()
                if isinstance(value, bool)
                else value
            )
            lines.append(
                f"| `{key}` | {f'`{shown}`' if shown != '' else '(empty)'} | {allowed_values(key)} | {field_of(key).description} |"
            )
    return "\n".join(lines) + "\n"


def test_the_settings_page_is_the_settings():
    assert (DOCS / "settings.md").read_text() == settings_page()


if __name__ == "__main__":
    (DOCS / "settings.md").write_text(settings_page())
