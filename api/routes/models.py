"""GET /v1/models/champion."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, cast

from fastapi import APIRouter, Depends, Request, Response

from api.answers import Words
from api.champion import Champion
from api.model_answers import ChampionAnswer, ClassCriteria, ProcessAnswer, SegmentAnswer, StageAnswer
from api.reading import answered
from api.routes.scores import context_as_of
from api.security import needs
from features.history.process import Process
from features.history.schema import ACTIVITY_KINDS
from models.artifact import Artifact

router = APIRouter(dependencies=[Depends(needs("score"))])

_CRITERIA = ("recent_days", "need_threshold", "accounts")


@router.get("/v1/models/champion", response_model=ChampionAnswer, summary="Describe the model in service")
def get_champion(request: Request) -> Response:
    """Say what the model in service was trained on, and by what it answers."""
    champion = cast(Champion, request.app.state.champion)
    answer = _describe(champion.artifact, champion.segments)
    return answered(answer)


def _describe(artifact: Artifact, segments: Sequence[Artifact]) -> ChampionAnswer:
    return ChampionAnswer(
        version=artifact.version,
        origin=str(artifact.training["origin"]),
        context_as_of=context_as_of(artifact),
        features=len(artifact.catalogue.learned),
        excluded=list(artifact.training.get("excluded", [])),
        blend_weights=artifact.win.to_dict()["weights"],
        activity_kinds=[*ACTIVITY_KINDS, *artifact.catalogue.custom_kinds],
        attributes={attribute.name: attribute.type for attribute in artifact.catalogue.own_attributes},
        training=_finite(dict(artifact.training)),
        classification=_criteria(artifact),
        segments=[SegmentAnswer(segment=str(s.training["segment"]), version=s.version) for s in segments],
        processes=[_process(process) for process in artifact.processes.values()],
    )


def _criteria(artifact: Artifact) -> ClassCriteria:
    """Split the criteria from what was reported with them."""
    kept = artifact.classification
    reported = {name: value for name, value in kept.items() if name not in _CRITERIA}
    report = reported.get("report", reported) or None
    return ClassCriteria(
        recent_days=kept["recent_days"],
        need_threshold=kept["need_threshold"],
        report=_finite(report),
        accounts=_finite(kept.get("accounts")),
    )


def _process(process: Process) -> ProcessAnswer:
    return ProcessAnswer(
        name=process.name,
        stages=[
            StageAnswer(
                key=stage.key,
                names=Words(en=stage.names.get("en", stage.key), zh_cn=stage.names.get("zh-CN", stage.key)),
                outcome=stage.outcome,
                fixed_weight=None if math.isnan(stage.weight) else stage.weight,
                need_confirmed=stage.need_confirmed,
            )
            for stage in process.stages
        ],
    )


def _finite(value: Any) -> Any:
    """JSON has no NaN: a figure that could not be measured is null."""
    if isinstance(value, dict):
        return {name: _finite(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
