"""Many ways to trade the same symbols from one account, on every core; of each only figures are kept."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np

from engine.backtest.sweep import Swept
from engine.backtest.universe_trading import account_of
from engine.settings import cores
from engine.statistics import metrics
from engine.statistics.returns import sharpe

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from engine.backtest.trading import Decisions
    from engine.backtest.universe_trading import Members
    from engine.settings import Settings


def sweep_universe(
    variants: Sequence[tuple[Mapping[str, Decisions], Settings]],
    member: Members | None = None,
    workers: int | None = None,
) -> Swept:
    """Trade each variant, decisions by symbol and the settings that divide and trade them; one at least.

    member, and what is raised: as of trade_universe. `workers` as of sweep.
    """

    def traded(variant: tuple[Mapping[str, Decisions], Settings]) -> Swept:
        decisions, settings = variant
        account = account_of(decisions, settings, member)
        daily = metrics.daily_returns(account)  # (D,)
        return Swept(
            final_value=account.equity[-1:].copy(),
            total_return=np.array([metrics.total_return(account)]),
            sharpe=np.array([sharpe(daily, account.calendar.days_per_year)]),
            max_drawdown=np.array([metrics.max_drawdown(account)]),
            trades=np.array([len(account.trades)]),
            daily_returns=daily[None],
            digests=(hashlib.sha256(account.equity.tobytes()).hexdigest(),),
        )

    with ThreadPoolExecutor(workers or cores()) as threads:
        return joined(list(threads.map(traded, variants)))


def joined(parts: Sequence[Swept]) -> Swept:
    """What several came to, one after the other."""
    names = ("final_value", "total_return", "sharpe", "max_drawdown", "trades", "daily_returns")
    figures = {name: np.concatenate([getattr(each, name) for each in parts]) for name in names}
    return Swept(**figures, digests=tuple(digest for each in parts for digest in each.digests))
