"""What the tables of a database do not say of themselves: origin, processes, attributes, what is collected."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any, Literal

import pandas as pd
from sqlalchemy import Connection, Select, bindparam, insert, select

from features.catalogue import Catalogue
from features.history.database.engine import Writing
from features.history.database.tables import COLLECTED, DESCRIPTIONS
from features.history.history import Attribute
from features.history.live_rules import CONTACTS, STANDARD_FIELDS, Rules
from features.history.process import DEFAULT_PROCESS, Process, process_from_dict, process_to_dict
from features.history.schema import ACTIVITY_KINDS, CORRECTABLE
from features.instants import instant

_NAME = "history"
_FOREVER = 2**62
_ACCOUNTS = "accounts"

Sort = Literal["kind", "field", "table"]


@dataclass(frozen=True)
class Description:
    """What is said of the history in a database.

    ``collected`` is what the source delivers by name, each with the microsecond from which
    it was collected, None for always; as ``History.collected``. ``not_collected`` are names of which
    it was said that they are not.
    """

    origin: str = "service"
    processes: Mapping[str, Process] = field(default_factory=lambda: {DEFAULT_PROCESS.name: DEFAULT_PROCESS})
    attributes: Mapping[str, Attribute] = field(default_factory=dict)
    collected: Mapping[str, int | None] = field(default_factory=dict)
    not_collected: Collection[str] = ()

    @cached_property
    def custom_kinds(self) -> tuple[str, ...]:
        """Kinds of activity of the source's own: every name that something was said of and that is nothing else."""
        told = {*self.collected, *self.not_collected} - set(ACTIVITY_KINDS)
        return tuple(sorted(name for name in told if self.sort_of(name) == "kind"))

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Every name of which it may be said that it is not collected."""
        known = (*ACTIVITY_KINDS, *self.custom_kinds, *STANDARD_FIELDS, *self.attributes, CONTACTS, _ACCOUNTS)
        return tuple(dict.fromkeys((*known, *self.collected)))

    def sort_of(self, name: str) -> Sort:
        """Tell what a name that is collected names; what is no table and no field is a kind of activity.

        Examples
        --------
        >>> [Description().sort_of(name) for name in ("contacts", "amount", "currency", "webinar")]
        ['table', 'field', 'field', 'kind']
        """
        if name in (CONTACTS, _ACCOUNTS):
            return "table"
        return "field" if name in (*STANDARD_FIELDS, *CORRECTABLE, *self.attributes) else "kind"

    def rules(self, as_of: pd.Timestamp) -> Rules:
        """What is pushed is held against these."""
        return Rules(as_of, self.processes, Catalogue(self.custom_kinds, tuple(self.attributes.values())))


def read_description(
    connection: Connection, recorded_by: int | None = None, through_seq: int | None = None
) -> Description:
    """Read what is said of the history, as it was said at an instant; the defaults when nothing is.

    Parameters
    ----------
    recorded_by, through_seq
        What was recorded later, or committed later, is left out.
    """
    body = connection.execute(_last_body()).scalar()  # processes are not bitemporal: the latest holds
    bound = {
        "recorded_by": _FOREVER if recorded_by is None else recorded_by,
        "through_seq": _FOREVER if through_seq is None else through_seq,
    }
    last = {name: (since, collected) for name, since, collected in connection.execute(_collected(), bound)}
    collected = {name: since for name, (since, is_collected) in last.items() if is_collected}
    return Description(**_read(body), collected=collected, not_collected=last.keys() - collected.keys())


@lru_cache
def _last_body() -> Select[Any]:
    bodies = select(DESCRIPTIONS.c.body).where(DESCRIPTIONS.c.name == _NAME)
    return bodies.order_by(DESCRIPTIONS.c.seq.desc()).limit(1)


@lru_cache
def _collected() -> Select[Any]:
    table = COLLECTED.c
    within = table.recorded_at <= bindparam("recorded_by"), table.seq <= bindparam("through_seq")
    return select(table.name, table.since, table.is_collected).where(*within).order_by(table.seq)


@lru_cache(maxsize=4)
def _read(body: str | None) -> dict[str, Any]:
    """Read a description; kept, because every score asks for the same."""
    if not body:
        return {}
    raw = json.loads(body)
    return {
        "origin": raw["origin"],
        "processes": {p["name"]: process_from_dict(p) for p in raw["processes"]},
        "attributes": {a["name"]: Attribute(**a) for a in raw["attributes"]},
    }


def write_description(writing: Writing, description: Description) -> None:
    """Say it from this commit on; what is collected is written by ``say_collected``."""
    body = {
        "origin": description.origin,
        "processes": [process_to_dict(process) for process in description.processes.values()],
        "attributes": [
            {"name": a.name, "type": a.type, "measured": a.measured, "names": dict(a.names)}
            for a in description.attributes.values()
        ],
    }
    row = {"seq": writing.seq, "name": _NAME, "body": json.dumps(body, ensure_ascii=False)}
    writing.connection.execute(insert(DESCRIPTIONS), row | {"recorded_at": writing.recorded_at})


def say_collected(writing: Writing, since: Mapping[str, int | None], recorded_at: int | None = None) -> None:
    """Say that names are collected from an instant on, in microseconds; None for always.

    Parameters
    ----------
    recorded_at
        When we were told; the commit's when None. Only an import brings its own.
    """
    at = writing.recorded_at if recorded_at is None else recorded_at
    rows = [
        {"seq": writing.seq, "name": name, "since": start, "is_collected": True, "recorded_at": at}
        for name, start in since.items()
    ]
    if rows:
        writing.connection.execute(insert(COLLECTED), rows)


def say_not_collected(writing: Writing, name: str) -> None:
    """Say that a name is not collected from now on: what follows from it is missing."""
    row = {"seq": writing.seq, "name": name, "since": None, "is_collected": False}
    writing.connection.execute(insert(COLLECTED), row | {"recorded_at": writing.recorded_at})


def history_collected(description: Description) -> dict[str, pd.Timestamp | None]:
    """Say what is collected as ``History.collected`` has it."""
    return {name: None if since is None else instant(since) for name, since in description.collected.items()}
