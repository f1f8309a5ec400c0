"""How the report looks: light or dark as the browser wishes, figures under each other."""

STYLE = """
:root {
  color-scheme: light dark; --ink: #1c1f24; --quiet: #6b7280; --rule: #d9dce1; --page: #fff;
  --accent: #006d75; --gain: #11702c; --loss: #b3261e;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ink: #d7dae0; --quiet: #8b93a1; --rule: #2e333c; --page: #101216;
    --accent: #5fd7d7; --gain: #5fd787; --loss: #ff6b6b;
  }
}
body {
  max-width: 60rem; margin: 2rem auto; padding: 0 1rem; background: var(--page); color: var(--ink);
  font: 15px/1.5 system-ui, sans-serif;
}
h1 { font-size: 1.5rem; }
h2 { font-size: 1.05rem; margin: 2rem 0 .5rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
td, th {
  padding: .15rem .7rem; text-align: right; font-weight: normal; white-space: nowrap;
  border-bottom: 1px solid var(--rule);
}
th { color: var(--quiet); }
th:first-child { text-align: left; padding-left: 0; }
.gain { color: var(--gain); }
.loss { color: var(--loss); }
.banner { border: 1px solid var(--loss); color: var(--loss); padding: .4rem .8rem; font-weight: 600; }
svg { width: 100%; height: auto; }
svg text { fill: var(--quiet); font: 12px system-ui, sans-serif; }
.grid { stroke: var(--rule); fill: none; }
rect.shaded { fill: var(--rule); }
polyline { fill: none; stroke-width: 1.5; }
polyline.strategy { stroke: var(--accent); }
polyline.benchmark { stroke: var(--quiet); stroke-dasharray: 4 3; }
.key .strategy { color: var(--accent); }
.key .benchmark { color: var(--quiet); }
.key .shaded { color: var(--rule); }
"""
