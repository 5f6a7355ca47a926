"""The refresher: builds the work list, follows what is written, and rebuilds it daily and for a new model."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from threading import Event
from typing import Literal

import pandas as pd
from sqlalchemy import Connection, select

from api.background.account_part import listed_account, score_account_groups
from api.background.candidates import all_opportunities, busy_accounts, idle_candidates, worth_scoring
from api.background.lease import REFRESHING, Lease
from api.background.part import Models, Moment, ScoredPart, score_part, write_part
from api.background.telling import Tell
from api.store.erasure import erased_after
from api.store.work_list import (
    CurrentList,
    begin_list,
    current_list,
    make_current,
    move_through,
    replace_accounts,
    rows_of,
)
from features.errors import DatabaseError
from features.history.database.changes import Touched, touched_between
from features.history.database.description import read_description
from features.history.database.engine import Database, last_commit
from features.history.database.reads import Cut, merged_by
from features.history.database.tables import ERASURES
from features.instants import micros_of
from scoring.accounts import AccountScore

_log = logging.getLogger(__name__)

Done = Literal["nothing", "waiting", "built", "followed"]

DAILY_HOURS = 23.0
"""A little less than a day, so that the new list is there before the old one is a day old."""
_PART = 200
"""Opportunities read, scored and written together: a write lock is held for a fraction of a second."""
_FEW = 1000
"""Opportunities touched up to which they are scored one by one, however short the list."""


class StoppedError(Exception):
    """The service is going down."""


class OvertakenError(Exception):
    """What was read must not be written any more: something in it was erased, or a new model is in service."""


@dataclass
class Refresher:
    """Keeps the work list of a database; of several workers one does it at a time.

    Parameters
    ----------
    database
        Where the past is kept, and the list.
    models
        Gives champion and challenger of now.
    clock
        The present.
    tell
        Who is told of what changed.
    stopping
        Set when the service goes down.
    """

    database: Database
    models: Callable[[], Models]
    clock: Callable[[], pd.Timestamp]
    tell: Tell = field(default_factory=Tell)
    lease: Lease = field(default_factory=lambda: Lease(REFRESHING))
    stopping: Event = field(default_factory=Event)
    _built_by: Models | None = field(default=None, init=False)

    def refresh(self) -> Done:
        """Do what is to be done now; ``waiting`` when another worker does it, or no model is in service."""
        models = self.models()
        if models.champion.model is None or not self._is_ours():
            return "waiting"
        with self.database.reading() as connection:
            current, moment = current_list(connection), self._moment(connection)
            if current is None or self._is_old(current, models, moment):
                touched = Touched(everything=True)
            else:
                touched = touched_between(connection, current.through_seq, moment.cut.through_seq)
                if not touched.everything and len(touched.opportunities) > _FEW:
                    most = rows_of(connection, current.list_id) // 2
                    touched = replace(touched, everything=len(touched.opportunities) > most)
        if current is None or touched.everything:
            self._build(models, moment, current)
            return "built"
        if moment.cut.through_seq == current.through_seq:
            return "nothing"
        self._follow(current, touched, models, moment)
        return "followed"

    def give_up(self) -> None:
        """Let another worker take over at once; a database that is away lets it at the end of the lease."""
        try:
            with self.database.changing() as connection:
                self.lease.release(connection)
        except DatabaseError as problem:
            _log.warning("the lease is not given back: %s", problem)

    def _now(self) -> int:
        return micros_of(self.clock())

    def _is_ours(self) -> bool:
        with self.database.changing() as connection:
            return self.lease.take(connection, self._now())

    def _moment(self, connection: Connection) -> Moment:
        """Now, or when the last commit was, if clocks differ: taken in the view that is read."""
        seq, recorded_at = last_commit(connection)
        cut = Cut(max(self._now(), recorded_at), seq)
        return Moment(cut, read_description(connection, cut.recorded_by, cut.through_seq))

    def _is_old(self, current: CurrentList, models: Models, moment: Moment) -> bool:
        """Tell whether it is by another model, or nearly a day old."""
        another = self._built_by is not None and self._built_by.champion is not models.champion
        aged = moment.cut.recorded_by - current.as_of >= DAILY_HOURS * 3600e6
        return another or aged or current.model_version != models.champion.versions

    def _build(self, models: Models, moment: Moment, before: CurrentList | None) -> None:
        cut, versions = moment.cut, models.champion.versions
        with self._writing(moment) as connection:
            list_id = begin_list(connection, versions, cut.recorded_by, cut.through_seq)
            if before is not None and before.model_version != versions:
                # Before what changes by it, so that a receiver knows why.
                self.tell.champion(connection, before.model_version, versions, cut.recorded_by)
        for part in self._parts(self._worth_scoring(moment), models, moment):
            with self._writing(moment) as connection:
                write_part(connection, list_id, part, self.tell)
        self._build_accounts(list_id, models, moment)
        with self._writing(moment) as connection:
            make_current(connection, list_id)
        self._built_by = models

    def _worth_scoring(self, moment: Moment) -> list[str]:
        with self.database.reading() as connection:
            named = all_opportunities(connection, moment.cut)
            return worth_scoring(connection, named, moment.description.processes, moment.cut)

    def _parts(self, ids: Sequence[str], models: Models, moment: Moment) -> Iterator[ScoredPart]:
        for start in range(0, len(ids), _PART):
            self._go_on(models)
            part = ids[start : start + _PART]
            with self.database.reading() as connection:
                found = score_part(connection, part, models, moment)
            yield found

    def _build_accounts(self, list_id: int, models: Models, moment: Moment) -> None:
        if models.champion.artifact.account_need is None:
            return
        with self.database.reading() as connection:
            groups = idle_candidates(connection, list_id, merged_by(connection, moment.cut))
        for scores, names in self._accounts(groups, models, moment):
            with self._writing(moment) as connection:
                self._write_accounts(connection, list_id, names, scores, moment)

    def _accounts(
        self, groups: Sequence[tuple[str, ...]], models: Models, moment: Moment
    ) -> Iterator[tuple[list[AccountScore], list[str]]]:
        for start in range(0, len(groups), _PART):
            self._go_on(models)
            part = groups[start : start + _PART]
            with self.database.reading() as connection:
                scores = score_account_groups(connection, part, models.champion.artifact, moment)
            yield scores, [name for group in part for name in group]

    def _write_accounts(
        self, connection: Connection, list_id: int, names: list[str], scores: list[AccountScore], moment: Moment
    ) -> None:
        gone = erased_after(connection, moment.cut.through_seq, "account", names)
        rows = [listed_account(score, moment.cut.recorded_by) for score in scores if score.account_id not in gone]
        replace_accounts(connection, list_id, names, rows)

    def _follow(self, current: CurrentList, touched: Touched, models: Models, moment: Moment) -> None:
        """Score again what was touched, and write it together with the commit up to which the list now is."""
        parts = list(self._parts(sorted(touched.opportunities), models, moment))
        accounts = list(self._touched_accounts(current.list_id, touched, parts, models, moment))
        with self._writing(moment) as connection:
            for part in parts:
                write_part(connection, current.list_id, part, self.tell)
            for scores, names in accounts:
                self._write_accounts(connection, current.list_id, names, scores, moment)
            move_through(connection, current.list_id, moment.cut.through_seq)

    def _touched_accounts(
        self, list_id: int, touched: Touched, parts: Sequence[ScoredPart], models: Models, moment: Moment
    ) -> Iterator[tuple[list[AccountScore], list[str]]]:
        """Score the touched accounts that are idle; those with something open are off the list."""
        if models.champion.artifact.account_need is None or not touched.accounts:
            return
        with self.database.reading() as connection:
            merged = merged_by(connection, moment.cut)
            busy = busy_accounts(connection, list_id, touched.accounts, touched.opportunities)
        open_now = (one.request for part in parts for one in part.scored if one.score.outcome == "open")
        busy |= {request["account_id"] for request in open_now}
        groups = merged.together(sorted(touched.accounts))
        idle = [group for group in groups if not busy & set(group)]
        yield [], sorted({name for group in groups for name in group} - {name for group in idle for name in group})
        yield from self._accounts(idle, models, moment)

    def _go_on(self, models: Models) -> None:
        if self.stopping.is_set():
            raise StoppedError
        if self.models().champion is not models.champion:
            raise OvertakenError

    @contextmanager
    def _writing(self, moment: Moment) -> Iterator[Connection]:
        """Write while the lease is ours; it cannot be taken over until the end.

        An erasure holds the lease's row until it is done: what was read before is not written after.
        """
        with self.database.changing() as connection:
            self.lease.keep(connection, self._now())
            erased = select(ERASURES.c.seq).where(ERASURES.c.seq > moment.cut.through_seq).limit(1)
            if connection.execute(erased).first() is not None:
                raise OvertakenError
            yield connection
