"""Which model answers for an opportunity: that of its segment, or that of all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

from features.errors import ArtifactError
from features.history.history import History
from features.past_results import PastResults
from features.segment import Segment, segment_column, segment_of
from models.artifact import Artifact
from scoring.score import HORIZONS, Score, score_opportunities


def segment_of_model(artifact: Artifact) -> Segment | None:
    """Segment that a model was trained for; None when for all."""
    name = artifact.training.get("segment")
    return _named(str(name)) if name else None


@lru_cache(maxsize=64)
def _named(name: str) -> Segment:
    """Read a name once: it is asked for every opportunity."""
    return segment_of(name)


def artifact_for(opportunity: Mapping[str, Any], whole: Artifact, segments: Sequence[Artifact]) -> Artifact:
    """Say which model answers for an opportunity; whoever scores, explains or supposes asks here.

    Parameters
    ----------
    opportunity
        As a request has it, or ``facts_of``.
    whole
        The model of all; it answers for those in no segment.
    segments
        Models of segments. Of two segments with the same opportunity the first answers.
    """
    return next((artifact for artifact in segments if _has(artifact, opportunity)), whole)


def _has(artifact: Artifact, opportunity: Mapping[str, Any]) -> bool:
    segment = segment_of_model(artifact)
    return segment is None or segment.has(opportunity)


def check_could_answer(artifact: Artifact, opportunity: Mapping[str, Any]) -> None:
    """Refuse a former model of a segment that the opportunity is not in: it never answered for it.

    Raises
    ------
    ArtifactError
        It is one.
    """
    if not _has(artifact, opportunity):
        raise ArtifactError(
            f"version {artifact.version}, a model of {artifact.training['segment']}",
            "a version that answered for this opportunity, which is not known to be of that segment",
            "name another",
        )


def facts_of(history: History, opportunity_ids: pd.Series, artifacts: Sequence[Artifact]) -> list[dict[str, Any]]:
    """Write what the segments of some models ask of opportunities, one mapping each, in order."""
    at = pd.Index(history.opportunities["opportunity_id"]).get_indexer(pd.Index(opportunity_ids))
    columns = {segment.column for artifact in artifacts if (segment := segment_of_model(artifact)) is not None}
    known = {name: segment_column(history, name).iloc[at].astype(object) for name in sorted(columns)}
    values = {name: found.where(found.notna(), None).tolist() for name, found in known.items()}
    return [{name: found[row] for name, found in values.items()} for row in range(len(at))]


def score_by_segment(
    history: History,
    keys: pd.DataFrame,
    whole: Artifact,
    segments: Sequence[Artifact],
    *,
    horizons: Sequence[float] = HORIZONS,
    past: PastResults | None = None,
    reasons: bool = False,
) -> list[Score]:
    """Score opportunities as ``score_opportunities`` does, each by the model that answers for it.

    Parameters
    ----------
    whole, segments
        As ``artifact_for`` takes them.

    Returns
    -------
    One score a row of ``keys``, in order.
    """
    facts = facts_of(history, keys["opportunity_id"], segments)
    chosen = [artifact_for(opportunity, whole, segments) for opportunity in facts]
    scores: dict[int, Score] = {}
    for artifact in (*segments, whole):
        places = np.flatnonzero([one is artifact for one in chosen])
        found = score_opportunities(history, keys.iloc[places], artifact, horizons=horizons, past=past, reasons=reasons)
        scores |= dict(zip(places.tolist(), found, strict=True))
    return [scores[place] for place in range(len(keys))]
