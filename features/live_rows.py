"""The rows of a live request as plain arrays, from its records."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property
from itertools import accumulate, pairwise

import numpy as np

from features.compiled import Ints
from features.history.live_records import LiveOpportunity
from features.history.live_rules import Rules
from features.rows import NOT_REPLACED, ROLES, ActivityRows, FieldRows, PeopleRows, StageRows, Words, seconds_of

_ROLE_CODE = {role: code for code, role in enumerate(ROLES)}


class LiveRows:
    """The rows of checked opportunities.

    Parameters
    ----------
    opportunities
        The checked records.
    rules
        What they were held against.
    """

    def __init__(self, opportunities: Sequence[LiveOpportunity], rules: Rules) -> None:
        self._opportunities = opportunities
        self._rules = rules

    @cached_property
    def created(self) -> Ints:
        """When each opportunity was created."""
        return np.array([live.opportunity["created_at"] for live in self._opportunities], dtype=np.int64)

    @cached_property
    def told(self) -> Ints:
        """When we were told of each opportunity."""
        return np.array([live.opportunity["recorded_at"] for live in self._opportunities], dtype=np.int64)

    @cached_property
    def stages(self) -> StageRows:
        """Stages entered."""
        codes = self._rules.stage_codes
        rows = [
            (key, stage.occurred_at, stage.recorded_at, codes[live.opportunity["process"], stage.stage])
            for key, live in enumerate(self._opportunities)
            for stage in live.stages
        ]
        key, occurred, recorded, code = _columns(rows, 4)
        return StageRows(key, occurred, recorded, code.astype(np.float64))

    @cached_property
    def fields(self) -> FieldRows:
        """Values set."""
        rows: dict[str, list[tuple[int, int, int]]] = {}
        texts: dict[str, list[str | None]] = {}
        for key, live in enumerate(self._opportunities):
            for field, value, occurred, recorded in live.fields:
                rows.setdefault(field, []).append((key, occurred, recorded))
                texts.setdefault(field, []).append(value)
        ends = accumulate(map(len, rows.values()), initial=0)
        key, occurred, recorded = _columns([row for found in rows.values() for row in found], 3)
        return FieldRows(
            key,
            occurred,
            recorded,
            [text for found in texts.values() for text in found],
            dict(zip(rows, pairwise(ends), strict=True)),
        )

    @cached_property
    def activities(self) -> ActivityRows:
        """Activities of the opportunities, and of their accounts."""
        sizes = [len(live.activities) for live in self._opportunities]
        rows = [activity for live in self._opportunities for activity in live.activities]
        kind, flags, occurred, recorded = _columns([row[:4] for row in rows], 4)
        durations = np.array([math.nan if row[4] is None else row[4] for row in rows], dtype=np.float64)
        topics: dict[str, int] = {}
        return ActivityRows(
            key=np.repeat(np.arange(len(sizes)), sizes),
            occurred=occurred,
            recorded=recorded,
            superseded=np.full(len(rows), NOT_REPLACED),
            kind=kind,
            flags=flags,
            seconds=seconds_of(durations),
            topic=_codes([-1 if row[5] is None else topics.setdefault(row[5], len(topics)) for row in rows]),
            contact=_codes(self._contact_codes),
            kinds=self._rules.kinds,
        )

    @cached_property
    def _contacts(self) -> dict[tuple[int, str], tuple[int, int, int]]:
        """Code, role and instant of the people whose role is known, by opportunity and id."""
        found: dict[tuple[int, str], tuple[int, int, int]] = {}
        for key, live in enumerate(self._opportunities):
            for name, role in live.contacts:
                if role in _ROLE_CODE:
                    found[key, name] = len(found), _ROLE_CODE[role], live.opportunity["created_at"]
        return found

    @property
    def _contact_codes(self) -> list[int]:
        nobody = (-1,)
        return [
            self._contacts.get((key, activity.contact_id), nobody)[0] if activity.contact_id is not None else -1
            for key, live in enumerate(self._opportunities)
            for activity in live.activities
        ]

    @cached_property
    def people(self) -> PeopleRows:
        """People whose role is known."""
        _, role, told = _columns(list(self._contacts.values()), 3)
        return PeopleRows(np.arange(len(role) + 1), role, told, np.full(len(role), NOT_REPLACED))

    def stated(self, column: str) -> Words:
        """Value of a column of each opportunity, None when missing."""
        values: Words = np.empty(len(self._opportunities), dtype=object)
        values[:] = [live.opportunity.get(column) for live in self._opportunities]
        return values


def _columns(rows: Sequence[tuple[int, ...]], count: int) -> Ints:
    """Turn rows of whole numbers into columns, shape (count, m)."""
    return np.array(list(zip(*rows, strict=True)), dtype=np.int64).reshape(count, -1)


def _codes(codes: list[int]) -> Ints:
    return np.array(codes, dtype=np.int64)
