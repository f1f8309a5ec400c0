"""An engine that kills itself at a moment of its own log: `python killed_engine.py EVENT FURTHER RUN_FOLDER`.

So the moment is the same however slowly whoever follows the log is served.
"""

import json
import os
import signal
import sys
from pathlib import Path

from engine.__main__ import judge, work
from engine.code_cache import cache_of, use
from engine.runs.folder import RunFolder
from engine.runs.process import execute


def main(event, further, folder):
    """Die once an event has come that has all that `event` has (JSON), and `further` more have."""
    wanted, left, seen = json.loads(event).items(), int(further), False

    def dying(emit):
        def log(event):
            nonlocal seen, left
            emit(event)
            seen = seen or all(event.get(key) == value for key, value in wanted)
            if seen and not left:
                os.kill(os.getpid(), signal.SIGKILL)
            left -= seen

        return log

    use(cache_of("NUMBA_CACHE_DIR", Path("quantdeck") / "numba"), "*.nb?")
    run = RunFolder(Path(folder))
    return execute(run, lambda emit: work(run, dying(emit)), lambda emit: judge(run, dying(emit)))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
