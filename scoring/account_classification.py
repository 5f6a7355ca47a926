"""Hidden or not: accounts in which nobody has identified a need, and by what evidence one may be there.

An account without an open opportunity is *hidden* when nobody has been talking with it lately
and the probability that a need will be confirmed is above a threshold. The threshold is
learned at each training and kept with the model.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from scoring.classification import Evidence, ago, need_evidence

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

FEWEST_CONFIRMED = 30
"""Accounts whose need was confirmed that are needed to learn."""

USUAL = ("visits_30d", "emails_opened_human_30d", "replies_30d")
"""Counts of which evidence says what is usual."""


@dataclass(frozen=True)
class AccountCriteria:
    """Criteria of accounts.

    Parameters
    ----------
    threshold
        Probability of a need being confirmed in 90 days above which an account is hidden;
        None when too little is known to tell.
    recent_days
        Within how many days two-way contact means that somebody is talking with the account.
    confirmed
        Accounts whose need was confirmed in training.
    usual
        Mean of each count in ``USUAL`` over the accounts of training.
    """

    threshold: float | None = None
    recent_days: float = 30.0
    confirmed: int = 0
    usual: Mapping[str, float] | None = None


def account_criteria_from_dict(classification: Mapping[str, Any]) -> AccountCriteria:
    """Read the criteria of accounts from the class criteria of a model, which may have none."""
    raw = classification.get("accounts") or {}
    recent = float(raw.get("recent_days", classification["recent_days"]))
    return AccountCriteria(raw.get("threshold"), recent, int(raw.get("confirmed", 0)), raw.get("usual") or {})


def untouched(snapshots: pd.DataFrame, recent_days: float) -> Bools:
    """Tell with which accounts nobody has talked lately since the last close, shape (n,).

    Where contact is not recorded nobody can tell, and it is False.
    """
    talked, closed = (snapshots[name].to_numpy(np.float64) for name in ("days_since_two_way", "days_since_close"))
    recorded = ~np.isnan(snapshots["two_way_30d"].to_numpy(np.float64)) | ~np.isnan(talked)
    since_close = np.isnan(closed) | (talked < closed)
    return np.asarray(recorded & ~((talked <= recent_days) & since_close))


def is_hidden(snapshots: pd.DataFrame, probability: Floats, criteria: AccountCriteria) -> Bools:
    """Tell which accounts are hidden opportunities, shape (n,).

    Parameters
    ----------
    probability
        That a need is confirmed in 90 days, NaN when unknown, shape (n,).

    Examples
    --------
    >>> snapshots = pd.DataFrame({"days_since_two_way": [9.0, 9.0, np.nan], "days_since_close": [np.nan, 5.0, np.nan],
    ...                           "two_way_30d": [1.0, 1.0, 0.0]})
    >>> is_hidden(snapshots, np.full(3, 0.4), AccountCriteria(0.3)).tolist()
    [False, True, True]
    """
    if criteria.threshold is None:
        return np.zeros(len(probability), dtype=bool)
    return np.asarray(untouched(snapshots, criteria.recent_days) & (probability > criteria.threshold))


def account_evidence(snapshot: pd.Series, probability: float, criteria: AccountCriteria) -> list[Evidence]:
    """Say what speaks for and against a need of one account."""
    seen = {str(name): float(value) for name, value in snapshot.items() if isinstance(value, float)}
    return [
        need_evidence(probability, criteria.threshold),
        *_visits(seen, criteria),
        *_mail(seen, criteria),
        _contact(seen),
        *_past(seen),
    ]


def _visits(seen: Mapping[str, float], criteria: AccountCriteria) -> list[Evidence]:
    count = seen["visits_30d"]
    if np.isnan(count):
        return [Evidence("visits_not_recorded", "visits to the site are not recorded", "未记录网站访问")]
    usual = _usual(criteria, "visits_30d")
    found = [Evidence("visits", f"{_times(count, 'visit')} in 30 days{usual[0]}", f"30天内访问{count:.0f}次{usual[1]}")]
    last = seen["days_since_visit"]
    if count == 0 and not np.isnan(last):
        found.append(Evidence("last_visit", f"last visit {ago(last)}", f"上次访问在{last:.0f}天前"))
    return found


def _mail(seen: Mapping[str, float], criteria: AccountCriteria) -> list[Evidence]:
    kinds = (
        ("emails_opened_human_30d", "mails_opened", "e-mail opening", "30天内打开邮件"),
        ("replies_30d", "replies", "reply", "30天内回复邮件"),
    )
    found = []
    for name, code, en, zh in kinds:
        if seen[name] > 0:
            usual = _usual(criteria, name)
            en = f"{_times(seen[name], en)} in 30 days{usual[0]}"
            found.append(Evidence(code, en, f"{zh}{seen[name]:.0f}次{usual[1]}"))
    return found


def _contact(seen: Mapping[str, float]) -> Evidence:
    last = seen["days_since_two_way"]
    if not np.isnan(last):
        return Evidence("last_contact", f"last two-way contact {ago(last)}", f"上次双向沟通在{last:.0f}天前")
    if np.isnan(seen["two_way_ever"]):
        return Evidence("contact_not_recorded", "two-way contact is not recorded", "未记录双向沟通")
    return Evidence("no_contact_yet", "no two-way contact", "尚无双向沟通")


def _past(seen: Mapping[str, float]) -> list[Evidence]:
    if np.isnan(seen["account_wins"]):
        return [Evidence("past_not_known", "earlier opportunities are not known", "既往商机未知")]
    found = []
    if seen["account_wins"] > 0:
        days = seen["days_since_win"]
        found.append(Evidence("bought_before", f"bought before, {ago(days)}", f"曾经成交，在{days:.0f}天前"))
    if seen["account_losses"] > 0 and seen["last_won"] == 0:
        days = seen["days_since_close"]
        found.append(Evidence("lost_before", f"lost before, {ago(days)}", f"曾经丢单，在{days:.0f}天前"))
    return found or [Evidence("no_earlier_close", "no opportunity of it has closed before", "既往没有已关闭的商机")]


def _usual(criteria: AccountCriteria, name: str) -> tuple[str, str]:
    """What is usual, in both languages; nothing when it is not known."""
    usual = (criteria.usual or {}).get(name)
    return ("", "") if usual is None else (f"; usual is {round(usual, 1):g}", f"；通常为{round(usual, 1):g}次")


def _times(count: float, en: str) -> str:
    plural = en[:-1] + "ies" if en.endswith("ly") else en + "s"
    return f"{count:.0f} {en if count == 1 else plural}"
