"""Records of a live request, checked: of one opportunity, or of one account."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from features.history.live_rules import Note
from features.rows import AUTOMATED, PLANNED

Record = dict[str, Any]


class LiveActivity(NamedTuple):
    """A checked activity; ``kind`` is the place in ``Rules.kinds``, ``flags`` are those of ``ActivityRows``."""

    kind: int
    flags: int
    occurred_at: int
    recorded_at: int
    duration: float | None
    topic: str | None
    contact_id: str | None
    event: Mapping[str, Any]


class LiveStage(NamedTuple):
    """A checked entry of a stage."""

    stage: str
    occurred_at: int
    recorded_at: int


class LiveField(NamedTuple):
    """A checked value of a field."""

    field: str
    value: str | None
    occurred_at: int
    recorded_at: int


@dataclass(kw_only=True)
class LiveRecords:
    """Records of one opportunity or account; instants are microseconds since 1970, UTC.

    ``collected`` is what the sender collects, as ``History.collected``.
    """

    place: int = 0
    activities: list[LiveActivity] = field(default_factory=list)
    collected: dict[str, datetime | None] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)

    def note(self, note: Note) -> None:
        """Say something once."""
        if note not in self.notes:
            self.notes.append(note)

    def activity_records(self) -> list[Record]:
        """Give the activities as rows of a table, without whom they concern."""
        return [
            {
                # Ids of a sender's own might be shared by opportunities; these are not.
                "activity_id": f"{self.place}/{number}",
                "kind": activity.event["kind"],
                "direction": activity.event.get("direction"),
                "occurred_at": activity.occurred_at,
                "recorded_at": activity.recorded_at,
                "duration": activity.duration,
                "topic": activity.topic,
                "value": activity.event.get("value"),
                "contact_id": None if activity.contact_id is None else f"{self.place}/{activity.contact_id}",
                "planned": bool(activity.flags & PLANNED),
                "automated": bool(activity.flags & AUTOMATED),
            }
            for number, activity in enumerate(self.activities)
        ]


@dataclass
class LiveOpportunity(LiveRecords):
    """Records of one opportunity; ``contacts`` are ids and roles."""

    opportunity: Record
    stages: list[LiveStage] = field(default_factory=list)
    fields: list[LiveField] = field(default_factory=list)
    contacts: list[tuple[str, str | None]] = field(default_factory=list)

    def contact_records(self) -> list[Record]:
        """Give the contacts as rows of a table."""
        created = self.opportunity["created_at"]
        at = {"created_at": created, "recorded_at": created}
        return [{"contact_id": f"{self.place}/{name}", "role": role} | at for name, role in self.contacts]
