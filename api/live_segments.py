"""The model that answers for an opportunity of a request: that of its segment, where it can be asked."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from api.champion import Champion, live_alone, score_live
from features.errors import RequestError
from features.history.history import History
from features.history.live import Note, live_request
from features.segment import OF_ACCOUNT
from models.artifact import Artifact
from scoring.score import Score
from scoring.segments import artifact_for, segment_of_model

_log = logging.getLogger(__name__)


def score_live_by_segment(
    champion: Champion,
    opportunities: Sequence[Mapping[str, Any]],
    as_of: pd.Timestamp,
    horizons: Sequence[float],
    reasons: bool = False,
) -> list[tuple[Score, tuple[Note, ...]]]:
    """Score the opportunities of a request, each by the model that answers for it.

    What the model of all refuses is refused.
    """
    scored = score_live(champion.artifact, opportunities, as_of, horizons, reasons)
    answering = [answering_artifact(champion, opportunity, as_of) for opportunity in opportunities]
    for artifact in champion.segments:
        places = [place for place, (one, _) in enumerate(answering) if one is artifact]
        asked = [opportunities[place] for place in places]
        found = score_live(artifact, asked, as_of, horizons, reasons) if asked else []
        for place, (score, _) in zip(places, found, strict=True):
            scored[place] = score, scored[place][1]
    return [(score, (*notes, *said)) for (score, notes), (_, said) in zip(scored, answering, strict=True)]


def live_alone_by_segment(
    champion: Champion, opportunity: Mapping[str, Any], as_of: pd.Timestamp
) -> tuple[Artifact, History, tuple[Note, ...]]:
    """Give the model that answers for the one opportunity of a request, and what is known of it, as that reads it.

    What the model of all refuses is refused, as in a request for scores.
    """
    history, notes = live_alone(champion.artifact, opportunity, as_of)
    artifact, said = answering_artifact(champion, opportunity, as_of)
    if artifact is not champion.artifact:
        history, _ = live_alone(artifact, opportunity, as_of)
    return artifact, history, (*notes, *said)


def answering_artifact(
    champion: Champion, opportunity: Mapping[str, Any], as_of: pd.Timestamp
) -> tuple[Artifact, tuple[Note, ...]]:
    """Say which model answers for an opportunity of a request, with notes where another might have.

    What the model of a segment cannot read (a stage, say, that it has never heard of) is
    answered by the model of all.
    """
    whole = champion.artifact
    if not champion.segments:
        return whole, ()
    asked = with_process(opportunity, whole)
    chosen = artifact_for(asked, whole, champion.segments)
    # One by one: an opportunity that the model cannot read must not change the answers for others.
    if chosen is not whole and not _reads(chosen, opportunity, as_of):
        return whole, (_unreadable(chosen),)
    return chosen, tuple(_account_unknown(one, chosen) for one in _not_asked(champion, asked, chosen))


def with_process(opportunity: Mapping[str, Any], artifact: Artifact) -> Mapping[str, Any]:
    """Name the process when there is only one and it is not named."""
    if opportunity.get("process") is None and len(artifact.processes) == 1:
        return {**opportunity, "process": next(iter(artifact.processes))}
    return opportunity


def _reads(artifact: Artifact, opportunity: Mapping[str, Any], as_of: pd.Timestamp) -> bool:
    try:
        live_request([opportunity], as_of, artifact.processes, artifact.catalogue)
    except (RequestError, ExceptionGroup) as problem:
        # The problem's own text quotes the opportunity.
        _log.warning("version %s does not read an opportunity: %s", artifact.version, type(problem).__name__)
        return False
    return True


def _not_asked(champion: Champion, opportunity: Mapping[str, Any], chosen: Artifact) -> list[Artifact]:
    """Models that would have come before the one chosen if the account's value were what they are for."""
    found = []
    for artifact in champion.segments:
        if artifact is chosen:
            break
        segment = segment_of_model(artifact)
        if segment is not None and segment.column in OF_ACCOUNT and segment.value_of(opportunity) is None:
            found.append(artifact)
    return found


def _account_unknown(artifact: Artifact, chosen: Artifact) -> Note:
    segment, answered = segment_of_model(artifact), chosen.training.get("segment")
    assert segment is not None
    return Note(
        "account_unknown",
        f"account.{segment.column} was not sent: whether it is in {segment.name}, which has a model of its own, is "
        f"unknown; the model of {answered or 'all'} answered",
        f"未提供account.{segment.column}：无法判断是否属于有专用模型的{segment.name}；"
        f"由{f'{answered}的模型' if answered else '整体模型'}作答",
    )


def _unreadable(artifact: Artifact) -> Note:
    name = artifact.training["segment"]
    return Note(
        "segment_model_unreadable",
        f"the model of {name} does not understand something that was sent; the model of all answered",
        f"{name}的模型不能识别所提供的某项内容；由整体模型作答",
    )
