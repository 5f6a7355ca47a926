"""Who wrote what, and when."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import AwareDatetime, Field
from sqlalchemy import Select, select

from api.answers import Answer
from api.reading import answered
from api.security import needs
from api.store.service import database_of
from features.history.database.reads import moment
from features.history.database.tables import COMMITS

router = APIRouter(tags=["audit log"], dependencies=[Depends(needs("admin"))])

_LAST_SEQ = 2**53


class CommitAnswer(Answer):
    """One write."""

    seq: int = Field(description="Its number; numbers grow, and none is missing.", examples=[1204])
    recorded_at: AwareDatetime = Field(description="When it was recorded.", examples=["2026-03-02T09:30:01Z"])
    actor: str = Field(description="Name of the key, or of the command.", examples=["crm"])
    action: str = Field(description="What was done.", examples=["put opportunity"])
    subject: str | None = Field(
        description="What it was done to, where it is one thing; erased: and a digest, when that was erased.",
        examples=["o-42"],
    )
    rows: int = Field(description="Rows written, or deleted.", examples=[1])


class AuditLogAnswer(Answer):
    """Writes, the oldest or the newest first."""

    commits: list[CommitAnswer] = Field(
        description="In the order of their numbers, or from the last on.",
        examples=[[{"seq": 1204, "action": "put opportunity"}]],
    )
    next_after_seq: int | None = Field(
        description="after_seq of the next page; null when there is none yet.", examples=[1304]
    )
    next_before_seq: int | None = Field(
        description="before_seq of the next page, the newest first; null when there is none.", examples=[None]
    )


@router.get("/v1/audit-log", response_model=AuditLogAnswer, summary="List who wrote what")
def get_audit_log(
    request: Request,
    after_seq: Annotated[int, Query(ge=0, le=_LAST_SEQ, description="Later writes only.", examples=[0])] = 0,
    before_seq: Annotated[int | None, Query(ge=1, le=_LAST_SEQ, description="Earlier writes only.")] = None,
    order: Annotated[
        Literal["oldest", "newest"], Query(description="Which come first.", examples=["newest"])
    ] = "oldest",
    actor: Annotated[str | None, Query(max_length=200, description="By this key or command only.")] = None,
    action: Annotated[str | None, Query(max_length=200, description="Of this sort only.")] = None,
    subject: Annotated[str | None, Query(max_length=255, description="To this id only.")] = None,
    limit: Annotated[int, Query(ge=1, le=1000, description="Writes at most.", examples=[100])] = 100,
) -> Response:
    """List every write: of data, judgements, webhooks and erasures, by whom and when."""
    named, is_newest_first = {"actor": actor, "action": action, "subject": subject}, order == "newest"
    asked = commits_asked(named, after_seq, before_seq, is_newest_first)
    with database_of(request).reading() as connection:
        rows = connection.execute(asked.limit(limit + 1)).all()
    commits = [_commit(row) for row in rows[:limit]]
    following = commits[-1].seq if len(rows) > limit else None
    after, before = (None, following) if is_newest_first else (following, None)
    return answered(AuditLogAnswer(commits=commits, next_after_seq=after, next_before_seq=before))


def commits_asked(
    named: Mapping[str, str | None], after_seq: int, before_seq: int | None, is_newest_first: bool
) -> Select[Any]:
    """Ask for commits between two numbers, by what columns must be; None: whatever."""
    seq = COMMITS.c.seq
    wanted = [COMMITS.c[column] == value for column, value in named.items() if value is not None]
    wanted += [seq > after_seq, *([seq < before_seq] if before_seq is not None else [])]
    return select(COMMITS).where(*wanted).order_by(seq.desc() if is_newest_first else seq)


def _commit(row: Any) -> CommitAnswer:
    return CommitAnswer(
        seq=row.seq,
        recorded_at=moment(row.recorded_at),
        actor=row.actor,
        action=row.action,
        subject=row.subject,
        rows=row.rows,
    )
