"""Several members and their blend as one estimator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from models.blend import Blend
from models.incidence import Incidence
from models.lightgbm_hazards import LightGBMHazards
from models.member import Member, member_from_dict


@dataclass(frozen=True)
class HazardBlend:
    """Fitted members and how they are blended.

    Members without weight are kept for comparison in a backtest, but not stored.
    """

    members: tuple[Member, ...]
    blend: Blend

    def predict(self, snapshots: pd.DataFrame) -> Incidence:
        """Answer for snapshots, shape (n,): win probability and clocks."""
        used = [(m, w) for m, w in zip(self.members, self.blend.weights, strict=True) if w > 0]
        blend = Blend(tuple(w for _, w in used), self.blend.level)
        return blend.combine([member.predict(snapshots) for member, _ in used])

    def predict_members(self, snapshots: pd.DataFrame) -> dict[str, Incidence]:
        """Answer of each member by its name."""
        return {member.name: member.predict(snapshots) for member in self.members}

    def to_dict(self) -> dict[str, Any]:
        """Describe the members with weight in JSON; boosters are in ``texts``."""
        used = [(m, w) for m, w in zip(self.members, self.blend.weights, strict=True) if w > 0]
        return {
            "weights": {m.name: w for m, w in zip(self.members, self.blend.weights, strict=True)},
            "level": self.blend.level,
            # A list, because sums of floats depend on the order.
            "members": [{"name": m.name, "model": m.to_dict()} for m, _ in used],
        }

    def texts(self) -> dict[str, str]:
        """Text of the boosters in use, by cause."""
        for member, weight in zip(self.members, self.blend.weights, strict=True):
            if isinstance(member, LightGBMHazards) and weight > 0:
                return member.texts()
        return {}

    @classmethod
    def from_dict(cls, raw: dict[str, Any], texts: dict[str, str]) -> HazardBlend:
        """Read what ``to_dict`` and ``texts`` wrote; only members with weight come back."""
        members = tuple(member_from_dict(m["name"], m["model"], texts) for m in raw["members"])
        weights = tuple(float(raw["weights"][member.name]) for member in members)
        return cls(members, Blend(weights, float(raw["level"])))
