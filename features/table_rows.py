"""The rows of a history's tables as plain arrays."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.activity_events import activities_of_opportunities, superseded
from features.compiled import Ints
from features.history.history import History
from features.instants import micros
from features.rows import (
    AUTOMATED,
    INBOUND,
    OF_ACCOUNT,
    PLANNED,
    ROLES,
    ActivityRows,
    FieldRows,
    PeopleRows,
    StageRows,
    Words,
    seconds_of,
)


class TableRows:
    """The rows of a history; each table is read when it is first asked for.

    Parameters
    ----------
    history
        The recorded past.
    activities
        Gives the activities by opportunity, as ``activities_of_opportunities`` does.
    """

    def __init__(
        self, history: History, activities: Callable[[History], pd.DataFrame] = activities_of_opportunities
    ) -> None:
        self._history = history
        self._activities = activities

    @cached_property
    def created(self) -> Ints:
        """When each opportunity was created."""
        return micros(self._history.opportunities["created_at"])

    @cached_property
    def told(self) -> Ints:
        """When we were told of each opportunity."""
        return micros(self._history.opportunities["recorded_at"])

    @cached_property
    def _index(self) -> pd.Index:
        index: pd.Index = pd.Index(self._history.opportunities["opportunity_id"])
        return index

    def _key(self, frame: pd.DataFrame) -> Ints:
        return self._index.get_indexer(pd.Index(frame["opportunity_id"])).astype(np.int64)

    @cached_property
    def stages(self) -> StageRows:
        """Stages entered."""
        frame, processes = self._history.stage_history, self._history.processes
        key = self._key(frame)
        process = self._history.opportunities["process"].to_numpy(dtype=object)
        codes = pd.MultiIndex.from_tuples([(p.name, stage.key) for p in processes.values() for stage in p.stages])
        named = pd.MultiIndex.from_arrays([process[key], frame["stage"].to_numpy(dtype=object)])
        code = codes.get_indexer(named).astype(np.float64)
        return StageRows(key, micros(frame["occurred_at"]), micros(frame["recorded_at"]), code)

    @cached_property
    def fields(self) -> FieldRows:
        """Values set."""
        frame = self._history.field_history
        code, names = pd.factorize(frame["field"])
        order = np.argsort(code, kind="stable").astype(np.int64)
        ends = np.cumsum(np.bincount(code[code >= 0], minlength=len(names))).tolist()
        return FieldRows(
            self._key(frame)[order],
            micros(frame["occurred_at"])[order],
            micros(frame["recorded_at"])[order],
            frame["value"].to_numpy(dtype=object)[order],
            {str(name): bounds for name, bounds in zip(names, pairwise([0, *ends]), strict=True)},
        )

    @cached_property
    def activities(self) -> ActivityRows:
        """Activities of the opportunities, and of their accounts."""
        rows = self._activities(self._history)
        kind, kinds = pd.factorize(rows["kind"])
        flags = INBOUND * (rows["direction"] == "inbound").to_numpy(np.int64)
        flags += AUTOMATED * rows["automated"].to_numpy(np.int64) + PLANNED * rows["planned"].to_numpy(np.int64)
        flags += OF_ACCOUNT * rows["opportunity_id"].isna().to_numpy(np.int64)
        return ActivityRows(
            key=rows["key"].to_numpy(np.int64),
            occurred=micros(rows["occurred_at"]),
            recorded=micros(rows["recorded_at"]),
            superseded=rows["superseded"].to_numpy(np.int64),
            kind=kind.astype(np.int64),
            flags=flags,
            seconds=seconds_of(rows["duration"].to_numpy(np.float64)),
            topic=pd.factorize(rows["topic"])[0].astype(np.int64),
            contact=self._contacts.get_indexer(pd.Index(rows["contact_id"])).astype(np.int64),
            kinds=tuple(str(name) for name in kinds),
        )

    @cached_property
    def _contacts(self) -> pd.Index:
        """People by code."""
        contacts: pd.Index = pd.Index(self._people["contact_id"].unique())
        return contacts

    @cached_property
    def _people(self) -> pd.DataFrame:
        if "contacts" not in self._history.tables:
            return pd.DataFrame({name: [] for name in ("contact_id", "role", "recorded_at", "superseded")})
        people = self._history.contacts[["contact_id", "role", "recorded_at"]]
        people = people.assign(superseded=superseded(people, "contact_id"))
        return people[people["role"].isin(list(ROLES))]

    @cached_property
    def people(self) -> PeopleRows:
        """People whose role is known."""
        people = self._people
        if not len(people):
            none = np.zeros(0, np.int64)
            return PeopleRows(np.zeros(1, np.int64), none, none, none)
        contact = self._contacts.get_indexer(pd.Index(people["contact_id"])).astype(np.int64)
        order = np.argsort(contact, kind="stable")
        role = pd.Index(list(ROLES)).get_indexer(pd.Index(people["role"])).astype(np.int64)
        starts = np.searchsorted(contact[order], np.arange(len(self._contacts) + 1)).astype(np.int64)
        told, until = micros(people["recorded_at"]), people["superseded"].to_numpy(np.int64)
        return PeopleRows(starts, role[order], told[order], until[order])

    def stated(self, column: str) -> Words:
        """Value of a column of each opportunity, None when missing."""
        rows = self._history.opportunities
        if column not in rows.columns:
            missing: NDArray[np.object_] = np.full(len(rows), None, dtype=object)
            return missing
        values = rows[column]
        return values.astype(object).where(values.notna(), None).to_numpy(dtype=object)
