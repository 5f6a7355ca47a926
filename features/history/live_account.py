"""A live request about accounts as histories: what its sender knows of each, and what is not collected."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from features.catalogue import Catalogue
from features.history.history import History
from features.history.live import live_history
from features.history.live_batch import by_pattern, check_all, tables_of
from features.history.live_opportunity import (
    SENT_TWICE,
    Ids,
    check_id,
    take_activities,
    what_is_collected,
)
from features.history.live_records import LiveRecords, Record
from features.history.live_rules import Note, Rules
from features.history.process import Process

_STATED = ("industry", "region", "size")


@dataclass
class LiveAccount(LiveRecords):
    """Records of one account; ``closed`` are its earlier opportunities, None when they are not known."""

    account: Record
    closed: list[Record] | None = None


@dataclass(frozen=True)
class LiveAccountGroup:
    """Accounts of a request that are collected alike: their history, and their places in the request."""

    history: History
    results_known: bool
    places: tuple[int, ...]


@dataclass(frozen=True)
class LiveAccounts:
    """A request as histories; ``notes`` has what is to be said of each account, in order."""

    groups: tuple[LiveAccountGroup, ...]
    notes: tuple[tuple[Note, ...], ...]


def live_accounts(
    accounts: Sequence[Mapping[str, Any]],
    as_of: pd.Timestamp,
    processes: Mapping[str, Process],
    catalogue: Catalogue,
) -> LiveAccounts:
    """Turn the accounts of a request into histories.

    Parameters
    ----------
    accounts
        Plain data, one mapping each, in the form of ``api.account_schemas``; instants are
        aware. Absent and None mean the same.
    as_of
        The instant asked about. What lies up to 5 minutes after it counts as at it.
    processes, catalogue
        Those of the model that is to answer.

    Raises
    ------
    ExceptionGroup
        Of ``RequestError``, one for each account that is wrong, at most 50.
    RequestError
        The accounts are collected in more than 64 different ways.

    Examples
    --------
    >>> from features.history.process import DEFAULT_PROCESS
    >>> created = pd.Timestamp("2026-01-01", tz="UTC")
    >>> silent = {"account_id": "y", "created_at": created, "activities": []}
    >>> asked = [{"account_id": "x", "created_at": created}, silent]
    >>> live = live_accounts(asked, created, {"default": DEFAULT_PROCESS}, Catalogue())
    >>> [(group.places, group.results_known, "call" in group.history.collected) for group in live.groups]
    [((0,), False, False), ((1,), False, True)]
    """
    rules = Rules(as_of, processes, catalogue)
    activity_ids: Ids = {}
    checked = check_all(accounts, "account", "/accounts", lambda raw, at: _account(raw, at, rules, activity_ids))
    patterns = (frozenset({*a.collected.items(), ("opportunities", a.closed is not None)}) for a in checked)
    groups = [
        _group([checked[place] for place in places], places, rules) for places in by_pattern(patterns, "/accounts")
    ]
    return LiveAccounts(tuple(groups), tuple(tuple(account.notes) for account in checked))


def _account(raw: Mapping[str, Any], place: int, rules: Rules, activity_ids: Ids) -> LiveAccount:
    pointer = f"/accounts/{place}"
    created = rules.check_past(raw["created_at"], "created", f"{pointer}/created_at")
    stated = {name: raw.get(name) for name in _STATED}
    known = {"account_id": raw["account_id"], "created_at": created, "recorded_at": created}
    live = LiveAccount(known | stated, place=place)
    take_activities(live, raw, rules, pointer, activity_ids)
    _take_closed(live, raw, rules, pointer)
    live.collected = what_is_collected(raw, {"activities": rules.kinds}, created, pointer)
    return live


def _take_closed(live: LiveAccount, raw: Mapping[str, Any], rules: Rules, pointer: str) -> None:
    """Check the earlier opportunities, each once."""
    if raw.get("opportunities") is None:
        return
    live.closed = []
    ids: Ids = {}
    seen: set[frozenset[tuple[str, Any]]] = set()
    for place, event in enumerate(raw["opportunities"]):
        where = f"{pointer}/opportunities/{place}"
        at = rules.check_past(event["closed_at"], "closed", f"{where}/closed_at")
        body = frozenset(event.items())
        if body in seen:
            live.note(SENT_TWICE)
            continue
        seen.add(body)
        check_id(event.get("opportunity_id"), event, ids, "opportunity", f"{pointer}/opportunities", place)
        live.closed.append({"outcome": event["outcome"], "closed_at": at})


def _group(accounts: Sequence[LiveAccount], places: Sequence[int], rules: Rules) -> LiveAccountGroup:
    """Put checked accounts together; an earlier opportunity is known by its close."""
    process = next(iter(rules.processes.values()))
    stage_of = {stage.outcome: stage.key for stage in reversed(process.stages)}
    opportunities: list[Record] = []
    stages: list[Record] = []
    for live in accounts:
        for closed in live.closed or ():
            name = str(len(opportunities))
            # The account is never younger than what was bought: it is what the request says.
            since = max(closed["closed_at"], live.account["created_at"])
            row = {"opportunity_id": name, "account_id": live.account["account_id"], "process": process.name}
            opportunities.append(row | {"created_at": since, "recorded_at": since})
            at = closed["closed_at"]
            stages.append({"opportunity_id": name, "stage": stage_of[closed["outcome"]]} | _both(at))
    rows = {
        "accounts": [live.account for live in accounts],
        "opportunities": opportunities,
        "stage_history": stages,
        "activities": [
            row | {"account_id": live.account["account_id"]} for live in accounts for row in live.activity_records()
        ],
    }
    history = live_history(tables_of(rows), accounts[0].collected, rules)
    return LiveAccountGroup(history, accounts[0].closed is not None, tuple(places))


def _both(at: Any) -> Record:
    return {"occurred_at": at, "recorded_at": at}
