"""Which opportunities and accounts a full list is made of."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, and_, or_, select, text

from api.store.scores import last_scores
from api.store.tables import LISTED
from features.history.database.merges import Merged
from features.history.database.parts import parts_of
from features.history.database.reads import Cut, standing
from features.history.database.tables import ACCOUNTS, EVENTS, OF_MOVES, OPPORTUNITIES, RETRACTION, STAGE
from features.history.process import Process

_COLUMNS = [EVENTS.c[name] for name in ("event_id", "opportunity_id", "kind", "name", "replaces", "occurred_at")]


def all_opportunities(connection: Connection, cut: Cut) -> list[tuple[str, str]]:
    """List every opportunity known, with its process, by id."""
    table = OPPORTUNITIES.c
    asked = select(table.opportunity_id, table.process).where(
        table.recorded_at <= cut.recorded_by, table.seq <= cut.through_seq
    )
    return [(row[0], row[1]) for row in connection.execute(asked.order_by(table.opportunity_id))]


def worth_scoring(
    connection: Connection, named: Sequence[tuple[str, str]], processes: Mapping[str, Process], cut: Cut
) -> list[str]:
    """Leave out what was closed before, and is said to be in its history: most of an old database.

    Parameters
    ----------
    named
        Opportunities with their processes.
    processes
        Those of the description.
    """
    ids = [name for name, _ in named]
    stages = _stages(connection, ids, cut)
    closed = {name for name, process in named if _is_closed(stages[name], processes.get(process), cut)}
    told_open = {name for name, last in last_scores(connection, sorted(closed)).items() if last["outcome"] == "open"}
    return [name for name in ids if name not in closed or name in told_open]


def _stages(connection: Connection, ids: Sequence[str], cut: Cut) -> defaultdict[str, list[Any]]:
    """Stage events of each opportunity that stand."""
    of_stage = or_(EVENTS.c.kind == STAGE, and_(EVENTS.c.kind == RETRACTION, EVENTS.c.name == STAGE))
    within = (EVENTS.c.recorded_at <= cut.recorded_by, EVENTS.c.seq <= cut.through_seq)
    found: defaultdict[str, list[Any]] = defaultdict(list)
    for part in parts_of(ids):
        rows = connection.execute(select(*_COLUMNS).where(EVENTS.c.opportunity_id.in_(part), of_stage, *within)).all()
        for event in standing(rows):
            found[event.opportunity_id].append(event)
    return found


def _is_closed(stages: Iterable[Any], process: Process | None, cut: Cut) -> bool:
    """Tell whether it surely is: the last thing that happened closed it, and nothing else happened then."""
    if process is None:
        return False
    outcome = {stage.key: stage.outcome for stage in process.stages}
    past = [event for event in stages if event.occurred_at <= cut.recorded_by and event.name in outcome]
    last = max((event.occurred_at for event in past), default=None)
    return bool(past) and all(outcome[event.name] != "open" for event in past if event.occurred_at == last)


def idle_candidates(connection: Connection, list_id: int, merged: Merged) -> list[tuple[str, ...]]:
    """List accounts none of whose opportunities is on a list, those that are one together."""
    stated = (select(ACCOUNTS.c.account_id), select(OPPORTUNITIES.c.account_id).distinct())
    moved = select(EVENTS.c.value).where(text(OF_MOVES)).distinct()
    names = {name for asked in (*stated, moved) for name in connection.execute(asked).scalars()} - {None}
    listed = select(LISTED.c.account_id).where(LISTED.c.list_id == list_id).distinct()
    busy = set(connection.execute(listed).scalars())
    return [group for group in merged.together(sorted(names)) if not busy & set(group)]


def busy_accounts(connection: Connection, list_id: int, accounts: Collection[str], but: Collection[str]) -> set[str]:
    """Find the accounts among some that have an opportunity on a list, some opportunities aside."""
    found: set[str] = set()
    asked = select(LISTED.c.account_id, LISTED.c.opportunity_id).where(LISTED.c.list_id == list_id)
    for part in parts_of(sorted(accounts)):
        rows = connection.execute(asked.where(LISTED.c.account_id.in_(part)))
        found |= {account for account, opportunity in rows if opportunity not in but}
    return found
