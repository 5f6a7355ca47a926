"""Merges as a batch of events finds them: which accounts are one already, so that none is merged in a circle."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from features.errors import RequestError
from features.history.database.engine import last_commit
from features.history.database.merges import Pair, tell_merge
from features.history.database.reads import Cut, merges_told
from features.history.database.tables import MERGE, RETRACTION


class MergesTold:
    """Merges that stand, read when the first is asked about; those of the batch are told one by one."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.pairs: dict[str, Pair] | None = None
        self.retracted: set[str] = set()
        self.members: dict[str, set[str]] = {}
        self.names: dict[str, str] = {}
        self.is_current = False

    def check(self, account_id: str, into: str) -> None:
        """Refuse a merge of accounts that are one already, but under the name that it asks for.

        Raises
        ------
        RequestError
            The merge is of an account into itself, or goes round in a circle.
        """
        if account_id == into:
            raise RequestError(
                f"account {into!r} merged into itself", "another account", "correct account_id or into", "/into"
            )
        self._follow()
        name = self.names.get(into, into)
        if self.names.get(account_id, account_id) == name != into:
            raise RequestError(
                f"account {account_id!r} merged into {into!r}, which are one already, under the name {name!r}",
                "accounts that are not one, or the name that they have",
                f"leave it out; to keep another name, retract the merge into {name!r} and send one the other way round",
                "/into",
            )

    def tell(self, row: Mapping[str, Any]) -> None:
        """Tell of a row of the batch: a merge that was checked, or a retraction, perhaps of a merge."""
        if row["kind"] == MERGE:
            pair = row["account_id"], row["value"]
            self._follow()[row["event_id"]] = pair
            tell_merge(pair, self.members, self.names)
        elif row["kind"] == RETRACTION and row["name"] == MERGE:
            # Hundreds may come one after the other: they are followed when a merge is asked about.
            self.retracted.add(row["replaces"])
            self.is_current = False

    def _follow(self) -> dict[str, Pair]:
        """Follow the merges that stand, by their events, in the order in which they were told."""
        if self.pairs is None or not self.is_current:
            told = self._told() if self.pairs is None else self.pairs
            self.pairs = {name: pair for name, pair in told.items() if name not in self.retracted}
            self.members, self.names = {}, {}
            for pair in self.pairs.values():
                tell_merge(pair, self.members, self.names)
            self.is_current = True
        return self.pairs

    def _told(self) -> dict[str, Pair]:
        seq, recorded_at = last_commit(self.connection)
        told = merges_told(self.connection, Cut(recorded_at, seq))
        return {event.event_id: (event.account_id, str(event.value)) for event in told}
