"""Recorded history as the body of a live request, so that it can be sent to the service."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from features.as_of import known_as_of
from features.catalogue import Catalogue, catalogue_of
from features.errors import DataError
from features.history.history import Attribute, History
from features.history.live_rules import CONTACTS, Rules, said_to_be_collected
from features.history.live_values import NO_WORDS, YES_WORDS
from features.segment import accounts_as_first_told

_STATED = ("account_id", "owner_id", "team", "product", "service", "source", "channel", "currency", "process")
_ROLES = ("decision_maker", "technical_evaluator", "purchaser", "user")


def opportunity_to_request(
    history: History, opportunity_id: str, as_of: pd.Timestamp, catalogue: Catalogue | None = None
) -> dict[str, Any]:
    """Write what was known of one opportunity at an instant as one of ``opportunities`` of ``POST /v1/scores``.

    Parameters, errors and what is left out are those of ``request_body``.

    Examples
    --------
    >>> from features.history.simulated import simulate
    >>> history = simulate(50, seed=1)
    >>> asked = opportunity_to_request(history, "o0000007", history.observed_until)
    >>> asked["opportunity_id"], asked["process"], asked["not_collected"]
    ('o0000007', 'default', ['competitive_advantage', 'track_record', 'cultural_fit', 'task'])
    """
    found: dict[str, Any] = request_body(history, [opportunity_id], as_of, catalogue)["opportunities"][0]
    return found


def request_body(
    history: History, opportunity_ids: Sequence[str], as_of: pd.Timestamp, catalogue: Catalogue | None = None
) -> dict[str, Any]:
    """Write what was known of opportunities at an instant as the body of ``POST /v1/scores``.

    Parameters
    ----------
    history
        The recorded past.
    opportunity_ids
        Which opportunities, in the order wanted.
    as_of
        The instant asked about; what was recorded later is left out.
    catalogue
        Features of the model that is to answer; fields and attributes that it does not know
        are left out. Those of the history when None.

    Returns
    -------
    A mapping ready for JSON. Activities of an account that name no opportunity are sent
    with each of its opportunities. What the history does not collect is said to be so.

    Raises
    ------
    DataError
        An opportunity was not recorded by ``as_of``.

    Examples
    --------
    >>> from features.history.simulated import simulate
    >>> history = simulate(50, seed=1)
    >>> request_body(history, ["o0000007"], history.observed_until)["as_of"]
    '2026-01-01T00:00:00Z'
    """
    known = known_as_of(history, as_of)
    rules = Rules(as_of, known.processes, catalogue if catalogue is not None else catalogue_of(known))
    rows = known.opportunities.set_index("opportunity_id", drop=False)
    missing = sorted(set(opportunity_ids) - set(rows.index))
    if missing:
        raise DataError(f"opportunity {missing[0]!r}", f"one recorded by {as_of}", "correct the id or the instant")
    parts = _Parts(known, rows.loc[list(opportunity_ids)], rules)
    return {"as_of": instant_text(as_of), "opportunities": [parts.opportunity(row) for row in parts.rows]}


class _Parts:
    """Records of the opportunities wanted, by opportunity."""

    def __init__(self, known: History, wanted: pd.DataFrame, rules: Rules) -> None:
        self.known, self.rules = known, rules
        self.rows = _records(wanted)
        ids, accounts = wanted["opportunity_id"], wanted["account_id"].dropna()
        fields = known.field_history
        self.stages = _by(known.stage_history, "opportunity_id", ids)
        self.fields = _by(fields[fields["field"].isin(rules.fields)], "opportunity_id", ids)
        activities = known.activities
        self.own = _by(activities, "opportunity_id", ids)
        self.shared = _by(activities[activities["opportunity_id"].isna()], "account_id", accounts)
        contacts = known.contacts.sort_values("recorded_at", kind="stable")
        self.people = {row["contact_id"]: row for row in _records(contacts)}
        self.staff = _by(contacts, "account_id", accounts)
        told = accounts_as_first_told(known)
        told = told[told.index.isin(accounts)]
        self.accounts = {name: dict(row) for name, row in zip(told.index, _records(told), strict=True)}

    def opportunity(self, row: Mapping[Hashable, Any]) -> dict[str, Any]:
        name, account = row["opportunity_id"], row["account_id"]
        activities = self._happened([*self.own.get(name, []), *self.shared.get(account, [])])
        tables = {
            "stage_history": [_event(e, "stage") for e in self._happened(self.stages.get(name, []))],
            "field_history": [self._field(e) for e in self._happened(self.fields.get(name, []))],
            "activities": [activity_row(e) for e in activities],
            CONTACTS: self._contacts(activities, account),
        }
        stated = {column: row[column] for column in _STATED}
        attributes = {a.name: _attribute(row.get(a.name), a) for a in self.rules.attributes.values()}
        return filled(
            {"opportunity_id": name, "created_at": instant_text(row["created_at"])}
            | stated
            | {"account": filled(self.accounts.get(account, {})) or None}
            | {"attributes": filled(attributes) or None}
            | said_to_be_collected(tables, self.known.collected, self.rules, instant_text)
        )

    def _happened(self, events: Iterable[Mapping[Hashable, Any]]) -> list[Mapping[Hashable, Any]]:
        """Leave out what lies ahead although it is no plan: it has no effect yet, and is refused."""
        return [e for e in events if e["occurred_at"] <= self.rules.as_of or e.get("planned")]

    def _field(self, event: Mapping[Hashable, Any]) -> dict[str, Any]:
        attribute = self.rules.attributes.get(event["field"])
        value = _attribute(event["value"], attribute, text=True) if attribute else event["value"]
        return _event(event, "field") | {"value": None if pd.isna(value) else value}

    def _contacts(self, activities: Iterable[Mapping[Hashable, Any]], account: str) -> list[dict[str, Any]]:
        met = {e["contact_id"] for e in activities if e["contact_id"] in self.people}
        names = dict.fromkeys([row["contact_id"] for row in self.staff.get(account, [])] + sorted(met))
        roles = {name: self.people[name]["role"] for name in names}
        return [filled({"contact_id": name, "role": role if role in _ROLES else None}) for name, role in roles.items()]


def activity_row(event: Mapping[Hashable, Any]) -> dict[str, Any]:
    """Write an activity as a request has it."""
    optional = {
        "duration_seconds": event["duration"],
        **{name: event[name] for name in ("direction", "topic", "value", "contact_id")},
        **{name: True if event[name] else None for name in ("planned", "automated")},
    }
    return _event(event, "activity_id", "kind") | filled(optional)


def _event(event: Mapping[Hashable, Any], *names: str) -> dict[str, Any]:
    instants = {name: instant_text(event[name]) for name in ("occurred_at", "recorded_at")}
    return {name: event[name] for name in names} | instants


def _attribute(value: Any, attribute: Attribute, *, text: bool = False) -> str | float | bool | None:
    """Return the value in the attribute's type, None where it cannot be read as such."""
    if pd.isna(value):
        return None
    if attribute.type == "flag":
        word = str(value).strip().lower()
        return word in YES_WORDS if word in YES_WORDS + NO_WORDS else None
    if attribute.type == "category" or text:
        return str(value)
    number = pd.to_numeric(pd.Series([value], dtype=object), errors="coerce").iloc[0]
    return None if pd.isna(number) else float(number)


def _by(frame: pd.DataFrame, column: str, wanted: pd.Series) -> dict[str, list[dict[Hashable, Any]]]:
    found: dict[str, list[dict[Hashable, Any]]] = {}
    for row in _records(frame[frame[column].isin(wanted)]):
        found.setdefault(row[column], []).append(row)
    return found


def _records(frame: pd.DataFrame) -> list[dict[Hashable, Any]]:
    return frame.to_dict("records")


def filled(row: Mapping[Any, Any]) -> dict[str, Any]:
    """Leave out what is missing; empty lists stay, they say that nothing happened."""
    return {name: value for name, value in row.items() if isinstance(value, list | dict) or not pd.isna(value)}


def instant_text(instant: pd.Timestamp) -> str:
    """Write an instant in UTC."""
    return instant.isoformat().replace("+00:00", "Z")
