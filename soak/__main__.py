"""All long figures, one after the other: `make soak`, or `python -m soak`. Hours on a busy machine."""

import subprocess
import sys

PARTS = (
    "crafted", "random_files", "bits", "caches", "full", "signals", "simulator", "portfolio", "kills", "room",
    "data_kills", "answers", "mutated_files", "fresh", "terminals", "line", "browser",
    "locales", "key_latency", "leaks", "sizes", "noise_runs", "importance", "search", "pruning",
    "two_workers", "rule_speed", "kinds", "modes",
)  # fmt: skip


def main():
    failed = []
    for part in PARTS:
        print(f"== soak.{part}", flush=True)
        done = subprocess.run([sys.executable, "-m", f"soak.{part}"], check=False)
        failed += [part] if done.returncode else []
    print(f"== {f'FAILED: {failed}' if failed else 'all as it must be'}")
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
