"""Amount and stated close date, and how they moved."""

from __future__ import annotations

import numpy as np

from features.feature import Feature
from features.instants import DAY
from features.view import Floats, View


def _feature(name: str, unit: str, en: str, zh: str, meaning: str) -> Feature:
    return Feature(name, "commercial", unit, en, zh, meaning)


FEATURES = (
    _feature("amount", "amount", "amount", "金额", "Last known amount in the row's currency; missing when unknown."),
    _feature("amount_to_first", "number", "amount compared with the first", "金额与初始金额相比", "Last known amount divided by the first; missing when unknown or the first was 0."),
    _feature("amount_raised", "count", "times the amount rose", "金额上调次数", "Changes upward; missing when the amount is not collected."),
    _feature("amount_cut", "count", "times the amount fell", "金额下调次数", "Changes downward; missing when the amount is not collected."),
    _feature("days_to_stated_close", "days", "days to the stated close date", "距预计成交天数", "Negative when overdue; missing when no date is stated."),
    _feature("overdue", "yes/no", "stated close date passed", "已超预计成交日", "1 once the stated day has passed; missing when none is stated."),
    _feature("close_date_pushed", "count", "times the close date was pushed", "成交日推迟次数", "Moves to a later date; missing when the date is not collected."),
    _feature("close_date_pulled", "count", "times the close date was pulled in", "成交日提前次数", "Moves to an earlier date; missing when the date is not collected."),
    _feature("owner_changes", "count", "changes of owner", "负责人更换次数", "Changes of owner; missing when owners are not collected."),
)  # fmt: skip


def compute(view: View) -> dict[str, Floats]:
    """Compute the commercial features of each snapshot."""
    return _amount(view) | _close_date(view) | _owner(view)


def _amount(view: View) -> dict[str, Floats]:
    path, collected = view.path("amount"), view.observed(["amount"])
    first = np.where(path.first > 0, path.first, np.nan)
    return {
        "amount": path.last,
        "amount_to_first": path.last / first,
        "amount_raised": np.where(collected, path.ups, np.nan),
        "amount_cut": np.where(collected, path.downs, np.nan),
    }


def _close_date(view: View) -> dict[str, Floats]:
    path, collected = view.path("expected_close_date"), view.observed(["expected_close_date"])
    ahead = path.last - view.as_of / DAY
    return {
        "days_to_stated_close": ahead,
        # A date is due until its day has passed.
        "overdue": np.where(np.isnan(ahead), np.nan, (ahead <= -1).astype(np.float64)),
        "close_date_pushed": np.where(collected, path.ups, np.nan),
        "close_date_pulled": np.where(collected, path.downs, np.nan),
    }


def _owner(view: View) -> dict[str, Floats]:
    path = view.path("owner")
    first, stated = view.named("owner", path.first), view.first_owner
    # The owner at creation need not stand in the history of changes.
    handed_over = ~np.isnan(path.first) & (stated != None) & (first != stated)  # noqa: E711 - of each element
    return {"owner_changes": np.where(view.observed(["owner"]), path.ups + path.downs + handed_over, np.nan)}
