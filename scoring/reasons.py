"""Why a score is what it is: percentage points from the typical open opportunity to this one.

Exact points add up to the probability; those shown, rounded to a tenth of a point, add up to
the probability shown. Words say what raises or lowers the estimate, never what would change
the outcome.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.feature import GROUPS, Feature, Group
from features.snapshot_table import Table, as_snapshots
from models.artifact import Artifact
from models.attribution import Attribution
from scoring.rounding import TENTHS, rounded_parts, tenths
from scoring.usual import UsualShare, usual_share
from scoring.words import Words, stage_names, value_words

Floats = NDArray[np.float64]

MOST = 5
"""Reasons up, and down, that are put into words."""


@dataclass(frozen=True)
class Part:
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
        self.usual: Mapping[str, Any] = artifact.usual
        self.stages = stage_names(artifact.processes)
        self._catalogue = artifact.catalogue

    @cached_property
    def features(self) -> dict[str, Feature]:
        """Features by name."""
        return {feature.name: feature for feature in self._catalogue.features}

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
        there = np.flatnonzero(found.parts[row])
        features = [self.features[found.features[place]] for place in there]
        parts = found.parts[row, there]
        base, shown = tenths(found.base), tenths(win)
        by_group, by_feature = rounded_by_group([f.group for f in features], TENTHS * parts, shown - base)
        largest = sorted(range(len(features)), key=lambda i: (-abs(parts[i]), i))
        listed = tuple(feature_part(features[i], parts[i], by_feature[i]) for i in largest)
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
        return Reason(part, said, usual_share(feature, value, self.usual, self.stages), effect_words(part.shown))


def explain(artifact: Artifact, table: Table, win: Floats) -> list[Reasons]:
    """Give the reasons of snapshots of one model, from their win probabilities, shape (n,)."""
    snapshots = as_snapshots(table)
    explainer, found = Explainer(artifact), artifact.win.attribute(snapshots, win)
    return [explainer.reasons(found, row, float(win[row]), snapshots.row(row)) for row in range(len(snapshots))]


def feature_part(feature: Feature, part: float, shown: int) -> Part:
    """Write what a feature adds, a share of 1, and its rounded tenths of a point, as a part."""
    return Part(feature.name, feature.group, Words(feature.en, feature.zh), 100 * float(part), int(shown) / 10)


def rounded_by_group(
    groups: Sequence[Group], parts: Floats, total: int
) -> tuple[dict[Group, tuple[float, int]], list[int]]:
    """Round parts so that those of each group add up to the group's, and the groups to the total.

    Returns
    -------
    Sum and rounded sum of each group that there is, in the order in which people read them;
    and the rounded parts.
    """
    members = {group: [i for i, of in enumerate(groups) if of == group] for group in GROUPS}
    members = {group: places for group, places in members.items() if places}
    sums = [float(parts[places].sum()) for places in members.values()]
    rounded = rounded_parts(sums, total)
    shown = [0] * len(parts)
    for places, whole in zip(members.values(), rounded, strict=True):
        for place, value in zip(places, rounded_parts(parts[places], int(whole)), strict=True):
            shown[place] = int(value)
    return dict(zip(members, zip(sums, (int(r) for r in rounded), strict=True), strict=True)), shown


def group_parts(by_group: Mapping[Group, tuple[float, int]]) -> tuple[Part, ...]:
    """Write rounded groups, in tenths of a point, as parts."""
    return tuple(
        Part(group, group, Words(GROUPS[group]["en"], GROUPS[group]["zh-CN"]), exact / 10, shown / 10)
        for group, (exact, shown) in by_group.items()
    )


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
