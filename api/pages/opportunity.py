"""/opportunities/{name}: one opportunity as of now. Its JSON is GET /v1/opportunities/{name}/score and its kin."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import quote

import pandas as pd
from fastapi import APIRouter, Depends, Query, Request, Response

from api.answers import PartAnswer, ReasonsAnswer
from api.change_answers import ScoreChangeAnswer
from api.field_types import Instant, PathId
from api.list_answers import KeptScore
from api.list_schemas import ScoreHistoryQuery
from api.pages.charts import Point
from api.pages.downloads import Format, download
from api.pages.language import N_, Language, language_of
from api.pages.opportunity_tables import TABLES, horizon_table
from api.pages.pipeline import STATUSES
from api.pages.rendering import canonical, page
from api.pages.stages import stages_in_service
from api.problems import HttpError, Part
from api.routes.opportunities import stored_change, stored_score
from api.routes.recorded import recorded_opportunity
from api.routes.score_history import score_history
from api.security import needs
from api.store.service import database_of
from api.store.work_list import listed_row
from api.stored_answers import StoredScoreAnswer
from features.errors import ArtifactError, RequestError
from scoring.waterfall import Fall, waterfall

router = APIRouter(include_in_schema=False, dependencies=[Depends(needs("read")), Depends(canonical)])

_OF_HISTORY = ScoreHistoryQuery(limit=400)
_WEEK = pd.Timedelta(days=7)

_STEPS = {"time": N_("Time passing"), "data": N_("What was recorded"), "model": N_("New model")}
_TEN = 10


@dataclass(frozen=True)
class Bar:
    """A group of reasons in the waterfall, with its features."""

    part: PartAnswer
    fall: Fall
    features: Sequence[PartAnswer]


@router.get("/opportunities/{name}")
def get_opportunity(
    request: Request,
    name: PathId,
    since: Annotated[Instant | None, Query()] = None,
    version: Annotated[str | None, Query(max_length=255)] = None,
) -> Response:
    """Show the score of now, why it is so, what it was, and why it changed."""
    language = language_of(request)
    found = stored_score(request, name, None, None, True)
    kept = score_history(request, name, _OF_HISTORY).scores
    start, of_version = (since, version) if since is not None else _earlier(found, kept)
    change = _change(request, name, start, of_version) if start is not None else None
    reasons = found.score.reasons
    return page(
        request,
        "opportunity.html",
        name=name,
        base=f"/opportunities/{quote(name, safe='')}",
        found=found,
        score=found.score,
        facts=_facts(request, name, language),
        said_status=STATUSES[found.score.status],
        reasons=reasons,
        bars=_bars(reasons) if reasons else [],
        most=_most(reasons) if reasons else 100,
        horizons=horizon_table(found, language),
        points=_points(found, kept),
        kept=list(reversed(kept)),
        versions=len({one.model_version for one in kept}),
        change=change,
        change_falls=waterfall(change.start.shown, [s.shown for s in change.steps]) if change else [],
        steps=_STEPS,
        json=f"/v1/opportunities/{quote(name, safe='')}/score",
    )


@router.get("/opportunities/{name}/reasons")
def get_reasons(request: Request, name: PathId) -> Response:
    """Give the largest reasons alone, for a row of the list."""
    found = stored_score(request, name, None, None, True)
    url, reasons = f"/opportunities/{quote(name, safe='')}", found.score.reasons
    others = 0.0 if reasons is None else _others(reasons)
    return page(request, "reasons.html", name=name, score=found.score, reasons=reasons, others=others, url=url)


def _others(reasons: ReasonsAnswer) -> float:
    """What all that is not named adds, in points to a tenth: with it the lines add up to the probability."""
    named = sum(reason.shown for reason in (*reasons.up, *reasons.down))
    return round(reasons.probability_shown - reasons.base_shown - named, 1)


@router.get("/opportunities/{name}/{table}.{kind}")
def get_table(
    request: Request,
    name: PathId,
    table: str,
    kind: Format,
    since: Annotated[Instant | None, Query()] = None,
    version: Annotated[str | None, Query(max_length=255)] = None,
) -> Response:
    """Give a table of the page as a file."""
    if table not in TABLES:
        part = Part(pointer="", found=f"a table {table[:40]!r}", expected=", ".join(TABLES), do="follow a link")
        raise HttpError(404, part)
    found = stored_score(request, name, None, None, True)
    kept = score_history(request, name, _OF_HISTORY).scores
    start, of_version = (since, version) if since is not None else _earlier(found, kept)
    change = _change(request, name, start, of_version) if table == "change" and start is not None else None
    return download(TABLES[table](found, kept, change, language_of(request)), kind, f"opportunity-{table}")


def _earlier(found: StoredScoreAnswer, kept: Sequence[KeptScore]) -> tuple[datetime | None, str | None]:
    """Choose the score of a week before, else the oldest one: from there the change is told."""
    open_then = [one for one in kept if one.outcome == "open" and one.win_probability is not None]
    if found.score.win_probability is None or not open_then:
        return None, None
    old = [one for one in open_then if found.score.as_of - one.as_of >= _WEEK]
    chosen = old[0] if old else open_then[-1]
    return chosen.as_of, chosen.model_version


def _change(request: Request, name: str, since: datetime, version: str | None) -> ScoreChangeAnswer | None:
    """Ask why the score changed; None where it cannot be told, such as of an opportunity that is closed."""
    try:
        return stored_change(request, name, since, version)
    except (RequestError, ArtifactError, ExceptionGroup):
        return None


def _facts(request: Request, name: str, language: Language) -> Mapping[str, Any]:
    """What the list says of it; nothing when it is not on the list."""
    with database_of(request).reading() as connection:
        row = listed_row(connection, name)
    if row is None:
        return {}
    stage = stages_in_service(request, language).of(row["stage"], row["process"])
    stated = recorded_opportunity(request, name).fields.get("expected_close_date")
    facts = {
        N_("Stage"): stage,
        N_("Amount"): language.formats.money(row["amount"], row["currency"]),
        N_("Owner"): row["owner_id"],
        N_("Account"): row["account_id"],
        N_("Team"): row["team"],
        N_("Product"): row["product"],
        N_("Stated close"): None if stated is None else language.formats.day(str(stated)),
    }
    return {head: value for head, value in facts.items() if value}


def _bars(reasons: ReasonsAnswer) -> list[Bar]:
    falls = waterfall(reasons.base_shown, [group.shown for group in reasons.groups])
    return [
        Bar(group, fall, [f for f in reasons.features if f.group == group.key and f.shown != 0])
        for group, fall in zip(reasons.groups, falls, strict=True)
    ]


def _most(reasons: ReasonsAnswer) -> int:
    """The end of the drawing: the next ten points above all that is drawn."""
    falls = waterfall(reasons.base_shown, [group.shown for group in reasons.groups])
    highest = max([reasons.base_shown, *(fall.end for fall in falls)])
    return min(_TEN * (int(highest) // _TEN + 1), 100)


def _points(found: StoredScoreAnswer, kept: Sequence[KeptScore]) -> list[Point]:
    """The line of scores: those kept, and the one of now."""
    said = [(one.as_of, one.win_probability, one.interval) for one in reversed(kept)]
    score = found.score
    said = [one for one in said if one[0] < score.as_of] + [(score.as_of, score.win_probability, score.interval)]
    return [
        Point(int(at.timestamp()), win, interval.low if interval else None, interval.high if interval else None)
        for at, win, interval in said
        if win is not None
    ]
