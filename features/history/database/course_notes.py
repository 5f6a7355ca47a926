"""What looks wrong in the course of opportunities, by what is known now.

Nothing of it is refused: events may come late and in any order, so what looks wrong may be made right by what is told
next. Two stages that follow each other are judged as ``features.paths`` counts them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, and_, or_, select

from features.history.database.description import Description
from features.history.database.ordering import as_sent
from features.history.database.parts import parts_of, rows_by_id
from features.history.database.reads import moment, standing
from features.history.database.tables import EVENTS, OPPORTUNITIES, RETRACTION, STAGE
from features.history.live_rules import Note
from features.history.process import Process

_COLUMNS = ("event_id", "kind", "opportunity_id", "name", "value", "occurred_at", "recorded_at", "replaces")


class _Entry(NamedTuple):
    """A stage entered: its event, whether it is closed, and as what it was sent.

    That is ``stage_change`` or ``reopening``; None when it is not known: of an import, and of what was written before
    it was kept.
    """

    event: Any
    is_closed: bool
    sent_as: str | None

    @property
    def stage(self) -> str:
        return str(self.event.name)

    @property
    def words(self) -> str:
        return f"{self.stage!r} ({moment(self.event.occurred_at).isoformat().replace('+00:00', 'Z')})"


def course_notes(
    connection: Connection,
    description: Description,
    opportunities: Iterable[str],
    types: Mapping[str, str] | None = None,
) -> dict[str, list[Note]]:
    """Say of the stages of opportunities which look wrong beside those before and after them.

    Parameters
    ----------
    opportunities
        Their ids; those that were not told of yet are left out, for their process is not known.
    types
        The types of events that have just been sent, by id: only these are judged; all when None.

    Returns
    -------
    Notes by the ids of the events that they are about, mostly two.
    """
    process = dict(rows_by_id(connection, OPPORTUNITIES, ("opportunity_id", "process"), opportunities))
    found: dict[str, list[Note]] = {}
    for name, events in _stages(connection, list(process)).items():
        course = _course(events, description.processes[process[name]], types or {})
        for before, after in zip([None, *course], course, strict=False):
            pair = [one for one in (before, after) if one is not None]
            is_asked = types is None or any(one.event.event_id in types for one in pair)
            note = _note(before, after) if is_asked else None
            if note is not None:
                for one in pair:
                    found.setdefault(one.event.event_id, []).append(note)
    return found


def _stages(connection: Connection, opportunities: Sequence[str]) -> dict[str, list[Any]]:
    """Events of stages that stand, by opportunity, in the order in which they were sent."""
    table = EVENTS.c
    of_stages = or_(table.kind == STAGE, and_(table.kind == RETRACTION, table.name == STAGE))
    asked = select(*(table[name] for name in _COLUMNS)).where(of_stages).order_by(*as_sent(EVENTS))
    found: dict[str, list[Any]] = {}
    for part in parts_of(opportunities):
        for event in standing(connection.execute(asked.where(table.opportunity_id.in_(part))).all()):
            found.setdefault(event.opportunity_id, []).append(event)
    return found


def _course(events: Iterable[Any], process: Process, types: Mapping[str, str]) -> list[_Entry]:
    """Stages in the order in which they were entered; those that the process does not have count nowhere."""
    is_closed = {stage.key: stage.outcome != "open" for stage in process.stages}
    known = [event for event in events if event.name in is_closed]
    in_order = sorted(known, key=lambda event: (event.occurred_at, event.recorded_at))
    return [_Entry(event, is_closed[event.name], types.get(event.event_id, event.value)) for event in in_order]


def _note(before: _Entry | None, after: _Entry) -> Note | None:
    if before is None or not before.is_closed:
        return _reopening_of_open(before, after) if after.sent_as == "reopening" else None
    if after.is_closed:
        return _closed_again(before, after)
    return _opened_unsaid(before, after) if after.sent_as == "stage_change" else None


def _reopening_of_open(before: _Entry | None, after: _Entry) -> Note:
    en = "which was not closed by then" if before is None else f"after {before.words}, which is not closed"
    zh = "此前并未关闭" if before is None else f"此前的{before.words}并未关闭"
    return Note(
        "reopening_of_open",
        f"a reopening into {after.words} {en}: it counts as a change of stage; if the close is told later, "
        "it counts as a reopening from then on",
        f"重新打开到{after.words}，但{zh}：按阶段变更计；若之后补报关闭，则按重新打开计",
    )


def _closed_again(before: _Entry, after: _Entry) -> Note:
    if before.stage == after.stage:
        en = f"it has counted as {before.stage!r} since the first, and nothing changes"
        zh = f"自第一次起按{before.stage!r}计，没有变化"
    else:
        en = f"from the second on it counts as {after.stage!r}"
        zh = f"自第二次起按{after.stage!r}计"
    return Note(
        "close_after_close",
        f"{before.words}, then closed again by {after.words} without a reopening between: {en}; correct or retract "
        "the one that is wrong, or tell of the reopening",
        f"{before.words}之后未重新打开又以{after.words}关闭：{zh}；请更正或撤回有误的一条，或补报重新打开",
    )


def _opened_unsaid(before: _Entry, after: _Entry) -> Note:
    return Note(
        "open_after_close",
        f"{before.words}, then {after.words}, which was not sent as a reopening: from the second on it counts as "
        "reopened; correct or retract the one that is wrong, or correct the second to type reopening",
        f"{before.words}之后又有{after.words}，且未标为重新打开：自第二次起按重新打开计；"
        "请更正或撤回有误的一条，或将第二条更正为reopening类型",
    )
