"""The model in service: loaded once from its folder, and why it is not there if it is not."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from features.as_of import known_as_of
from features.errors import ArtifactError, RequestError
from features.history.history import History
from features.history.live import Note, live_request
from features.history.live_account import live_accounts
from features.instants import micros_of
from features.view import View
from models.artifact import Artifact, read_artifact
from models.exported import exported_segments, former_champion, is_exported
from scoring.accounts import AccountScore, ranked, score_accounts
from scoring.score import Score, score_view
from scoring.version_zero import version_zero

_log = logging.getLogger(__name__)

_MOST_FORMER = 4
"""Former models kept in memory."""


@dataclass(frozen=True)
class Champion:
    """The model in service, or the reason why there is none.

    ``segments`` answer for their own opportunities; ``segment_errors`` say why others do not load.
    """

    model: Artifact | None
    reason: ArtifactError | None = None
    folder: Path | None = None
    former: dict[str, Artifact] = field(default_factory=dict, repr=False, compare=False)
    segments: tuple[Artifact, ...] = ()
    segment_errors: tuple[ArtifactError, ...] = ()

    def model_of(self, score: Score) -> Artifact:
        """Find the model that gave a score."""
        return next((s for s in self.segments if s.training["segment"] == score.segment), self.artifact)

    @property
    def versions(self) -> str:
        """Version in service, and those of segments where there are any."""
        return "; ".join([self.artifact.version, *(f"{s.training['segment']}: {s.version}" for s in self.segments)])

    @property
    def artifact(self) -> Artifact:
        """The model; raises the reason when there is none."""
        if self.model is None:
            assert self.reason is not None
            raise self.reason
        return self.model

    def of_version(self, version: str) -> Artifact:
        """Give a model in service, or one that was: it is read once and kept, the last few of them.

        Raises
        ------
        ArtifactError
            That version was never in service here, or its copy is changed.
        """
        in_service = {one.version: one for one in (*self.segments, self.artifact)}
        if version in in_service:
            return in_service[version]
        if version == "0":
            return version_zero(self.artifact.processes)
        if self.folder is None:
            raise ArtifactError(f"no copy of version {version}", "a version that was in service", "name another")
        if version not in self.former:
            artifact = former_champion(self.folder, version)
            for oldest in list(self.former)[: len(self.former) + 1 - _MOST_FORMER]:
                self.former.pop(oldest, None)
            self.former[version] = artifact
        return self.former[version]


def load_champion(folder: Path | None) -> Champion:
    """Load the model of a folder; without a folder, version 0, the fixed weights.

    A folder that does not load is no reason to die: the service starts and says so.
    """
    if folder is None or not is_exported(folder):
        artifact = version_zero()
    else:
        try:
            artifact = read_artifact(folder)
        except ArtifactError as error:
            _log.error("%s", error)
            return Champion(None, error)
        except Exception as problem:  # checksums hold, yet it is no model of ours
            return _refused(folder, problem)
    try:
        _warm_up(artifact)
    except Exception as problem:  # it loads, and does not answer
        return _refused(folder, problem)
    # For a segment whose model does not load the model of all answers; of another origin it is another's.
    models, errors = exported_segments(folder) if folder is not None else ([], [])
    for refused in errors:
        _log.error("%s", refused)
    same = tuple(model for model in models if model.training["origin"] == artifact.training["origin"])
    return Champion(artifact, folder=folder, segments=same, segment_errors=tuple(errors))


def _refused(folder: Path | None, problem: Exception) -> Champion:
    _log.exception("the model does not load")
    found = f"a model in {folder} that does not load ({type(problem).__name__})"
    return Champion(None, ArtifactError(found, "a model of this version", "train and promote it again"))


def _warm_up(artifact: Artifact) -> None:
    """Score once, so that loading compiled loops does not delay the first caller."""
    created = artifact.past.as_of
    process = next(iter(artifact.processes.values()))
    key = {str(stage.outcome): stage.key for stage in process.stages}
    days_before = {3: "open", 2: "lost", 0: "open"}
    asked = {
        "opportunity_id": "warm-up",
        "process": process.name,
        "created_at": created,
        # Reopened, with a visit: what is seldom asked for is compiled too.
        "stage_history": [
            {"stage": key[outcome], "occurred_at": created - pd.Timedelta(days=days)}
            for days, outcome in days_before.items()
        ],
        "activities": [{"kind": "site_visit", "occurred_at": created, "topic": "prices"}],
        "contacts": [],
    }
    score_live(artifact, [asked], created, [30.0], reasons=True)


def score_live(
    artifact: Artifact,
    opportunities: Sequence[Mapping[str, Any]],
    as_of: pd.Timestamp,
    horizons: Sequence[float],
    reasons: bool = False,
) -> list[tuple[Score, tuple[Note, ...]]]:
    """Score the opportunities of a request, in order, each with its notes.

    Past results are those that the model knew at its training: a request cannot know how
    the others' opportunities ended.
    """
    live = live_request(opportunities, as_of, artifact.processes, artifact.catalogue)
    scores: dict[int, Score] = {}
    for group in live.groups:
        ids = [str(opportunities[place]["opportunity_id"]) for place in group.places]
        view = View(group.history, np.arange(len(ids)), np.full(len(ids), micros_of(as_of)))
        instants, past = [as_of] * len(ids), artifact.past
        found = score_view(view, ids, instants, artifact, horizons=horizons, past=past, reasons=reasons)
        scores |= dict(zip(group.places, found, strict=True))
    return [(scores[place], notes) for place, notes in enumerate(live.notes)]


def live_alone(
    artifact: Artifact, opportunity: Mapping[str, Any], as_of: pd.Timestamp
) -> tuple[History, tuple[Note, ...]]:
    """Turn the one opportunity of a request into what is known of it; errors point into ``/opportunity``."""
    try:
        live = live_request([opportunity], as_of, artifact.processes, artifact.catalogue)
    except ExceptionGroup as group:
        wrong = [error for error in group.exceptions if isinstance(error, RequestError)]
        raise ExceptionGroup(group.message, [_of_one(error) for error in wrong]) from group
    return known_as_of(live.groups[0].history, as_of), live.notes[0]


def _of_one(error: RequestError) -> RequestError:
    pointer = error.field.replace("/opportunities/0", "/opportunity", 1)
    return type(error)(error.found, error.expected, error.do, pointer)


def score_live_accounts(
    artifact: Artifact, accounts: Sequence[Mapping[str, Any]], as_of: pd.Timestamp
) -> list[tuple[AccountScore, tuple[Note, ...]]]:
    """Score the accounts of a request, in order, each with its notes and its rank among all of them."""
    live = live_accounts(accounts, as_of, artifact.processes, artifact.catalogue)
    found = [
        score
        for group in live.groups
        for score in score_accounts(group.history, as_of, artifact, results_known=group.results_known)
    ]
    scores = {score.account_id: score for score in ranked(found)}
    return [(scores[raw["account_id"]], notes) for raw, notes in zip(accounts, live.notes, strict=True)]
