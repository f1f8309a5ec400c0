"""Which sub-command does the same as a key: by screen and by action. Help and palette show it.

An empty one only changes what is shown, or how: it has no effect that could outlive the screen.
"""

from __future__ import annotations

VIEW = ""
EVERYWHERE = {"deck_help": "quantdeck --help", "leave": VIEW, "mode": VIEW, "pop_screen": VIEW}
MOVES = dict.fromkeys(("move", "page", "end", "unzoom", "zoom", "reload", "back", "other"), VIEW)
RUN_ACTIONS = {
    "new_run": "quantdeck run -c FILE",
    "stop": "quantdeck runs stop RUN",
    "resume": "quantdeck runs resume RUN",
}
SUB_COMMANDS: dict[str, dict[str, str]] = {
    "DataScreen": MOVES | {
        "update": "quantdeck data update",
        "update_all": "quantdeck data update",
        "repair": "quantdeck data update --refetch",
        "import": "quantdeck data import FILE",
        "add": "quantdeck data update -s data.symbol=…",
        "filter": VIEW,
        "copy": "quantdeck data status",
        "export": "quantdeck data export SERIES FILE",
    },
    "TrainScreen": MOVES | RUN_ACTIONS | {
        "log_axis": VIEW,
        "smooth": VIEW,
        "freeze": VIEW,
        "copy": "quantdeck runs show RUN",
        "export": "quantdeck runs show RUN --csv FILE",
        "demo": "quantdeck demo",
    },
    "BacktestScreen": MOVES | {
        "step": "quantdeck whatif RUN -s KEY=VALUE",
        "what_if": "quantdeck whatif RUN -s KEY=VALUE",
        "reset": "quantdeck runs show RUN",
        "filter": "quantdeck trades RUN --filter TEXT",
        "sort": "quantdeck trades RUN --sort COLUMN",
        "reverse": "quantdeck trades RUN --reverse",
        "choose": "quantdeck trades RUN --trade N",
        "export": "quantdeck report RUN, trades --csv",
        "more": "quantdeck runs show RUN",
        "again": "quantdeck backtest RUN -s KEY=VALUE",
        "copy": "quantdeck runs show RUN",
    },
    "TradeScreen": MOVES | {
        "next": "quantdeck trades RUN --trade N",
        "copy": "quantdeck trades RUN --trade N",
    },
    "RunsScreen": MOVES | RUN_ACTIONS | {
        "open": "quantdeck runs show RUN",
        "train": "quantdeck runs show RUN",
        "mark": VIEW,
        "compare": "quantdeck compare RUN RUN",
        "delete": "quantdeck runs delete RUN",
        "rename": "quantdeck runs rename RUN NAME",
        "note": "quantdeck runs note RUN TEXT",
        "reproduce": "quantdeck reproduce RUN",
        "filter": "quantdeck runs list --filter TEXT",
        "sort": VIEW,
        "reverse": VIEW,
        "copy": VIEW,
        "export": "quantdeck runs list --csv FILE",
    },
    "Compare": MOVES | {"swap": "quantdeck compare RUN RUN"},
    "NewRun": {
        "start": "quantdeck run -c FILE",
        "save": "quantdeck init -c FILE",
        "default": "quantdeck init",
        "last": "quantdeck run -c FILE",
        "group": VIEW,
        "focus_next": VIEW,
        "focus_previous": VIEW,
    },
}  # fmt: skip


def name_of(action: str) -> str:
    """`app.mode('data')` → `mode`."""
    return action.partition("(")[0].rpartition(".")[2]


def same_as(screen: str, action: str) -> str | None:
    """The sub-command of an action on a screen; empty if it changes the view alone, None if none is named."""
    name = name_of(action)
    return SUB_COMMANDS.get(screen, {}).get(name, EVERYWHERE.get(name))
