"""Figures of the stored side for an operator: freshness of the list, the outbox, what waits, calibration so far."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import inf
from typing import Any, TypeVar, cast

import pandas as pd
from sqlalchemy import Connection, func, select, text

from api.store.tables import LISTS, OF_CLOSES, OUTBOX, SCORES
from features.errors import DatabaseError
from features.history.database.engine import Database, last_commit
from features.history.database.waiting import waiting_in_all
from features.instants import DAY, SECOND, instant, micros

Figure = tuple[str, str, float]
Found = TypeVar("Found")

AHEAD_DAYS = 30
"""A probability is judged when it was given at least so long before the close."""
WATCHED_DAYS = 365
"""First closes of so many days are judged."""
_CALIBRATION_SECONDS = 3600.0
_WAITING_SECONDS = 300.0


@dataclass(frozen=True)
class LiveCalibration:
    """What was said of opportunities that closed since, and what became of them.

    Only opportunities that closed are in it: those still open are not counted as anything,
    so that in the first months the quick ones stand out. Backtests and cards have no such bias.
    """

    opportunities: int
    expected_wins: float
    actual_wins: int
    brier: float | None  # None without any


def live_calibration(connection: Connection, now: pd.Timestamp) -> LiveCalibration:
    """Compare probabilities with outcomes.

    Of each opportunity whose first close was scored within the last 365 days: the last
    probability of winning that was served at least 30 days before that, beside the outcome.
    """
    since = int(micros(pd.Index([now]))[0]) - WATCHED_DAYS * DAY
    served, table = ~SCORES.c.is_shadow, SCORES.c
    first = func.min(table.as_of)
    closes = (
        select(table.opportunity_id, first.label("closed_at"))
        .where(served, text(OF_CLOSES))  # as the index has it
        .group_by(table.opportunity_id)
        .having(first >= since)
        .subquery()
    )
    before = SCORES.alias("before")
    said = (
        select(before.c.probability)
        .where(
            before.c.opportunity_id == closes.c.opportunity_id,
            ~before.c.is_shadow,
            before.c.as_of <= closes.c.closed_at - AHEAD_DAYS * DAY,
            before.c.probability.is_not(None),
            before.c.was_served,
        )
        .order_by(before.c.as_of.desc())
        .limit(1)
        .scalar_subquery()
    )
    at_close = (table.opportunity_id == closes.c.opportunity_id) & (table.as_of == closes.c.closed_at)
    # A new model may have scored the same instant: the outcome is the same.
    won = select(func.min(table.outcome)).where(at_close, served).scalar_subquery()
    found = connection.execute(select(said, won).select_from(closes))
    pairs = [(p, outcome == "won") for p, outcome in found if p is not None]
    brier = sum((p - won) ** 2 for p, won in pairs) / len(pairs) if pairs else None
    return LiveCalibration(len(pairs), sum(p for p, _ in pairs), sum(won for _, won in pairs), brier)


class Figures:
    """Reads the figures; what takes longer less often: calibration every hour, what waits every five minutes."""

    def __init__(self, database: Database, seconds: Callable[[], float]) -> None:
        self._database, self._seconds = database, seconds
        self._kept: dict[str, tuple[float, Any]] = {}

    def at(self, now: pd.Timestamp) -> Iterator[Figure]:
        """Say name, meaning and value of each; of a database that is away only that it is."""
        try:
            with self._database.reading() as connection:
                found = [*_of_list(connection, now), *_of_outbox(connection, now)]
                found += _of_waiting(*self._now_and_then("waiting", _WAITING_SECONDS, waiting_in_all, connection), now)
                found += _of_calibration(
                    self._now_and_then("calibration", _CALIBRATION_SECONDS, live_calibration, connection, now)
                )
        except DatabaseError:
            found = []
        yield "database_up", "1 when the database answers.", float(bool(found))
        yield from found

    def _now_and_then(self, name: str, seconds: float, read: Callable[..., Found], *given: Any) -> Found:
        """Read something, or give what was read less than some seconds ago."""
        read_at, found = self._kept.get(name, (-inf, None))
        if self._seconds() - read_at > seconds:
            found = read(*given)
            self._kept[name] = self._seconds(), found
        return cast(Found, found)


def _of_list(connection: Connection, now: pd.Timestamp) -> Iterator[Figure]:
    asked = select(LISTS.c.as_of, LISTS.c.through_seq).where(LISTS.c.state == "current")
    current = connection.execute(asked.order_by(LISTS.c.list_id.desc()).limit(1)).first()
    yield "commits", "Writes so far.", float(last_commit(connection)[0])
    if current is not None:
        yield "list_age_seconds", "Since the whole work list was scored.", _age(current.as_of, now)
        behind = last_commit(connection)[0] - current.through_seq
        yield "list_commits_behind", "Writes that the work list does not hold yet.", float(max(behind, 0))


def _of_outbox(connection: Connection, now: pd.Timestamp) -> Iterator[Figure]:
    waiting = OUTBOX.c.delivered_at.is_(None) & OUTBOX.c.given_up_at.is_(None)
    count, oldest = connection.execute(select(func.count(), func.min(OUTBOX.c.created_at)).where(waiting)).one()
    yield "outbox_waiting", "Messages not delivered yet.", float(count)
    yield "outbox_oldest_seconds", "Age of the oldest of them.", 0.0 if oldest is None else _age(oldest, now)
    given_up = select(func.count()).where(OUTBOX.c.given_up_at.is_not(None))
    yield "outbox_given_up", "Messages given up.", float(connection.execute(given_up).scalar_one())


def _of_waiting(events: int, opportunities: int, oldest: int | None, now: pd.Timestamp) -> Iterator[Figure]:
    meaning = "Events that count nowhere yet: their opportunity was not told of."
    yield "events_waiting", meaning, float(events)
    yield "events_waiting_opportunities", "Opportunities that they wait for.", float(opportunities)
    age = 0.0 if oldest is None else _age(oldest, now)
    yield "events_waiting_oldest_seconds", "Since the oldest of them was recorded.", age


def _of_calibration(found: LiveCalibration) -> Iterator[Figure]:
    of_which = f"closed within {WATCHED_DAYS} days, by the last probability {AHEAD_DAYS} days before or earlier"
    yield "live_opportunities", f"Opportunities {of_which}.", float(found.opportunities)
    yield "live_expected_wins", f"Wins expected of opportunities {of_which}.", found.expected_wins
    yield "live_actual_wins", f"Wins among opportunities {of_which}.", float(found.actual_wins)
    if found.brier is not None:
        yield "live_brier", f"Brier score of opportunities {of_which}.", found.brier


def _age(micro: int, now: pd.Timestamp) -> float:
    return (now - instant(micro)) / pd.Timedelta(microseconds=SECOND)
