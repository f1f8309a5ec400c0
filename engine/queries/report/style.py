"""How the report and charts look: light or dark as the browser wishes, figures under each other."""

import re

LIGHT = {
    "ink": "#1c1f24", "quiet": "#6b7280", "rule": "#d9dce1", "page": "#fff", "accent": "#006d75",
    "gain": "#11702c", "loss": "#b3261e", "third": "#8a5a00", "fourth": "#6a3fb5",
}  # fmt: skip
DARK = {
    "ink": "#d7dae0", "quiet": "#8b93a1", "rule": "#2e333c", "page": "#101216", "accent": "#5fd7d7",
    "gain": "#5fd787", "loss": "#ff6b6b", "third": "#ffd75f", "fourth": "#c792ea",
}  # fmt: skip
CHART = """
text { fill: var(--quiet); font-size: 12px; font-family: system-ui, "DejaVu Sans", Arial, sans-serif; }
.grid { stroke: var(--rule); fill: none; }
rect.shaded { fill: var(--rule); }
polyline { fill: none; stroke-width: 1.5; }
polyline.strategy { stroke: var(--accent); }
polyline.benchmark { stroke: var(--quiet); stroke-dasharray: 4 3; }
polyline.trace { stroke: var(--quiet); stroke-width: 1; stroke-dasharray: 1 2; }
polyline.run1 { stroke: var(--accent); }
polyline.run2 { stroke: var(--third); stroke-dasharray: 6 3; }
polyline.run3 { stroke: var(--gain); stroke-dasharray: 2 2; }
polyline.run4 { stroke: var(--loss); stroke-dasharray: 8 3 2 3; }
polyline.run5 { stroke: var(--fourth); stroke-dasharray: 12 4; }
path.up, rect.up { stroke: var(--gain); fill: var(--page); }
path.down, rect.down { stroke: var(--loss); fill: var(--loss); }
rect.column { fill: var(--quiet); }
path.long { stroke: var(--gain); fill: var(--gain); }
path.short { stroke: var(--loss); fill: var(--loss); }
path.exit { fill: var(--page); }
path.best { stroke: var(--gain); stroke-dasharray: 3 3; }
"""


def variables(colours: dict[str, str]) -> str:
    """Colours as CSS variables."""
    return " ".join(f"--{name}: {colour};" for name, colour in colours.items())


def with_colours(style: str) -> str:
    """The style with the light colours in it, for readers of SVG that know no variables."""
    return re.sub(r"var\(--(\w+)\)", lambda found: LIGHT[found[1]], style)


STYLE = f"""
:root {{ color-scheme: light dark; {variables(LIGHT)} }}
@media (prefers-color-scheme: dark) {{ :root {{ {variables(DARK)} }} }}
body {{
  max-width: 60rem; margin: 2rem auto; padding: 0 1rem; background: var(--page); color: var(--ink);
  font: 15px/1.5 system-ui, sans-serif;
}}
h1 {{ font-size: 1.5rem; }}
h2 {{ font-size: 1.05rem; margin: 2rem 0 .5rem; }}
.wide {{ overflow-x: auto; }}
table {{ border-collapse: collapse; font-variant-numeric: tabular-nums; }}
td, th {{
  padding: .15rem .7rem; text-align: right; font-weight: normal; white-space: nowrap;
  border-bottom: 1px solid var(--rule);
}}
th {{ color: var(--quiet); }}
th:first-child {{ text-align: left; padding-left: 0; }}
.gain {{ color: var(--gain); }}
.loss {{ color: var(--loss); }}
.banner {{ border: 1px solid var(--loss); color: var(--loss); padding: .4rem .8rem; font-weight: 600; }}
svg {{ width: 100%; height: auto; }}
.key .strategy {{ color: var(--accent); }}
.key .benchmark {{ color: var(--quiet); }}
.key .shaded {{ color: var(--rule); }}
{CHART}"""
