"""A database with a small pipeline in it, a refresher for it, and models that answer for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pandas as pd
from sqlalchemy import Connection

from api.background.lease import REFRESHING, Lease
from api.background.part import Models
from api.background.refresher import Refresher
from api.background.telling import Tell
from api.champion import Champion
from features.history.database.engine import Database
from features.history.database.writes import append_events, put_account, put_contact, put_opportunity
from models.artifact import Artifact
from scoring.version_zero import version_zero

START = pd.Timestamp("2026-03-01T12:00:00Z")


@dataclass
class Present:
    """A clock that is set by hand."""

    at: pd.Timestamp = START

    def __call__(self) -> pd.Timestamp:
        return self.at

    def pass_by(self, days: float = 0, seconds: float = 0) -> None:
        self.at = (self.at + pd.Timedelta(days=days, seconds=seconds)).as_unit("us")


@dataclass
class Told:
    """Who is told, and remembers it."""

    scores: list[Mapping[str, Any]] = field(default_factory=list)
    champions: list[tuple[str, str]] = field(default_factory=list)

    def tell(self) -> Tell:
        return Tell(self._scores, self._champion)

    def _scores(self, connection: Connection, rows: Sequence[Mapping[str, Any]], at: int) -> None:
        assert connection.in_transaction()
        self.scores += rows

    def _champion(self, connection: Connection, before: str, after: str, at: int) -> None:
        self.champions.append((before, after))

    def take(self) -> dict[str, tuple[Any, ...]]:
        """What was told of each opportunity since the last time, one row each."""
        taken = {row["opportunity_id"]: (row["probability"], row["outcome"]) for row in self.scores}
        assert len(taken) == len(self.scores), "told twice"
        self.scores = []
        return taken


def of_version(version: str, artifact: Artifact | None = None) -> Champion:
    """A model in service under a version."""
    return Champion(replace(artifact or version_zero(), version=version))


@dataclass
class Pipeline:
    """A database, the present, and what is in service."""

    database: Database
    now: Present = field(default_factory=Present)
    models: Models = field(default_factory=lambda: Models(of_version("1")))
    told: Told = field(default_factory=Told)
    sent: int = 0

    def refresher(self, holder: str = "us") -> Refresher:
        return Refresher(self.database, lambda: self.models, self.now, self.told.tell(), Lease(REFRESHING, holder))

    def open(self, name: str, stage: str | None = "proposal", amount: float | None = None, **more: Any) -> None:
        """An opportunity created now, perhaps in a stage, perhaps with an amount."""
        with self.database.writing("test", "opportunity", self.now) as writing:
            put_opportunity(writing, name, {"created_at": self.now().to_pydatetime()} | more)
        if stage is not None:
            self.tell({"type": "stage_change", "opportunity_id": name, "stage": stage})
        if amount is not None:
            self.tell({"type": "field_change", "opportunity_id": name, "field": "amount", "value": amount})

    def account(self, name: str, **more: Any) -> None:
        with self.database.writing("test", "account", self.now) as writing:
            put_account(writing, name, {"created_at": self.now().to_pydatetime()} | more)

    def contact(self, name: str, **more: Any) -> None:
        with self.database.writing("test", "contact", self.now) as writing:
            put_contact(writing, name, {"created_at": self.now().to_pydatetime()} | more)

    def tell(self, *bodies: dict[str, Any]) -> None:
        """Events in one commit; those without an id get one."""
        named = []
        for body in bodies:
            self.sent += 1
            named.append({"event_id": f"e{self.sent}"} | body)
        with self.database.writing("test", "events", self.now) as writing:
            written = append_events(writing, named)
        assert [one.error for one in written] == [None] * len(bodies)
