"""POST /v1/scores/change and POST /v1/scores/what-if."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, cast

import pandas as pd
from fastapi import APIRouter, Depends, Request, Response

from api.answers import Reason
from api.body import read_body
from api.champion import Champion
from api.change_answers import ChangePointAnswer, MovedAnswer, ScoreChangeAnswer, StepAnswer, WhatIfAnswer
from api.change_schemas import ScoreChangeRequest, WhatIfRequest
from api.live_segments import live_alone_by_segment, with_process
from api.problems import documented
from api.reading import answered, described, read_as
from api.routes.reasons import in_both, part_answers
from api.routes.scores import instant_asked
from api.security import needs
from features.errors import ArtifactError, FutureEventError, RequestError
from features.history.hypothetical import hypothetical_instant
from features.history.live import Note
from models.artifact import Artifact
from scoring.change import Change, change_between
from scoring.difference import Moved, Step
from scoring.segments import check_could_answer
from scoring.what_if import what_if

FARTHEST_AHEAD = pd.Timedelta(days=365)

router = APIRouter(dependencies=[Depends(needs("score"))])


@router.post(
    "/v1/scores/change",
    response_model=ScoreChangeAnswer,
    summary="Say why a score changed",
    responses=documented(409),
    openapi_extra=described("ScoreChangeRequest"),
)
def post_change(request: Request, body: Annotated[bytes, Depends(read_body)]) -> Response:
    """Split the change of a score into what time did, what the data did, and what a new model did.

    The opportunity is sent with its history up to the later instant; what was recorded after
    the earlier one was not known then. The later score is that of ``POST /v1/scores``: by the model
    of the opportunity's segment, where there is one.
    """
    champion = cast(Champion, request.app.state.champion)
    asked = read_as(body, ScoreChangeRequest)
    start = pd.Timestamp(asked.start.as_of).tz_convert("UTC").as_unit("us")
    end = instant_asked(asked.end.as_of, request.app.state.clock, "/to/as_of")
    opportunity = asked.opportunity.model_dump()
    after, history, notes = live_alone_by_segment(champion, opportunity, end)
    version = asked.start.model_version
    before = after if version is None else former_for(champion, version, opportunity)
    found = change_between(history, asked.opportunity.opportunity_id, start, end, before, after, alone=True)
    answer = change_answer(found, before, after, notes)
    return answered(answer)


def change_answer(found: Change, before: Artifact, after: Artifact, notes: Sequence[Note]) -> ScoreChangeAnswer:
    """Write a change as the service answers it, with the models of its two ends."""
    return ScoreChangeAnswer(
        opportunity_id=found.opportunity_id,
        start=_point(found.start, before, found.before, found.before_shown),
        end=_point(found.end, after, found.after, found.after_shown),
        steps=_steps(found.steps),
        notes=_notes(notes),
    )


@router.post(
    "/v1/scores/what-if",
    response_model=WhatIfAnswer,
    summary="Say what the estimate would be if something were different",
    responses=documented(409),
    openapi_extra=described("WhatIfRequest"),
)
def post_what_if(request: Request, body: Annotated[bytes, Depends(read_body)]) -> Response:
    """Estimate an opportunity with supposed changes, everything else as it is: association, not promise.

    Activities that lie ahead are answered for at the instant of the last of them.
    """
    champion = cast(Champion, request.app.state.champion)
    asked = read_as(body, WhatIfRequest)
    as_of = instant_asked(asked.as_of, request.app.state.clock)
    changes = asked.changes.model_dump()
    _check_ahead(changes, as_of)
    artifact, history, notes = live_alone_by_segment(champion, asked.opportunity.model_dump(), as_of)
    found = what_if(history, asked.opportunity.opportunity_id, changes, as_of, artifact)
    answer = WhatIfAnswer(
        opportunity_id=found.opportunity_id,
        model_version=artifact.version,
        now=_point(found.as_of, artifact, found.now, found.now_shown),
        then=_point(found.answered_as_of, artifact, found.then, found.then_shown),
        steps=_steps(found.steps),
        caution=in_both(found.caution),
        notes=_notes(notes),
    )
    return answered(answer)


def former_for(champion: Champion, version: str, opportunity: Mapping[str, Any]) -> Artifact:
    """Find the model that gave the former score: it must have been of all, or of the opportunity's segment.

    Raises
    ------
    RequestError
        That version was never in service here, or never for this opportunity.
    """
    whole = champion.artifact  # raises when nothing is in service, which is no fault of the version named
    try:
        former = champion.of_version(version)
        check_could_answer(former, with_process(opportunity, whole))
    except ArtifactError as error:
        raise RequestError(error.found, error.expected, error.do, "/from/model_version") from error
    return former


def _check_ahead(changes: dict[str, Any], as_of: pd.Timestamp) -> None:
    last = hypothetical_instant(changes, as_of)
    if last > as_of + FARTHEST_AHEAD:
        raise FutureEventError(
            f"an activity at {last.isoformat()}",
            f"at most {FARTHEST_AHEAD.days} days after as_of {as_of.isoformat()}",
            "suppose it earlier",
            "/changes/activities",
        )


def _point(as_of: pd.Timestamp, artifact: Artifact, win: float, shown: float) -> ChangePointAnswer:
    return ChangePointAnswer(
        as_of=as_of,
        model_version=artifact.version,
        segment=artifact.training.get("segment"),
        win_probability=win,
        shown=shown,
    )


def _steps(steps: Sequence[Step]) -> list[StepAnswer]:
    return [
        StepAnswer(
            key=step.key,
            points=step.points,
            shown=step.shown,
            words=in_both(step.words),
            groups=part_answers(step.groups),
            features=[_moved(moved) for moved in step.features],
        )
        for step in steps
    ]


def _moved(moved: Moved) -> MovedAnswer:
    part = moved.part
    return MovedAnswer(
        key=part.key,
        group=part.group,
        names=in_both(part.names),
        points=part.points,
        shown=part.shown,
        before=in_both(moved.before),
        after=in_both(moved.after),
    )


def _notes(notes: Sequence[Note]) -> list[Reason]:
    return [Reason(code=note.code, en=note.en, zh_cn=note.zh) for note in notes]
