"""Which trades a filter keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from engine.results.trade_terms import MOMENTS, Term, terms

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray


def chosen(trades: pd.DataFrame, text: str) -> NDArray[np.bool_]:
    """Which trades (N,) keep every term of the filter; all do if there is none.

    An undefined value keeps no term. Raises ChangeSettingsError.
    """
    keep = np.ones(len(trades), dtype=np.bool_)  # (N,)
    for term in terms(text):
        keep &= holds(trades, term)
    return keep


def holds(trades: pd.DataFrame, term: Term) -> NDArray[np.bool_]:
    """Which trades (N,) keep one term."""
    column = trades[term.column]
    if isinstance(term.value, str):
        return np.asarray(term.compare(column.to_numpy(dtype=object), term.value), dtype=np.bool_)
    if term.column in MOMENTS:
        moments: NDArray[Any] = column.to_numpy(dtype="datetime64[ms]").astype(np.int64)
        return np.asarray(term.compare(moments, term.value), dtype=np.bool_)
    values = column.to_numpy(dtype=np.float64)
    kept: NDArray[np.bool_] = term.compare(values, term.value) & ~np.isnan(values)
    return kept
