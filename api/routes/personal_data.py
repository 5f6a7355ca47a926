"""Everything that is stored about one account, contact or opportunity: handed out, and erased."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any, Literal

from fastapi import APIRouter, Depends, Request, Response
from pydantic import AwareDatetime, Field

from api.answers import Answer
from api.field_types import PathId
from api.problems import documented
from api.reading import answered
from api.security import needs
from api.store.belongings import Belongings, Kind
from api.store.erasure import clean_log, erase, export
from api.store.service import actor_of, database_of
from features.history.database.engine import last_commit
from features.history.database.reads import moment

router = APIRouter(tags=["export and erasure"], dependencies=[Depends(needs("admin"))])

KindName = Literal["account", "contact", "opportunity"]
_KIND = Field(description="What it is.", examples=["account"])
_MERGED_WITH = Field(
    description="Accounts that once were one with it and are not any more: they are not in it.", examples=[[]]
)


class IdsAnswer(Answer):
    """Ids by kind."""

    accounts: list[str] = Field(description="Accounts.", examples=[["a-17", "a-18"]])
    contacts: list[str] = Field(description="People.", examples=[["c-3"]])
    opportunities: list[str] = Field(description="Opportunities.", examples=[["o-42"]])


class ExportAnswer(Answer):
    """Every row that is stored about it, by table.

    Of an account also those of its people and opportunities, and of all accounts that are one with it by merges.
    """

    kind: KindName = _KIND
    id: str = Field(description="The id asked for.", examples=["a-17"])
    ids: IdsAnswer = Field(
        description="Every id that the rows are of.",
        examples=[{"accounts": ["a-17", "a-18"], "contacts": ["c-3"], "opportunities": ["o-42"]}],
    )
    merged_with: list[str] = _MERGED_WITH
    exported_at: AwareDatetime = Field(description="The present.", examples=["2026-03-02T09:30:01Z"])
    through_seq: int = Field(description="Number of the last commit.", examples=[1204])
    tables: dict[str, list[dict[str, Any]]] = Field(
        description="Rows by table; instants are in UTC.", examples=[{"accounts": [{"account_id": "a-17"}]}]
    )


class ErasureAnswer(Answer):
    """What was erased."""

    kind: KindName = _KIND
    digest: str = Field(description="What is kept in place of the id.", examples=["0b7c"])
    ids: IdsAnswer = Field(
        description="Every id that was erased; of an account also those of all that were one with it. "
        "It is said this once, and kept nowhere.",
        examples=[{"accounts": ["a-17", "a-18"], "contacts": ["c-3"], "opportunities": ["o-42"]}],
    )
    through_seq: int = Field(description="Number of the commit.", examples=[1205])
    recorded_at: AwareDatetime = Field(description="When.", examples=["2026-03-02T09:30:01Z"])
    deleted: dict[str, int] = Field(description="Rows deleted, by table.", examples=[{"events": 12}])
    anonymised: dict[str, int] = Field(
        description="Rows of others, kept without the name, by table.", examples=[{"events": 1}]
    )
    touched: int = Field(
        description="Opportunities that stay and were scored with some of it: their earlier scores cannot be "
        "recomputed exactly.",
        examples=[0],
    )
    merged_with: list[str] = _MERGED_WITH


def _export(request: Request, kind: Kind, name: str) -> Response:
    with database_of(request).reading() as connection:
        found, tables = export(connection, kind, name)
        seq = last_commit(connection)[0]
    at: datetime = request.app.state.clock().to_pydatetime()
    answer = {
        "kind": kind,
        "id": name,
        "ids": _ids(found).model_dump(),
        "merged_with": found.merged_with,
        "exported_at": at.isoformat(),
        "through_seq": seq,
        "tables": tables,
    }
    return Response(json.dumps(answer, ensure_ascii=False), media_type="application/json")


def _ids(found: Belongings) -> IdsAnswer:
    return IdsAnswer(
        accounts=list(found.accounts), contacts=list(found.contacts), opportunities=list(found.opportunities)
    )


def _erase(request: Request, kind: Kind, name: str) -> Response:
    database = database_of(request)
    with database.writing(actor_of(request), f"erase {kind}", request.app.state.clock) as writing:
        done = erase(writing, kind, name)
    clean_log(database)
    assert writing.subject is not None
    answer = ErasureAnswer(
        kind=kind,
        ids=_ids(done.belongings),
        digest=writing.subject.removeprefix("erased:"),
        through_seq=writing.seq,
        recorded_at=moment(writing.recorded_at),
        deleted={table: rows for table, rows in done.deleted.items() if rows},
        anonymised={table: rows for table, rows in done.anonymised.items() if rows},
        touched=len(done.belongings.touched),
        merged_with=list(done.belongings.merged_with),
    )
    return answered(answer)


@router.get(
    "/v1/accounts/{name}/export", response_model=ExportAnswer, responses=documented(404), summary="Export an account"
)
def export_account(request: Request, name: PathId) -> Response:
    """Give everything that is stored about an account, its people and its opportunities.

    Accounts that are one by merges are one here too, whichever of their ids is asked for.
    """
    return _export(request, "account", name)


@router.get(
    "/v1/contacts/{name}/export", response_model=ExportAnswer, responses=documented(404), summary="Export a contact"
)
def export_contact(request: Request, name: PathId) -> Response:
    """Give everything that is stored about a person."""
    return _export(request, "contact", name)


@router.get(
    "/v1/opportunities/{name}/export",
    response_model=ExportAnswer,
    responses=documented(404),
    summary="Export an opportunity",
)
def export_opportunity(request: Request, name: PathId) -> Response:
    """Give everything that is stored about an opportunity, its scores and judgements too."""
    return _export(request, "opportunity", name)


@router.delete(
    "/v1/accounts/{name}", response_model=ErasureAnswer, responses=documented(404, 507), summary="Erase an account"
)
def erase_account(request: Request, name: PathId) -> Response:
    """Erase an account with its people and its opportunities, and everything that happened with them.

    Accounts that are one by merges go together, whichever of their ids is named; ``ids`` lists what was erased.
    Who wants only one of them gone retracts the merge first.
    The same id may be told of again later: the answer then says that it was erased.
    """
    return _erase(request, "account", name)


@router.delete(
    "/v1/contacts/{name}", response_model=ErasureAnswer, responses=documented(404, 507), summary="Erase a contact"
)
def erase_contact(request: Request, name: PathId) -> Response:
    """Erase a person. What happened with an opportunity stays, without saying with whom."""
    return _erase(request, "contact", name)


@router.delete(
    "/v1/opportunities/{name}",
    response_model=ErasureAnswer,
    responses=documented(404, 507),
    summary="Erase an opportunity",
)
def erase_opportunity(request: Request, name: PathId) -> Response:
    """Erase an opportunity with its events, scores, judgements and messages."""
    return _erase(request, "opportunity", name)
