"""GET /v1/opportunities: the work list."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, cast

import pandas as pd
from fastapi import APIRouter, Depends, Query, Request, Response
from sqlalchemy import Connection, func, select

from api.answers import ClassKey, Interval, Words
from api.cursor import Cursor, checked, digest_of_asked, written
from api.list_answers import (
    ClassAnswer,
    CurrencyTotals,
    ListedOpportunity,
    ListState,
    TrendAnswer,
    TrendKey,
    WorkListAnswer,
    WorkListTotals,
)
from api.list_schemas import WorkListQuery
from api.problems import HttpError, Part, documented
from api.reading import answered
from api.security import needs
from api.store.list_totals import CurrencySums, totals_of
from api.store.pages import SORTS, Asked, Order, Place, conditions_of, page
from api.store.service import database_of
from api.store.work_list import CurrentList, current_list
from features.history.database.tables import COMMITS
from features.instants import instant, micros_of
from scoring.classification import CLASSES
from scoring.trend import TRENDS

RETRY_SECONDS = 10
"""After which the first list may be there."""

router = APIRouter(tags=["lists"], dependencies=[Depends(needs("read"))])


@router.get(
    "/v1/opportunities",
    responses=documented(410),
    response_model=WorkListAnswer,
    summary="List open opportunities to work on",
)
def get_work_list(request: Request, asked: Annotated[WorkListQuery, Query()]) -> Response:
    """List what is open, each with its probability, class, interval, value, close and trend.

    The list is scored as a whole at least daily and whenever a new model comes into service,
    and what something happened to is scored again within seconds; the answer says how far it
    is behind. All of it is by one model version. A score that must have the last write in it
    is read by itself, at /v1/opportunities/{id}/score.

    A cursor belongs to one list: when a newer list has taken its place the answer is 410, and
    reading starts again without a cursor. Within a list a row whose value changes between two
    pages may be met twice, or not at all.

    Before the first list is there the answer is 503 with Retry-After. An empty list would say
    that nothing is open, and a reader that copies it would delete what it has.
    """
    return answered(work_list(request, asked, summed=asked.cursor is None))


def work_list(request: Request, asked: WorkListQuery, summed: bool = False) -> WorkListAnswer:
    """Read a page of the work list, perhaps with what all of its rows come to."""
    filters = asked.model_dump(by_alias=True, exclude_none=True)
    with database_of(request).reading() as connection:
        current = list_in_service(connection)
        digest = digest_of_asked(filters)
        cursor = checked(asked.cursor, current.list_id, digest)
        order = Order(SORTS[asked.sort.removeprefix("-")], asked.sort.startswith("-"))
        question = Asked(current.list_id, order, conditions_of(filters))
        rows = page(connection, question, cursor.place if cursor else None, asked.limit + 1)
        sums = totals_of(connection, current.list_id, question.conditions) if summed else None
        state = state_of(connection, current, request.app.state.clock)
    shown = rows[: asked.limit]
    more = len(rows) > asked.limit
    place = Place(shown[-1][order.column.name], shown[-1]["opportunity_id"]) if more else None
    return WorkListAnswer(
        state=state,
        opportunities=[_listed(row) for row in shown],
        next_cursor=written(Cursor(current.list_id, digest, place)) if place else None,
        totals=None if sums is None else _totals(sums),
    )


def _totals(sums: Sequence[CurrencySums]) -> WorkListTotals:
    kept = CurrencyTotals.model_fields
    return WorkListTotals(
        opportunities=sum(one.opportunities for one in sums),
        expected_wins=sum(one.expected_wins or 0.0 for one in sums),
        wins_by_fixed_weights=sum(one.wins_by_fixed_weights or 0.0 for one in sums),
        currencies=[
            CurrencyTotals(**{name: value for name, value in vars(one).items() if name in kept}) for one in sums
        ],
    )


def list_in_service(connection: Connection) -> CurrentList:
    """Find the list that is current.

    Raises
    ------
    HttpError
        There is none yet.
    """
    current = current_list(connection)
    if current is None:
        part = Part(
            pointer="",
            found="a list that is still being built",
            expected="the first one to be finished",
            do=f"ask again in {RETRY_SECONDS} seconds",
        )
        raise HttpError(503, part, {"Retry-After": str(RETRY_SECONDS)})
    return current


def state_of(connection: Connection, current: CurrentList, clock: Callable[[], pd.Timestamp]) -> ListState:
    """Say of which list an answer is, and what is not in it yet."""
    last = int(connection.execute(select(func.max(COMMITS.c.seq))).scalar() or 0)
    behind = max(last - current.through_seq, 0)
    since = 0.0
    if behind:
        first = select(COMMITS.c.recorded_at).where(COMMITS.c.seq > current.through_seq).order_by(COMMITS.c.seq)
        recorded = int(connection.execute(first.limit(1)).scalar() or 0)
        since = max(micros_of(clock()) - recorded, 0) / 1e6
    return ListState(
        as_of=instant(current.as_of),
        model_version=current.model_version,
        through_seq=current.through_seq,
        commits_behind=behind,
        seconds_behind=since,
    )


def _listed(row: Mapping[str, Any]) -> ListedOpportunity:
    return ListedOpportunity(
        opportunity_id=row["opportunity_id"],
        as_of=instant(row["as_of"]),
        status=row["status"],
        win_probability=row["probability"],
        interval=interval_of(row),
        fixed_weight_probability=row["fixed_weight"],
        expected_value=row["expected_value"],
        expected_close=None if row["expected_close"] is None else instant(row["expected_close"]),
        amount=row["amount"],
        currency=row["currency"],
        opportunity_class=class_of(row),
        man=row["man"],
        stage=row["stage"],
        account_id=row["account_id"],
        owner_id=row["owner_id"],
        team=row["team"],
        product=row["product"],
        process=row["process"],
        trend=trend_answer(row["trend"]),
    )


def interval_of(row: Mapping[str, Any]) -> Interval | None:
    """Bounds of a stored score."""
    return None if row["low"] is None else Interval(low=row["low"], high=row["high"])


def class_of(row: Mapping[str, Any]) -> ClassAnswer | None:
    """Class of a stored score, with both names."""
    key = row["opportunity_class"]
    if key is None:
        return None
    names = CLASSES[key]
    return ClassAnswer(key=cast(ClassKey, key), names=Words(en=names["en"], zh_cn=names["zh-CN"]))


def trend_answer(key: TrendKey) -> TrendAnswer:
    """Say a trend in both languages."""
    names = TRENDS[key]
    return TrendAnswer(key=key, names=Words(en=names["en"], zh_cn=names["zh-CN"]))
