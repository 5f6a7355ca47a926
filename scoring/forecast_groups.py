"""The groups that a forecast is cut by, and who is in which."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.history.process import Process
from scoring.classification import CLASSES
from scoring.forecast_goals import Commit, Goals, commit_of
from scoring.forecast_lines import Measure
from scoring.standing import Standing
from scoring.words import UNKNOWN, Words, stage_names

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Objects = NDArray[np.object_]

NEW, DONE = "not_created_yet", "won"
"""Groups of what has no class and no stage: opportunities not created yet, and those won."""

_OF_THE_MOMENT = ("class", "stage")
_SPECIAL = {NEW: Words("not created yet", "尚未创建"), DONE: Words("won already", "已赢单")}


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

    def commits(self, goals: Goals, measure: Measure, now_open: Standing, won: Standing) -> dict[str | None, Commit]:
        """What the owners of each group committed to: by owner, or by the team that each is in now."""
        commits = goals.of(measure).commits
        if not commits or self.by not in ("owner", "team"):
            return {}
        owners = owners_of(now_open, won) | set(commits)
        home: dict[str, str | None] = {owner: owner for owner in owners}
        if self.by == "team":
            home = {**_teams_of(won), **_teams_of(now_open), **goals.teams}
        members: dict[str | None, set[str]] = {}
        for owner in owners:
            members.setdefault(home.get(owner), set()).add(owner)
        return {group: commit_of(found, commits) for group, found in members.items()}


def owners_of(now_open: Standing, won: Standing) -> set[str]:
    """Owners who have something open, or won in the period."""
    return {str(owner) for part in (now_open, won) for owner in part.owner if owner is not None}


def _teams_of(standing: Standing) -> dict[str, str | None]:
    teams = standing.groups("team") if standing.team_now is None else standing.team_now
    return {str(o): t for o, t in zip(standing.owner.tolist(), teams.tolist(), strict=True) if o is not None}


def groups_of(
    by: str | None,
    now_open: Standing,
    won: Standing,
    again: Standing,
    classes: Objects | None,
    stated: Collection[str] = (),
) -> Groups:
    """Find the groups of a forecast, in the order of their names, unknown last.

    Parameters
    ----------
    by
        Column; None for one group of all.
    classes
        Class of each open opportunity, for ``class``.
    stated
        Groups that are there although they have no opportunities: something is stated of them.
    """
    if by is None:
        values = [np.full(len(part), "", dtype=object) for part in (now_open, won, again)]
    elif by in _OF_THE_MOMENT:
        of_open = now_open.stage if by == "stage" or classes is None else classes
        values = [of_open, np.full(len(won), DONE, dtype=object), np.full(len(again), NEW, dtype=object)]
    else:
        values = [part.groups(by) for part in (now_open, won, again)]
    found = {name for part in values for name in part.tolist()} | set(stated)
    names = (*sorted((n for n in found if n is not None), key=str), *([None] if None in found else []))
    place = {name: at for at, name in enumerate(names or ("",))}
    places = [np.array([place[name] for name in part.tolist()], dtype=np.int64) for part in values]
    named = tuple(None if n is None else str(n) for n in names) or ("",)
    return Groups(named, places[0], places[1], places[2], by)


def group_names(
    by: str | None, names: Sequence[str | None], processes: Mapping[str, Process]
) -> dict[str | None, Words]:
    """Say what people call the groups, in English and Chinese.

    Examples
    --------
    >>> group_names("class", ["active", None], {})["active"]
    Words(en='active', zh='活跃机会')
    """
    known = {}
    if by == "stage":
        known = stage_names(processes)
    if by == "class":
        known = {name: Words(words["en"], words["zh-CN"]) for name, words in CLASSES.items()}
    if by in _OF_THE_MOMENT:
        known = known | _SPECIAL
    return {name: UNKNOWN if name is None else known.get(name, Words(name, name)) for name in names}
