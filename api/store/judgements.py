"""Judgements: what persons said of opportunities, what the model said at that instant, and what came of it."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Connection, Row, bindparam, insert, or_, select, update

from api.store.tables import JUDGEMENTS
from features.errors import NotKnownError
from features.history.database.description import read_description
from features.history.database.engine import Writing
from features.history.database.reads import Cut, opportunity_known
from features.history.database.tables import STAGE
from scoring.judgement import Judged
from scoring.score import Score

_T = JUDGEMENTS.c
_SAID = ("person", "probability", "opportunity_class", "because")


@dataclass(frozen=True)
class Standing:
    """How the judgements stand: those that can be compared, and how many cannot, by why."""

    judged: tuple[Judged, ...]
    still_open: int
    closed_before: int
    without_probability: int
    withdrawn: int


def put_judgement(
    writing: Writing, opportunity_id: str, said: Mapping[str, Any], score: Callable[[], Score]
) -> tuple[Literal["created", "duplicate"], Row[Any]]:
    """Write what a person says beside what the model says; the person's earlier judgement no longer stands.

    Parameters
    ----------
    said
        ``person``, ``probability``, ``opportunity_class`` and ``because``.
    score
        Asks the model, as of this commit; not asked when the same stands already.
    """
    before = [row for row in judgements_of(writing.connection, opportunity_id) if row.withdrawn_at is None]
    own = [row for row in before if row.person == said["person"]]
    if any(all(getattr(row, name) == said[name] for name in _SAID) for row in own):
        return "duplicate", own[-1]
    found = score()
    _withdraw(writing, opportunity_id, said["person"])
    row = {name: said[name] for name in _SAID} | {
        "judgement_id": uuid.uuid4().hex,
        "seq": writing.seq,
        "opportunity_id": opportunity_id,
        "recorded_at": writing.recorded_at,
        "model_probability": found.win_probability,
        "model_class": found.opportunity_class,
        "model_version": found.model_version,
    }
    writing.connection.execute(insert(JUDGEMENTS), row)
    writing.subject, writing.rows = opportunity_id, 1
    return "created", judgements_of(writing.connection, opportunity_id)[-1]


def withdraw_judgement(writing: Writing, opportunity_id: str, person: str | None) -> None:
    """Withdraw what a person said of an opportunity, or what anybody did; it is kept, and no longer stands.

    Raises
    ------
    NotKnownError
        Nothing stands.
    """
    rows = _withdraw(writing, opportunity_id, person)
    if not rows:
        found = f"opportunity {opportunity_id!r} without a judgement that stands"
        raise NotKnownError(found, "one that a person judged", f"PUT /v1/opportunities/{opportunity_id}/judgement")
    writing.subject, writing.rows = opportunity_id, rows


def _withdraw(writing: Writing, opportunity_id: str, person: str | None) -> int:
    stands = update(JUDGEMENTS).where(_T.opportunity_id == opportunity_id, _T.withdrawn_at.is_(None))
    stands = stands if person is None else stands.where(_T.person == person)
    return writing.connection.execute(stands.values(withdrawn_at=writing.recorded_at)).rowcount


def judgements_of(connection: Connection, opportunity_id: str) -> Sequence[Row[Any]]:
    """Read what was said of an opportunity, in its order."""
    asked = select(JUDGEMENTS).where(_T.opportunity_id == opportunity_id)
    return connection.execute(asked.order_by(_T.seq)).all()


def standing_judgement(connection: Connection, opportunity_id: str, as_of: int) -> Row[Any] | None:
    """Read the last judgement that stood at an instant, in microseconds."""
    return connection.execute(_STANDING, {"opportunity_id": opportunity_id, "as_of": as_of}).first()


_STANDING = (
    select(JUDGEMENTS)
    .where(
        _T.opportunity_id == bindparam("opportunity_id"),
        _T.recorded_at <= bindparam("as_of"),
        or_(_T.withdrawn_at.is_(None), _T.withdrawn_at > bindparam("as_of")),
    )
    .order_by(_T.seq.desc())
    .limit(1)
)


def judged_and_closed(connection: Connection, cut: Cut) -> Standing:
    """Hold judgements against the first close after each.

    A judgement counts when it stood at that close: what is withdrawn once the end is known counts still.
    """
    judged: list[Judged] = []
    count = {"still_open": 0, "closed_before": 0, "without_probability": 0, "withdrawn": 0}
    closes: dict[str, list[tuple[int, str]]] = {}
    for row in connection.execute(select(JUDGEMENTS).order_by(_T.seq)):
        if row.opportunity_id not in closes:
            closes[row.opportunity_id] = _outcomes(connection, row.opportunity_id, cut)
        after = [(at, outcome) for at, outcome in closes[row.opportunity_id] if at > row.recorded_at]
        close = next(((at, outcome) for at, outcome in after if outcome != "open"), None)
        if row.withdrawn_at is not None and (close is None or row.withdrawn_at <= close[0]):
            count["withdrawn"] += 1
        elif row.probability is None or row.model_probability is None:
            count["without_probability"] += 1
        elif close is not None:
            judged.append(Judged(row.person, row.probability, row.model_probability, close[1] == "won"))
        elif _is_closed(closes[row.opportunity_id]):
            count["closed_before"] += 1
        else:
            count["still_open"] += 1
    return Standing(tuple(judged), **count)


def _outcomes(connection: Connection, opportunity_id: str, cut: Cut) -> list[tuple[int, str]]:
    """When an opportunity entered its stages, and what each means, in order."""
    known = opportunity_known(connection, opportunity_id, cut)
    if known is None:
        return []
    process = read_description(connection).processes.get(known.row["process"])
    means = {} if process is None else {stage.key: stage.outcome for stage in process.stages}
    entered = [e for e in known.events if e.kind == STAGE and e.opportunity_id == opportunity_id and e.name in means]
    in_order = sorted(entered, key=lambda e: (e.occurred_at, e.recorded_at))
    return [(event.occurred_at, means[event.name]) for event in in_order]


def _is_closed(outcomes: Sequence[tuple[int, str]]) -> bool:
    return bool(outcomes) and outcomes[-1][1] != "open"
