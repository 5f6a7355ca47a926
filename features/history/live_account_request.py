"""Recorded history of accounts as the body of a live request, so that it can be sent to the service."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from features.account_view import accounts_of, activities_of_accounts
from features.as_of import known_as_of
from features.catalogue import Catalogue, catalogue_of
from features.errors import DataError
from features.history.history import History
from features.history.live_request import activity_row, filled, instant_text
from features.history.live_rules import Rules
from features.instants import instant, micros
from features.outcomes import LOST, WON
from features.view import View

_STATED = ("industry", "region", "size")


def account_request_body(
    history: History, account_ids: Sequence[str], as_of: pd.Timestamp, catalogue: Catalogue | None = None
) -> dict[str, Any]:
    """Write what was known of accounts at an instant as the body of ``POST /v1/accounts/scores``.

    Parameters
    ----------
    history
        The recorded past.
    account_ids
        Which accounts, in the order wanted; their opportunities should be closed.
    as_of
        The instant asked about; what was recorded later is left out.
    catalogue
        Features of the model that is to answer; those of the history when None.

    Raises
    ------
    DataError
        An account was not recorded by ``as_of``.

    Examples
    --------
    >>> from features.history.simulated import simulate
    >>> history = simulate(50, seed=1)
    >>> body = account_request_body(history, ["a0000003"], history.observed_until)
    >>> body["accounts"][0]["account_id"], body["accounts"][0]["not_collected"]
    ('a0000003', ['task'])
    """
    known = known_as_of(history, as_of)
    rules = Rules(as_of, known.processes, catalogue if catalogue is not None else catalogue_of(known))
    accounts = accounts_of(known)
    created = dict(zip(accounts["account_id"], accounts["created_at"], strict=True))
    missing = sorted(set(account_ids) - set(created))
    if missing:
        raise DataError(f"account {missing[0]!r}", f"one recorded by {as_of}", "correct the id or the instant")
    wanted = pd.Index(account_ids)
    stated = known.accounts.sort_values("recorded_at", kind="stable").drop_duplicates("account_id", keep="last")
    stated = stated.set_index("account_id")[list(_STATED)].reindex(wanted)
    activities, closed = _activities(known, wanted, as_of), _closed(known, wanted, as_of)
    return {
        "as_of": instant_text(as_of),
        "accounts": [
            filled({"account_id": name, "created_at": instant_text(created[name])})
            | filled(dict(stated.iloc[place]))
            | {"opportunities": closed[place]}
            | _collected(known, rules, activities[place])
            for place, name in enumerate(account_ids)
        ],
    }


def _activities(known: History, wanted: pd.Index, as_of: pd.Timestamp) -> list[list[dict[str, Any]]]:
    """Activities of each account; what lies ahead although it is no plan has no effect yet, and is refused."""
    rows = activities_of_accounts(known, wanted)
    rows = rows[(rows["occurred_at"] <= as_of) | rows["planned"]]
    found: list[list[dict[str, Any]]] = [[] for _ in wanted]
    for row in rows.to_dict("records"):
        found[row["key"]].append(activity_row(row))
    return found


def _closed(known: History, wanted: pd.Index, as_of: pd.Timestamp) -> list[list[dict[str, Any]]]:
    """Closed opportunities of each account."""
    at = np.full(len(known.opportunities), micros(pd.Index([as_of]))[0])
    view = View(known, np.arange(len(at), dtype=np.int64), at)
    stage, entered = view.stage_path.stage, view.stage_path.entered
    outcome = np.where(stage >= 0, view.stage_outcome[stage], 0)
    owner = wanted.get_indexer(pd.Index(known.opportunities["account_id"]))
    found: list[list[dict[str, Any]]] = [[] for _ in wanted]
    for code, word in ((WON, "won"), (LOST, "lost")):
        for row in np.flatnonzero((owner >= 0) & (outcome == code)):
            name = str(known.opportunities["opportunity_id"].iloc[row])
            closed_at = instant_text(instant(int(entered[row])))
            found[owner[row]].append({"opportunity_id": name, "outcome": word, "closed_at": closed_at})
    return found


def _collected(known: History, rules: Rules, activities: list[dict[str, Any]]) -> dict[str, Any]:
    """Leave activities out when none are collected, and name the kinds that are not."""
    collected = known.collected
    if not activities and not any(kind in collected for kind in rules.kinds):
        return {}
    absent = [kind for kind in rules.kinds if kind not in collected]
    since = {kind: instant_text(at) for kind in rules.kinds if (at := collected.get(kind)) is not None}
    return filled({"activities": activities, "not_collected": absent or None, "collected_since": since or None})
