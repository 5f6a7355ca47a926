"""A history seen from many snapshots at once: integer arrays that every feature family shares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.field_values import values_of, words_of
from features.history.history import History
from features.history.process import Stage
from features.history.schema import CORRECTABLE
from features.instants import DAY, micros_of
from features.paths import StagePath, Timeline, ValuePath, timeline, walk_stages, walk_values
from features.rows import FieldRows, Rows, RowTables, Words
from features.table_rows import TableRows

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

OUTCOME_CODE = {"open": 0, "won": 1, "lost": 2}

ALWAYS, NOT_COLLECTED = int(np.iinfo(np.int64).min), int(np.iinfo(np.int64).max)
"""Since when something is collected: from before the first instant, or not by the last."""


def rows_of(history: History) -> Rows:
    """Give the rows of a history as arrays; those of a request without a table between."""
    return history.tables.rows if isinstance(history.tables, RowTables) else TableRows(history)


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
    def rows(self) -> Rows:
        """The recorded past as arrays."""
        return rows_of(self.history)

    @property
    def size(self) -> int:
        """Number of opportunities."""
        return len(self.rows.created)

    @cached_property
    def created(self) -> Ints:
        """When each snapshot's opportunity was created, as then known, microseconds."""
        stated = self.rows.created[self.opportunity]
        if "created_at" not in self.rows.fields.bounds:
            return stated
        told = self.path("created_at").last
        return np.where(np.isnan(told), stated, told).astype(np.int64)

    @cached_property
    def opportunity_index(self) -> pd.Index:
        """Opportunity ids in the order of the table."""
        index: pd.Index = pd.Index(self.history.opportunities["opportunity_id"])
        return index

    def stated(self, column: str) -> Words:
        """Value of a column of each snapshot's opportunity, None when missing."""
        return self.rows.stated(column)[self.opportunity]

    def as_known(self, column: str) -> Words:
        """Value of a column of each snapshot's opportunity as then known, None when missing.

        It is the one stated, or the last one told since. A value that was cleared is unknown; it
        does not fall back to the first. Of a column told anew the one stated is the last: before
        its first record it is unknown.
        """
        if column not in self.rows.fields.bounds:
            return self.stated(column)
        path, later = self.words(column)
        if column in CORRECTABLE:
            is_told = np.isin(self.opportunity, self.rows.fields.of(column).key)
            return np.where(is_told, later, self.stated(column))
        return np.where(path.set_at < 0, self.stated(column), later)

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
        rows = self.rows.stages
        return timeline(rows.key, rows.occurred, rows.recorded, rows.code, n_keys=self.size)

    @cached_property
    def stage_path(self) -> StagePath:
        """What is known of each snapshot's stages."""
        return walk_stages(self.stage_timeline, self.stage_position, self.stage_outcome, self.opportunity, self.as_of)

    @cached_property
    def owner(self) -> Words:
        """Owner of each snapshot's opportunity as known; None when unknown."""
        path = self.path("owner")
        return np.where(path.set_at >= 0, self.named("owner", path.last), self.first_owner)

    @cached_property
    def first_owner(self) -> Words:
        """Owner of each snapshot's opportunity at its creation; None when unknown."""
        return self.stated("owner_id")

    @cached_property
    def _paths(self) -> dict[str, ValuePath]:
        return {}

    @cached_property
    def _words(self) -> dict[str, tuple[str, ...]]:
        return {}

    def path(self, field: str) -> ValuePath:
        """Follow a field; its values are those of ``features.field_values``."""
        if field not in self._paths:
            self.follow([field])
        return self._paths[field]

    def named(self, field: str, places: Floats) -> Words:
        """Name the values of a field that are places of words; None where they are missing."""
        words: Words = np.array([*self._words[field], None], dtype=object)
        return words[np.where(np.isnan(places), -1, places).astype(np.int64)]

    def words(self, field: str) -> tuple[ValuePath, Words]:
        """Follow a field as words, and give the last known word of each snapshot, None when missing."""
        path = self.path(field)
        if not self._words[field] and field in self.rows.fields.bounds:
            # A field that is read as numbers otherwise.
            self._words[field] = words_of("", self.rows.fields.of(field).text)
            path = self.levels(field, self._words[field])
        return path, self.named(field, path.last)

    def follow(self, fields: Sequence[str]) -> None:
        """Follow several fields at once; ``path`` gives what was found."""
        rows, wanted = self.rows.fields, list(dict.fromkeys(fields))
        place, value = np.full(len(rows.key), -1), np.full(len(rows.key), np.nan)
        for column, field in enumerate(wanted):
            low, high = rows.bounds.get(field, (0, 0))
            text = rows.text[low:high]
            words = self._words[field] = words_of(field, text)
            place[low:high], value[low:high] = column, values_of(field, text, words)
        self._paths.update(zip(wanted, self._walk(rows, place, value, len(wanted)), strict=True))

    def levels(self, field: str, words: Sequence[str]) -> ValuePath:
        """Follow a field of ordered words; its values are places in ``words``, NaN for others."""
        rows = self.rows.fields.of(field)
        return self._walk(rows, np.zeros(len(rows.key), np.int64), values_of("", rows.text, words), 1)[0]

    def _walk(self, rows: FieldRows, place: Ints, value: Floats, count: int) -> list[ValuePath]:
        """Follow values of several fields: each opportunity's events of each field are a group of their own."""
        key = np.where((rows.key < 0) | (place < 0), -1, rows.key * count + place)
        path = timeline(key, rows.occurred, rows.recorded, value, n_keys=count * self.size)
        asked = (self.opportunity * count + np.arange(count)[:, None]).ravel()
        return walk_values(path, asked, np.tile(self.as_of, count)).parts(count)

    def since(self, names: Sequence[str]) -> int:
        """From when at least one of the names was collected, microseconds.

        Parameters
        ----------
        names
            Kinds of activity or fields.
        """
        return min((self.collected.get(name, NOT_COLLECTED) for name in names), default=NOT_COLLECTED)

    @cached_property
    def collected(self) -> dict[str, int]:
        """From when each kind and field was collected, microseconds."""
        since = self.history.collected.items()
        return {name: ALWAYS if instant is None else micros_of(instant) for name, instant in since}

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
        return looked_at >= self.since(names)

    def days_since(self, then: Ints) -> Floats:
        """Days from ``then`` to each snapshot; NaN where ``then`` is negative (never)."""
        return np.where(then < 0, np.nan, (self.as_of - then) / DAY)
