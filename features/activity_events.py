"""Activities as the events of opportunities: what happened, what is planned, and to which classes it belongs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.belonging import belonging, known_through
from features.compiled import compiled
from features.history.history import History
from features.history.schema import ACTIVITY_KINDS
from features.instants import micros
from features.rows import AUTOMATED, INBOUND, NOT_REPLACED, OF_ACCOUNT, PLANNED, ROLES, ActivityRows, PeopleRows

Ints = NDArray[np.int64]

PLANNED_CONTACT = "planned contact"
"""The class of what is planned: meetings, demos and calls to come."""

_WEB_KINDS = ("site_visit", "email_opened", "email_clicked")
_TALK_KINDS = ("meeting", "demo", "call", "email_replied")

CLASSES = (
    "site_visit", "email_sent", "email_opened", "email_opened_human", "email_clicked", "email_clicked_human",
    "email_replied", "call", "meeting", "demo", "quote", "two_way", "buyer_initiated", "any",
)  # fmt: skip
"""Classes of activity that features count. One activity may belong to several."""

_PLANNED_KINDS = ("meeting", "demo", "call")
_OWN_KIND = "kind "
_FLAGS = 2 * OF_ACCOUNT


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
    opportunities, and as long as the opportunity was known to be of the account.
    """
    rows = history.activities.assign(superseded=superseded(history.activities, "activity_id"))
    opportunities = history.opportunities.reset_index(names="key")[["key", "opportunity_id", "account_id"]]
    own = rows.merge(opportunities[["key", "opportunity_id"]], on="opportunity_id")
    shared = rows[rows["opportunity_id"].isna() & rows["account_id"].notna()]
    of_account = known_through(shared.merge(belonging(history), on="account_id"))
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


def names_of_classes(custom_kinds: tuple[str, ...]) -> tuple[str, ...]:
    """Name every class by code: ``CLASSES``, the source's own kinds, what is planned, and a role met each."""
    return (*CLASSES, *map(own_class, custom_kinds), PLANNED_CONTACT, *ROLES)


@lru_cache(maxsize=64)
def codes_of_classes(custom_kinds: tuple[str, ...]) -> dict[str, int]:
    """Code of each class by name."""
    return {name: code for code, name in enumerate(names_of_classes(custom_kinds))}


def classes_of(kind: str, flags: int, custom_kinds: tuple[str, ...] = ()) -> list[str]:
    """List the classes of an activity; of what is only planned nothing is counted as if it had happened.

    Examples
    --------
    >>> classes_of("email_opened", AUTOMATED), classes_of("call", INBOUND), classes_of("call", PLANNED)
    (['email_opened', 'any'], ['call', 'two_way', 'buyer_initiated', 'any'], ['planned contact'])
    """
    if flags & PLANNED:
        return [PLANNED_CONTACT] if kind in _PLANNED_KINDS else []
    human = not flags & AUTOMATED
    by_buyer = human and kind not in _WEB_KINDS and (bool(flags & INBOUND) or kind == "email_replied")
    member = {
        kind: kind in ACTIVITY_KINDS and kind in CLASSES,
        f"{kind}_human": human and f"{kind}_human" in CLASSES,
        "two_way": by_buyer or kind in _TALK_KINDS,
        "buyer_initiated": by_buyer,
        "any": True,
        own_class(kind): kind in custom_kinds,
    }
    return [name for name, belongs in member.items() if belongs]


@lru_cache(maxsize=64)
def _class_table(kinds: tuple[str, ...], custom_kinds: tuple[str, ...]) -> tuple[Ints, NDArray[np.bool_]]:
    """Codes of the classes by kind and flags, -1 where there are fewer; and which of them are two-way contact."""
    code = codes_of_classes(custom_kinds)
    listed = [[classes_of(kind, flags, custom_kinds) for flags in range(_FLAGS)] for kind in kinds]
    table = np.full((len(kinds), _FLAGS, 6), -1, np.int64)
    for k, of_kind in enumerate(listed):
        for flags, names in enumerate(of_kind):
            table[k, flags, : len(names)] = [code[name] for name in names]
    talks = np.array([["two_way" in names for names in of_kind] for of_kind in listed], dtype=bool)
    return table, talks.reshape(len(kinds), _FLAGS)


@dataclass(frozen=True)
class ClassedEvents:
    """Activities once for each class they belong to, arrays of shape (m,); ``kind`` is the code of the class.

    A person of a role who took part in two-way contact is an event of the role's class. It
    counts while both the activity and the person's role are known.
    """

    key: Ints
    occurred: Ints
    recorded: Ints
    superseded: Ints
    kind: Ints
    seconds: Ints
    topic: Ints


def classed_events(rows: ActivityRows, people: PeopleRows, custom_kinds: tuple[str, ...]) -> ClassedEvents:
    """Sort activities into classes."""
    classes, talks = _class_table(rows.kinds, custom_kinds)
    first_role = len(CLASSES) + len(custom_kinds) + 1
    read = (rows.kind, rows.flags, rows.contact, classes, talks, people.starts)
    out = np.empty((7, _count_classed(*read)), np.int64)
    of_people = (people.role, people.recorded, people.superseded)
    of_rows = (rows.key, rows.occurred, rows.recorded, rows.superseded, rows.seconds, rows.topic)
    _sort_into_classes(*read, *of_people, first_role, *of_rows, out)
    return ClassedEvents(*out)


@compiled
def _count_classed(
    kind: Ints, flags: Ints, contact: Ints, classes: Ints, talks: NDArray[np.bool_], starts: Ints
) -> int:  # pragma: no cover - compiled
    count = 0
    for i in range(len(kind)):
        for c in range(classes.shape[2]):
            count += classes[kind[i], flags[i], c] >= 0
        if contact[i] >= 0 and talks[kind[i], flags[i]]:
            count += starts[contact[i] + 1] - starts[contact[i]]
    return count


@compiled
def _sort_into_classes(
    kind: Ints, flags: Ints, contact: Ints, classes: Ints, talks: NDArray[np.bool_], starts: Ints,
    role: Ints, role_recorded: Ints, role_superseded: Ints, first_role: int,
    key: Ints, occurred: Ints, recorded: Ints, superseded: Ints, seconds: Ints, topic: Ints, out: Ints,
) -> None:  # fmt: skip  # pragma: no cover - compiled
    at = 0
    for i in range(len(kind)):
        for c in range(classes.shape[2]):
            if classes[kind[i], flags[i], c] >= 0:
                out[0, at], out[1, at], out[2, at], out[3, at] = key[i], occurred[i], recorded[i], superseded[i]
                out[4, at], out[5, at], out[6, at] = classes[kind[i], flags[i], c], seconds[i], topic[i]
                at += 1
        if contact[i] >= 0 and talks[kind[i], flags[i]]:
            for p in range(starts[contact[i]], starts[contact[i] + 1]):
                out[0, at], out[1, at] = key[i], occurred[i]
                out[2, at] = max(recorded[i], role_recorded[p])
                out[3, at] = min(superseded[i], role_superseded[p])
                out[4, at], out[5, at], out[6, at] = first_role + role[p], 0, -1
                at += 1
