"""Run the benchmarks: every one beside its peer, in turn, in one run; print the table, write JSON.

make bench                                  everything, final figures; let nothing else run beside it
python -m benchmarks --quick                small work, few rounds: does it all hang together?
python -m benchmarks --only training,start  some lines
python -m benchmarks --beside ../before     ours alone, here and in another checkout, in turn
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from dataclasses import asdict
from pathlib import Path

from benchmarks import beside, lines, machine
from benchmarks.contender import ContenderError
from benchmarks.contest import DifferenceError, Line, table
from benchmarks.plan import Plan


def main() -> int:
    """Exit code 0 if every line that was run holds, else 1."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=9, help="rounds of each contest")
    parser.add_argument(
        "--quick", action="store_true", help="small work and two rounds; the figures mean little"
    )
    parser.add_argument("--only", default="", help=f"comma-separated: {', '.join(lines.ALL)}")
    parser.add_argument("--devices", type=int, default=machine.cores(), help="devices that share a batch")
    parser.add_argument(
        "--json", type=Path, default=Path("artifacts/benchmarks.json"), help="where to write JSON"
    )
    parser.add_argument("--beside", type=Path, help="another checkout, with an environment in .venv")
    given = parser.parse_args()
    os.environ["QUANTDECK_LEDGER"] = "trials.sqlite"  # in the home of each run: nobody's own is touched
    chosen = [name for name in given.only.split(",") if name] or list(lines.ALL)
    if unknown := set(chosen) - set(lines.ALL):
        parser.error(f"there is no benchmark {', '.join(sorted(unknown))}")

    plan = Plan(2 if given.quick else given.rounds, given.devices, quick=given.quick)
    found: list[Line] = []
    unequal: list[str] = []
    for name in chosen:
        print(f"{name} …", file=sys.stderr, flush=True)
        try:
            found += beside.lines(plan, given.beside, name) if given.beside else lines.ALL[name](plan)
        except (DifferenceError, ContenderError) as error:  # no figure then, but for the others there is
            unequal.append(f"{name}: {error}")
    facts = machine.facts() | {"rounds": plan.rounds, "devices": plan.devices, "quick": plan.quick}
    print(machine.sentence(facts))
    print(table(found))
    given.json.parent.mkdir(parents=True, exist_ok=True)
    given.json.write_text(
        json.dumps({"machine": facts, "lines": [asdict(each) for each in found]}, indent=1) + "\n"
    )
    print(*unequal, sep="\n", end="\n" * bool(unequal))
    return 0 if all(each.holds is not False for each in found) and not unequal else 1


if __name__ == "__main__":
    sys.exit(main())
