"""A history seen from many snapshots at once: integer arrays that every feature family shares."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.activity_events import activities_of_opportunities, is_two_way
from features.history.history import History
from features.history.process import Stage
from features.instants import DAY, micros
from features.paths import StagePath, Timeline, ValuePath, timeline, walk_stages, walk_values

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

OUTCOME_CODE = {"open": 0, "won": 1, "lost": 2}


@dataclass(frozen=True)
class View:
    """Snapshots of a history.

    Parameters
    ----------
    history
        The recorded past; it may reach beyond the snapshots' instants.
    opportunity
        Row of ``history.opportunities`` of each snapshot, shape (n,).
    as_of
        Instant of each snapshot in microseconds, shape (n,).
    """

    history: History
    opportunity: Ints
    as_of: Ints

    def __len__(self) -> int:
        """Count the snapshots."""
        return len(self.as_of)

    def at(self, opportunity: Ints, as_of: Ints) -> View:
        """Look at the same history from other snapshots."""
        return View(self.history, opportunity, as_of)

    @cached_property
    def created(self) -> Ints:
        """When each snapshot's opportunity was created, microseconds."""
        return micros(self.history.opportunities["created_at"])[self.opportunity]

    @cached_property
    def opportunity_index(self) -> pd.Index:
        """Opportunity ids in the order of the table."""
        index: pd.Index = pd.Index(self.history.opportunities["opportunity_id"])
        return index

    @cached_property
    def stages(self) -> list[tuple[str, Stage]]:
        """Every stage of every process, by code, with its process's name."""
        return [(p.name, stage) for p in self.history.processes.values() for stage in p.stages]

    @cached_property
    def stage_position(self) -> Ints:
        """Place of each stage code in its own process."""
        places = [i for p in self.history.processes.values() for i in range(len(p.stages))]
        return np.array(places, dtype=np.int64)

    @cached_property
    def stage_outcome(self) -> Ints:
        """Outcome of each stage code: 0 open, 1 won, 2 lost."""
        return np.array([OUTCOME_CODE[stage.outcome] for _, stage in self.stages], dtype=np.int64)

    @cached_property
    def stage_timeline(self) -> Timeline:
        """Stages entered, by opportunity."""
        frame = self.history.stage_history
        owner = self.opportunity_index.get_indexer(pd.Index(frame["opportunity_id"]))
        process = self.history.opportunities["process"].to_numpy(dtype=object)
        codes = pd.MultiIndex.from_tuples([(name, stage.key) for name, stage in self.stages])
        named = pd.MultiIndex.from_arrays([process[owner], frame["stage"].to_numpy(dtype=object)])
        code = codes.get_indexer(named).astype(np.float64)
        return self._timeline(frame, owner, code)

    @cached_property
    def stage_path(self) -> StagePath:
        """What is known of each snapshot's stages."""
        return walk_stages(self.stage_timeline, self.stage_position, self.stage_outcome, self.opportunity, self.as_of)

    @cached_property
    def owner_path(self) -> ValuePath:
        """Who owned each snapshot's opportunity; values are places in ``owners``."""
        return self.levels("owner", list(self.owners))

    @cached_property
    def owners(self) -> pd.Index:
        """Every owner that a change of owner names."""
        changes = self.history.field_history
        named = changes.loc[changes["field"] == "owner", "value"].dropna().unique()
        index: pd.Index = pd.Index(sorted(named))
        return index

    @cached_property
    def owner(self) -> NDArray[np.object_]:
        """Owner of each snapshot's opportunity as known; None when unknown."""
        last, changed = self.owner_path.last, self.owner_path.set_at >= 0
        named = np.array([*self.owners, None], dtype=object)
        later = named[np.where(np.isnan(last), -1, last).astype(np.int64)]
        return np.where(changed, later, self.first_owner)

    @cached_property
    def first_owner(self) -> NDArray[np.object_]:
        """Owner of each snapshot's opportunity at its creation; None when unknown."""
        stated = self.history.opportunities["owner_id"]
        return stated.astype(object).where(stated.notna(), None).to_numpy(dtype=object)[self.opportunity]

    @cached_property
    def activities(self) -> pd.DataFrame:
        """Activities by opportunity, as ``activities_of_opportunities`` gives them."""
        return activities_of_opportunities(self.history)

    @cached_property
    def two_way_contacts(self) -> pd.DataFrame:
        """Activities that happened and were contact with the buyer."""
        happened = ~self.activities["planned"].to_numpy(bool)
        talked: pd.DataFrame = self.activities.loc[is_two_way(self.activities) & happened]
        return talked

    def numbers(self, field: str) -> ValuePath:
        """Follow a numeric field, such as ``amount``."""
        return self._values(field, _as_numbers)

    def dates(self, field: str) -> ValuePath:
        """Follow a field of dates; its values are days since 1970."""
        return self._values(field, _days_since_1970)

    def levels(self, field: str, words: Sequence[str]) -> ValuePath:
        """Follow a field of ordered words; its values are places in ``words``, NaN for others."""
        place = {word: float(i) for i, word in enumerate(words)}
        return self._values(field, lambda text: cast(Floats, text.map(place).to_numpy(np.float64)))

    def _values(self, field: str, read: Callable[[pd.Series], Floats]) -> ValuePath:
        key, occurred, recorded, rows_of = self._field_events
        rows = rows_of.get(field)
        if rows is None:
            return _nothing_known(len(self))
        value = read(self.history.field_history["value"].iloc[rows])
        path = timeline(key[rows], occurred[rows], recorded[rows], value, n_keys=len(self.history.opportunities))
        return walk_values(path, self.opportunity, self.as_of)

    @cached_property
    def _field_events(self) -> tuple[Ints, Ints, Ints, dict[str, Ints]]:
        """Opportunity and the two instants of every change of a field, and the rows of each field."""
        frame = self.history.field_history
        code, names = pd.factorize(frame["field"])
        order = np.argsort(code, kind="stable").astype(np.int64)
        parts = np.split(order, np.cumsum(np.bincount(code, minlength=len(names)))[:-1]) if len(names) else []
        key = self.opportunity_index.get_indexer(pd.Index(frame["opportunity_id"])).astype(np.int64)
        rows_of = {str(name): rows for name, rows in zip(names, parts, strict=True)}
        return key, micros(frame["occurred_at"]), micros(frame["recorded_at"]), rows_of

    def _timeline(self, frame: pd.DataFrame, owner: NDArray[np.intp], value: Floats) -> Timeline:
        return timeline(
            owner.astype(np.int64),
            micros(frame["occurred_at"]),
            micros(frame["recorded_at"]),
            value,
            n_keys=len(self.history.opportunities),
        )

    def observed(self, names: Sequence[str], back: int | None = None) -> Bools:
        """Tell where at least one of the names was collected all through the time looked at.

        Parameters
        ----------
        names
            Kinds of activity or fields.
        back
            How far each snapshot looks back, microseconds; to its creation when None.

        Returns
        -------
        ndarray of shape (n,). Where it is False the features are missing: what was not
        collected is not zero.
        """
        looked_at = self.created if back is None else np.maximum(self.created, self.as_of - back)
        seen = np.zeros(len(self), dtype=bool)
        for name in names:
            if name in self.history.collected:
                since = self.history.collected[name]
                seen |= np.full(len(self), True) if since is None else looked_at >= micros(pd.Index([since]))[0]
        return seen

    def days_since(self, then: Ints) -> Floats:
        """Days from ``then`` to each snapshot; NaN where ``then`` is negative (never)."""
        return np.where(then < 0, np.nan, (self.as_of - then) / DAY)


def _nothing_known(size: int) -> ValuePath:
    unknown, none = np.full(size, np.nan), np.zeros(size, np.int64)
    never = np.full(size, -1, np.int64)
    return ValuePath(unknown, unknown.copy(), never, none, none.copy(), never.copy())


def _as_numbers(text: pd.Series) -> Floats:
    return cast(Floats, pd.to_numeric(text, errors="coerce").to_numpy(np.float64))


def _days_since_1970(text: pd.Series) -> Floats:
    dates = pd.to_datetime(text, errors="coerce", utc=True, format="ISO8601")
    return np.where(np.array(dates.isna()), np.nan, micros(dates) / DAY)
