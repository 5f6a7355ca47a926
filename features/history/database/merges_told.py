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
        self.is_read = False
        self.pairs: dict[str, Pair] = {}
        self.members: dict[str, set[str]] = {}
        self.names: dict[str, str] = {}

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
        self._read()
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
            self._tell(row["event_id"], (row["account_id"], row["value"]))
        elif row["kind"] == RETRACTION and row["name"] == MERGE:
            self._read()
            self._start({name: pair for name, pair in self.pairs.items() if name != row["replaces"]})

    def _read(self) -> None:
        if not self.is_read:
            seq, recorded_at = last_commit(self.connection)
            told = merges_told(self.connection, Cut(recorded_at, seq))
            self._start({event.event_id: (event.account_id, str(event.value)) for event in told})
        self.is_read = True

    def _start(self, pairs: Mapping[str, Pair]) -> None:
        self.pairs, self.members, self.names = {}, {}, {}
        for name, pair in pairs.items():
            self._tell(name, pair)

    def _tell(self, event_id: str, pair: Pair) -> None:
        self.pairs[event_id] = pair
        tell_merge(pair, self.members, self.names)
