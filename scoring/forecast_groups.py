"""The groups that a forecast is cut by, and who is in which."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scoring.standing import Standing

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Words = NDArray[np.object_]

NEW, DONE = "not_created_yet", "won"
"""Groups of what has no class and no stage: opportunities not created yet, and those won."""

_OF_THE_MOMENT = ("class", "stage")


@dataclass(frozen=True)
class Groups:
    """Names of the groups in order, and the place of each opportunity's own.

    ``open``, ``won`` and ``new`` are of the open opportunities, of those won in the period and of
    the past wins that may come again.
    """

    names: tuple[str | None, ...]
    open: Ints
    won: Ints
    new: Ints
    by: str | None

    def sum(self, place: Ints, values: Floats) -> Floats:
        """Sum values by group, shape (groups,)."""
        return np.bincount(place, values, minlength=len(self.names)).astype(np.float64)

    def commits(self, commits: Mapping[str, float] | None, standing: Standing) -> list[float | None]:
        """What the owners of each group committed to: by owner, or by team where each owner is in one."""
        if not commits or self.by not in ("owner", "team"):
            return [None] * len(self.names)
        if self.by == "owner":
            return [None if name is None else commits.get(name) for name in self.names]
        team = dict(zip(standing.owner.tolist(), standing.groups("team").tolist(), strict=True))
        sums: dict[str | None, float] = {}
        for owner, amount in commits.items():
            if owner in team:
                sums[team[owner]] = sums.get(team[owner], 0.0) + amount
        return [sums.get(name) for name in self.names]


def groups_of(by: str | None, now_open: Standing, won: Standing, again: Standing, classes: Words | None) -> Groups:
    """Find the groups of a forecast, in the order of their names, unknown last.

    Parameters
    ----------
    by
        Column; None for one group of all.
    classes
        Class of each open opportunity, for ``class``.
    """
    if by is None:
        values = [np.full(len(part), "", dtype=object) for part in (now_open, won, again)]
    elif by in _OF_THE_MOMENT:
        of_open = now_open.stage if by == "stage" or classes is None else classes
        values = [of_open, np.full(len(won), DONE, dtype=object), np.full(len(again), NEW, dtype=object)]
    else:
        values = [part.groups(by) for part in (now_open, won, again)]
    found = {name for part in values for name in part.tolist()}
    names = (*sorted((n for n in found if n is not None), key=str), *([None] if None in found else []))
    place = {name: at for at, name in enumerate(names or ("",))}
    places = [np.array([place[name] for name in part.tolist()], dtype=np.int64) for part in values]
    named = tuple(None if n is None else str(n) for n in names) or ("",)
    return Groups(named, places[0], places[1], places[2], by)
