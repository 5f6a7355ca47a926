"""Activities as the events of opportunities: what happened, what is planned, and to which classes it belongs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.history.history import History
from features.instants import micros

Ints = NDArray[np.int64]

NOT_REPLACED = np.iinfo(np.int64).max

_WEB_KINDS = ("site_visit", "email_opened", "email_clicked")
_TALK_KINDS = ("meeting", "demo", "call", "email_replied")

CLASSES = (
    "site_visit", "email_sent", "email_opened", "email_opened_human", "email_clicked", "email_clicked_human",
    "email_replied", "call", "meeting", "demo", "quote", "two_way", "buyer_initiated", "any",
)  # fmt: skip
"""Classes of activity that features count. One activity may belong to several."""

_OWN_KIND = "kind "


def own_class(kind: str) -> str:
    """Name the class of a kind that only this source has; it may be called like one of ``CLASSES``.

    Examples
    --------
    >>> own_class("any")
    'kind any'
    """
    return _OWN_KIND + kind


def kind_of(name: str) -> str:
    """Find the kind that is collected when a class of one kind is.

    Examples
    --------
    >>> kind_of("kind any"), kind_of("meeting")
    ('any', 'meeting')
    """
    return name.removeprefix(_OWN_KIND)


def activities_of_opportunities(history: History) -> pd.DataFrame:
    """Give every opportunity the activities that concern it.

    Its own, and those of its account that name no opportunity.

    Returns
    -------
    DataFrame with the columns of ``activities``, and ``key``, the opportunity's row, and
    ``superseded``, the instant in microseconds from which a later record of the same
    activity replaces this one. An activity of an account stands once for each of its
    opportunities.
    """
    rows = history.activities.assign(superseded=superseded(history.activities, "activity_id"))
    opportunities = history.opportunities.reset_index(names="key")[["key", "opportunity_id", "account_id"]]
    own = rows.merge(opportunities[["key", "opportunity_id"]], on="opportunity_id")
    shared = rows[rows["opportunity_id"].isna() & rows["account_id"].notna()]
    of_account = shared.merge(opportunities[["key", "account_id"]].dropna(), on="account_id")
    return pd.concat([own, of_account], ignore_index=True)


def superseded(rows: pd.DataFrame, name: str) -> Ints:
    """When each record is replaced by the next one of the same id, microseconds, shape (m,).

    Parameters
    ----------
    rows
        A table with ``recorded_at``.
    name
        The column of ids.

    Examples
    --------
    >>> at = pd.to_datetime(["1970-01-01", "1970-01-02"], utc=True)
    >>> int(superseded(pd.DataFrame({"contact_id": ["c", "c"], "recorded_at": at}), "contact_id")[0])
    86400000000
    """
    recorded = pd.Series(micros(rows["recorded_at"]), index=rows.index)
    if rows[name].is_unique:
        return np.full(len(rows), NOT_REPLACED)
    in_order = recorded.sort_values(kind="stable")
    following = in_order.groupby(rows[name].loc[in_order.index], sort=False).shift(-1, fill_value=NOT_REPLACED)
    return following.reindex(rows.index).to_numpy(np.int64)


def is_two_way(activities: pd.DataFrame) -> NDArray[np.bool_]:
    """Tell which activities are contact with the buyer, rather than a visit or a mail sent."""
    return activities["kind"].isin(_TALK_KINDS).to_numpy() | is_buyer_initiated(activities)


def is_buyer_initiated(activities: pd.DataFrame) -> NDArray[np.bool_]:
    """Tell which activities the buyer began, visits and openings of mails aside."""
    inbound = (activities["direction"] == "inbound") | (activities["kind"] == "email_replied")
    return (inbound & ~activities["kind"].isin(_WEB_KINDS) & ~activities["automated"]).to_numpy(bool)


@dataclass(frozen=True)
class ClassedEvents:
    """Activities that happened, once for each class they belong to; arrays of shape (m,).

    ``source`` is the row of the activity, ``kind`` the code of the class.
    """

    source: Ints
    kind: Ints


def classed_events(activities: pd.DataFrame, custom_kinds: tuple[str, ...]) -> ClassedEvents:
    """Sort the activities that happened into ``CLASSES``, then into the source's own kinds."""
    kind = activities["kind"].to_numpy(dtype=object)
    human = ~activities["automated"].to_numpy(bool)
    member: dict[str, NDArray[np.bool_]] = {name: kind == name for name in CLASSES}
    member["email_opened_human"] = member["email_opened"] & human
    member["email_clicked_human"] = member["email_clicked"] & human
    member["two_way"] = is_two_way(activities)
    member["buyer_initiated"] = is_buyer_initiated(activities)
    member["any"] = np.ones(len(activities), dtype=bool)
    member |= {own_class(name): kind == name for name in custom_kinds}
    happened = ~activities["planned"].to_numpy(bool)
    rows = [np.flatnonzero(mask & happened) for mask in member.values()]
    codes = [np.full(len(found), code) for code, found in enumerate(rows)]
    return ClassedEvents(np.concatenate(rows).astype(np.int64), np.concatenate(codes).astype(np.int64))
