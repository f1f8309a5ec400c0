"""The trial ledger lies in the home of each run here: nobody's own is touched."""

import os

os.environ["QUANTDECK_LEDGER"] = "trials.sqlite"
