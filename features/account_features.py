"""An account: how old it is, and how its earlier opportunities ended."""

from __future__ import annotations

import numpy as np

from features.account_results import account_results
from features.account_view import AccountView
from features.feature import Feature
from features.view import Floats


def _feature(name: str, unit: str, en: str, zh: str, meaning: str) -> Feature:
    return Feature(name, "context", unit, en, zh, meaning)


_UNKNOWN = "missing when earlier opportunities are not known"
FEATURES = (
    _feature("account_age_days", "days", "age of the account", "客户建档天数", "Days since the account came to be, as first recorded."),
    _feature("account_wins", "count", "previous purchases", "客户既往成交次数", f"Won opportunities of the account; {_UNKNOWN}."),
    _feature("account_losses", "count", "opportunities lost before", "客户既往丢单次数", f"Lost opportunities of the account; {_UNKNOWN}."),
    _feature("days_since_close", "days", "days since the last close", "距上次关闭天数", f"Days since an opportunity of the account last closed; {_UNKNOWN} or there was none."),
    _feature("days_since_win", "days", "days since the last purchase", "距上次成交天数", f"Days since an opportunity of the account was last won; {_UNKNOWN} or there was none."),
    _feature("last_won", "yes/no", "last opportunity won", "上次商机是否成交", f"1 when the account's last close was a win; {_UNKNOWN} or there was none."),
)  # fmt: skip


def compute(view: AccountView, results_known: bool) -> dict[str, Floats]:
    """Compute the features of each snapshot; without known results, all but the age are missing."""
    found = account_results(view.recorded, view.opportunity_index, view.opportunity, view.as_of)
    closed = view.days_since(found.last_close)
    columns = {
        "account_wins": found.won.astype(np.float64),
        "account_losses": found.lost.astype(np.float64),
        "days_since_close": closed,
        "days_since_win": view.days_since(found.last_win),
        "last_won": np.where(np.isnan(closed), np.nan, (found.last_win == found.last_close).astype(np.float64)),
    }
    if not results_known:
        columns = {name: np.full(len(view), np.nan) for name in columns}
    return {"account_age_days": view.days_since(view.created)} | columns
