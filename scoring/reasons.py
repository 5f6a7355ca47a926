"""Why a score is what it is: percentage points from the typical open opportunity to this one.

Exact points add up to the probability; those shown, rounded to a tenth of a point, add up to
the probability shown. Words say what raises or lowers the estimate, never what would change
the outcome.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from features.feature import GROUPS, Feature, Group
from features.snapshot_table import Table, as_snapshots
from models.artifact import Artifact
from models.attribution import Attribution
from scoring.rounding import TENTHS, rounded_list, tenths
from scoring.usual import UsualShare, share_of_group, usual_group
from scoring.words import Words, stage_names, value_words

Floats = NDArray[np.float64]

MOST = 5
"""Reasons up, and down, that are put into words."""


class Part(NamedTuple):
    """What a feature or a group of features adds, percentage points; ``shown`` is rounded."""

    key: str
    group: Group
    names: Words
    points: float
    shown: float


@dataclass(frozen=True)
class Reason:
    """A part in words: the value, what is usual (None where too little is known), and the effect."""

    part: Part
    value: Words
    usual: UsualShare | None
    effect: Words

    @property
    def sentence(self) -> Words:
        """Value, what is usual and effect in one line."""
        usual = (self.usual.words,) if self.usual else ()
        parts = (self.value, *usual, self.effect)
        return Words("; ".join(p.en for p in parts), "；".join(p.zh for p in parts))


@dataclass(frozen=True)
class Reasons:
    """What adds up to the win probability of one opportunity, percentage points.

    ``base`` is the win probability of the typical open opportunity. ``groups`` and
    ``features`` each add up to the distance from there; features that add nothing are left
    out, the largest come first. ``up`` and ``down`` are the largest five in words.
    """

    base: float
    base_shown: float
    probability_shown: float
    groups: tuple[Part, ...]
    features: tuple[Part, ...]
    up: tuple[Reason, ...]
    down: tuple[Reason, ...]


class Explainer:
    """Puts attributions of one model into reasons.

    Parameters
    ----------
    artifact
        The model, with what is usual in its training data.
    """

    def __init__(self, artifact: Artifact) -> None:
        self.artifact = artifact
        self.usual: Mapping[str, Any] = artifact.usual
        self.stages = stage_names(artifact.processes)
        self._shares: dict[tuple[str, int], UsualShare] = {}

    @cached_property
    def features(self) -> dict[str, Feature]:
        """Features by name."""
        return {feature.name: feature for feature in self.artifact.catalogue.features}

    @cached_property
    def _names(self) -> dict[str, Words]:
        return {name: Words(feature.en, feature.zh) for name, feature in self.features.items()}

    def reasons(self, found: Attribution, row: int, win: float, values: Mapping[str, Any]) -> Reasons:
        """Give the reasons of one opportunity.

        Parameters
        ----------
        found
            What adds up to the probabilities.
        row
            Place of the opportunity in it.
        win
            Its win probability.
        values
            Its features by name.
        """
        added = [(name, part) for name, part in zip(found.features, found.parts[row].tolist(), strict=True) if part]
        parts = [part for _, part in added]
        base, shown = tenths(found.base), tenths(win)
        groups = [self.features[name].group for name, _ in added]
        by_group, by_feature = rounded_by_group(groups, [TENTHS * part for part in parts], shown - base)
        largest = sorted(range(len(parts)), key=lambda i: -abs(parts[i]))
        names = self._names
        listed = tuple(
            Part(added[i][0], groups[i], names[added[i][0]], 100 * parts[i], by_feature[i] / 10) for i in largest
        )
        return Reasons(
            base=100 * found.base,
            base_shown=base / 10,
            probability_shown=shown / 10,
            groups=group_parts(by_group),
            features=listed,
            up=tuple(self._reason(p, values) for p in [p for p in listed if p.shown > 0][:MOST]),
            down=tuple(self._reason(p, values) for p in [p for p in listed if p.shown < 0][:MOST]),
        )

    def _reason(self, part: Part, values: Mapping[str, Any]) -> Reason:
        feature, value = self.features[part.key], values[part.key]
        said = value_words(feature, value, self.stages)
        return Reason(part, said, self._usual_share(feature, value), effect_words(part.shown))

    def _usual_share(self, feature: Feature, value: object) -> UsualShare | None:
        """Say what is usual; the words of a group of values are made once."""
        place = usual_group(feature, value, self.usual)
        if place is None:
            return None
        found = self._shares.get((feature.name, place))
        if found is None:
            found = self._shares[feature.name, place] = share_of_group(feature, place, self.usual, self.stages)
        return found


_MOST_EXPLAINERS = 16
_explainers: dict[int, Explainer] = {}


def explainer_of(artifact: Artifact) -> Explainer:
    """Give the explainer of a model: made once, because it keeps the words that it has made."""
    found = _explainers.get(id(artifact))
    # An id may be given anew, but not while an explainer holds the model.
    if found is None:
        if len(_explainers) >= _MOST_EXPLAINERS:
            _explainers.clear()
        found = _explainers[id(artifact)] = Explainer(artifact)
    return found


def explain(artifact: Artifact, table: Table, win: Floats) -> list[Reasons]:
    """Give the reasons of snapshots of one model, from their win probabilities, shape (n,)."""
    snapshots = as_snapshots(table)
    explainer, found = explainer_of(artifact), artifact.win.attribute(snapshots, win)
    return [explainer.reasons(found, row, float(win[row]), snapshots.row(row)) for row in range(len(snapshots))]


def feature_part(feature: Feature, part: float, shown: int) -> Part:
    """Write what a feature adds, a share of 1, and its rounded tenths of a point, as a part."""
    return Part(feature.name, feature.group, Words(feature.en, feature.zh), 100 * float(part), int(shown) / 10)


def rounded_by_group(
    groups: Sequence[Group], parts: Sequence[float], total: int
) -> tuple[dict[Group, tuple[float, int]], list[int]]:
    """Round parts so that those of each group add up to the group's, and the groups to the total.

    Returns
    -------
    Sum and rounded sum of each group that there is, in the order in which people read them;
    and the rounded parts.
    """
    members: dict[Group, list[int]] = {group: [] for group in GROUPS}
    for place, group in enumerate(groups):
        members[group].append(place)
    members = {group: places for group, places in members.items() if places}
    sums = [sum(parts[place] for place in places) for places in members.values()]
    rounded = rounded_list(sums, total)
    shown = [0] * len(parts)
    for places, whole in zip(members.values(), rounded, strict=True):
        for place, value in zip(places, rounded_list([parts[p] for p in places], whole), strict=True):
            shown[place] = value
    return dict(zip(members, zip(sums, rounded, strict=True), strict=True)), shown


def group_parts(by_group: Mapping[Group, tuple[float, int]]) -> tuple[Part, ...]:
    """Write rounded groups, in tenths of a point, as parts."""
    return tuple(
        Part(group, group, _GROUP_NAMES[group], exact / 10, shown / 10) for group, (exact, shown) in by_group.items()
    )


_GROUP_NAMES = {group: Words(names["en"], names["zh-CN"]) for group, names in GROUPS.items()}


def reasons_to_dict(reasons: Reasons | None, most: int = 3) -> dict[str, str | None]:
    """Flatten what raises and what lowers an estimate most into columns ``up_1``, ``up_1_zh`` … ``down_3_zh``."""
    row: dict[str, str | None] = {}
    for side in ("up", "down"):
        found: tuple[Reason, ...] = getattr(reasons, side) if reasons is not None else ()
        for place in range(most):
            said = found[place].sentence if place < len(found) else None
            row[f"{side}_{place + 1}"] = said.en if said else None
            row[f"{side}_{place + 1}_zh"] = said.zh if said else None
    return row


def effect_words(points: float) -> Words:
    """Say by how much an estimate is raised or lowered.

    Examples
    --------
    >>> effect_words(-3.2)
    Words(en='lowers the estimate by 3.2 points', zh='使估计降低3.2个百分点')
    """
    if points == 0:
        return Words("hardly changes the estimate", "对估计几乎无影响")
    size, up = f"{abs(points):.1f}", points > 0
    en = f"{'raises' if up else 'lowers'} the estimate by {size} points"
    return Words(en, f"使估计{'升高' if up else '降低'}{size}个百分点")
