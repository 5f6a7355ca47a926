"""The recorded past as plain arrays: what the feature families read, whether from tables or from a request.

Rows of events name their opportunity by its place, ``key``; -1 is none of those asked about.
Instants are microseconds since 1970, UTC.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.compiled import Floats, Ints

Words = NDArray[np.object_]

INBOUND, AUTOMATED, PLANNED, OF_ACCOUNT = 1, 2, 4, 8
"""Bits of ``ActivityRows.flags``; the last is of what concerns an account and names no opportunity."""

NOT_REPLACED = int(np.iinfo(np.int64).max)


@dataclass(frozen=True)
class StageRows:
    """Stages entered, shape (m,); ``code`` is the stage's place among all stages of all processes."""

    key: Ints
    occurred: Ints
    recorded: Ints
    code: Floats


@dataclass(frozen=True)
class FieldRows:
    """Values of all fields, field after field, shape (m,); a value that was cleared is None or NaN.

    ``bounds`` has the first row of each field, and the one after its last.
    """

    key: Ints
    occurred: Ints
    recorded: Ints
    text: Sequence[object] | Words
    bounds: Mapping[str, tuple[int, int]]

    def of(self, field: str) -> FieldRows:
        """Select the values of one field."""
        low, high = self.bounds.get(field, (0, 0))
        parts = (self.key[low:high], self.occurred[low:high], self.recorded[low:high], self.text[low:high])
        return FieldRows(*parts, {field: (0, high - low)})


@dataclass(frozen=True)
class ActivityRows:
    """Activities, each with the opportunity that it concerns, shape (m,).

    Parameters
    ----------
    superseded
        From when a later record of the same activity replaces this one, ``NOT_REPLACED`` if never.
    kind
        Place of its kind in ``kinds``.
    flags
        ``INBOUND``, ``AUTOMATED``, ``PLANNED`` and ``OF_ACCOUNT``, added up.
    seconds
        How long it took, whole seconds; 0 when not known.
    topic, contact
        Codes, -1 for none; those of contacts are the ones of ``PeopleRows``.
    """

    key: Ints
    occurred: Ints
    recorded: Ints
    superseded: Ints
    kind: Ints
    flags: Ints
    seconds: Ints
    topic: Ints
    contact: Ints
    kinds: tuple[str, ...]


@dataclass(frozen=True)
class PeopleRows:
    """Records of people whose role is known, by person: ``starts[c]`` to ``starts[c + 1]`` are of contact c.

    ``role`` is the place in ``ROLES``.
    """

    starts: Ints
    role: Ints
    recorded: Ints
    superseded: Ints


def seconds_of(durations: Floats) -> Ints:
    """Round durations to whole seconds, so that their sums are exact; 0 where they are not known.

    Examples
    --------
    >>> seconds_of(np.array([1.6, np.nan]))
    array([2, 0])
    """
    return np.where(np.isnan(durations), 0, np.round(durations)).astype(np.int64)


ROLES = ("decision_maker", "technical_evaluator", "purchaser", "user")
"""Roles in the buying centre."""


class Rows(Protocol):
    """The recorded past of some opportunities."""

    @property
    def created(self) -> Ints:
        """When each opportunity was created."""
        ...

    @property
    def told(self) -> Ints:
        """When we were told of each opportunity."""
        ...

    @property
    def stages(self) -> StageRows:
        """Stages entered."""
        ...

    @property
    def fields(self) -> FieldRows:
        """Values set."""
        ...

    @property
    def activities(self) -> ActivityRows:
        """Activities of the opportunities, and of their accounts."""
        ...

    @property
    def people(self) -> PeopleRows:
        """People whose role is known."""
        ...

    def stated(self, column: str) -> Words:
        """Value of a column of each opportunity, None when missing."""
        ...


class RowTables(Mapping[str, pd.DataFrame]):
    """Tables of a history whose rows are there as arrays before anybody makes a table of them."""

    @property
    @abstractmethod
    def rows(self) -> Rows:
        """The rows as arrays."""
        ...
