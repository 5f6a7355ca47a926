"""Several members and their blend as one estimator."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from features.snapshot_table import Snapshots, Table, as_snapshots
from models.attribution import Attribution, attribute, joined
from models.blend import Blend
from models.calibration import Level
from models.flat_boosting import FlatBoosting
from models.incidence import Floats, Incidence
from models.lightgbm_hazards import LightGBMHazards
from models.member import Member, member_from_dict
from models.spread import interval

_AT_ONCE = 1000
"""Snapshots attributed at once: what each feature adds in each interval takes much memory."""


@dataclass(frozen=True)
class HazardBlend:
    """Fitted members, how they are blended, and the level of the hazards on top.

    ``won`` counts the opportunities won in training: how far off the answers may be.

    Members without weight are kept for comparison in a backtest, but not stored.
    """

    members: tuple[Member, ...]
    blend: Blend
    level: Level = field(default_factory=Level)
    won: int = 0

    @cached_property
    def in_use(self) -> list[int]:
        """Places of the members that have a weight."""
        pairs = zip(self.blend.weights, self.blend.clocks, strict=True)
        return [place for place, (weight, clock) in enumerate(pairs) if weight > 0 or clock > 0]

    @cached_property
    def _blend(self) -> Blend:
        """The blend of the members in use."""
        return self.blend.of_members(self.in_use)

    def predict(self, snapshots: Table) -> Incidence:
        """Answer for snapshots, shape (n,): win probability and clocks."""
        return self._combined(snapshots)[0]

    def predict_with_interval(self, snapshots: Table) -> tuple[Incidence, Floats, Floats]:
        """Answer for snapshots, with the bounds of the 80 % interval of each win probability."""
        answer, blend, answers = self._combined(snapshots)
        return answer, *interval(answer.win, self.won, blend.weights, answers)

    def _combined(self, snapshots: Table) -> tuple[Incidence, Blend, list[Incidence]]:
        """Answer of the blend at its level, and what it is made of."""
        found = as_snapshots(snapshots)
        answers = [self.members[place].predict(found) for place in self.in_use]
        return self.level.apply(self._blend.combine(answers), found), self._blend, answers

    def attribute(self, snapshots: Table, win: Floats | None = None) -> Attribution:
        """Say what adds up to the win probability of each snapshot.

        ``win`` are the win probabilities of the same snapshots, shape (n,), if ``predict`` has
        given them already.
        """
        found = as_snapshots(snapshots)
        win = self.predict(found).win if win is None else win
        if len(found) <= _AT_ONCE:
            return self._attribute(found, win)
        parts = [slice(start, start + _AT_ONCE) for start in range(0, len(found), _AT_ONCE)]
        return joined([self._attribute(found.take(part), win[part]) for part in parts])

    def _attribute(self, snapshots: Snapshots, win: Floats) -> Attribution:
        additions = [self.members[place].additions(snapshots) for place in self.in_use]
        return attribute(self._blend, additions, win, self.level.additions(snapshots))

    def predict_members(self, snapshots: Table) -> dict[str, Incidence]:
        """Answer of each member by its name."""
        found = as_snapshots(snapshots)
        return {member.name: member.predict(found) for member in self.members}

    def to_dict(self) -> dict[str, Any]:
        """Describe the members in use in JSON; boosters are in ``texts``."""
        used = [self.members[place] for place in self.in_use]
        names = [member.name for member in self.members]
        return {
            "weights": dict(zip(names, self.blend.weights, strict=True)),
            "clock_weights": dict(zip(names, self.blend.clocks, strict=True)),
            "level": self.blend.level,
            "won": self.won,
            # A list, because sums of floats depend on the order.
            "members": [{"name": member.name, "model": member.to_dict()} for member in used],
            **({} if self.level.is_zero else {"recalibration": self.level.to_dict()}),
        }

    def texts(self) -> dict[str, str]:
        """Text of the boosters in use, by cause."""
        for place in self.in_use:
            member = self.members[place]
            if isinstance(member, LightGBMHazards | FlatBoosting):
                return member.texts()
        return {}

    @classmethod
    def from_dict(cls, raw: dict[str, Any], texts: dict[str, str]) -> HazardBlend:
        """Read what ``to_dict`` and ``texts`` wrote; only members in use come back."""
        members = tuple(member_from_dict(m["name"], m["model"], texts) for m in raw["members"])
        weights, clocks = (
            tuple(float(raw[kind][member.name]) for member in members) for kind in ("weights", "clock_weights")
        )
        level = Level.from_dict(raw["recalibration"]) if "recalibration" in raw else Level()
        return cls(members, Blend(weights, float(raw["level"]), clocks), level, int(raw["won"]))
