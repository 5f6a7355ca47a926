"""Opportunities of the database scored by the hundred, as of one instant."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from api.champion import Champion
from api.live_segments import score_live_by_segment
from features.errors import RequestError
from features.history.database.as_request import request_of
from features.history.database.description import Description
from features.history.database.reads import Known
from features.history.live_rules import Rules
from features.instants import micros_of
from scoring.score import Score

_log = logging.getLogger(__name__)

HORIZONS = (30.0,)

Request = Mapping[str, Any]


@dataclass(frozen=True)
class Scored:
    """What is said of one opportunity, and what it was asked with."""

    score: Score
    request: Request

    def latest(self, field: str) -> str | None:
        """Last value of a field that is followed over time, as known at the instant; None without one."""
        told = [event for event in self.request.get("field_history") or () if event["field"] == field]
        last = _last(told, self.score.as_of)
        return None if last is None or last["value"] is None else str(last["value"])

    @property
    def stage(self) -> str | None:
        """Key of the stage that it is in."""
        last = _last(self.request["stage_history"], self.score.as_of)
        return None if last is None else str(last["stage"])

    @property
    def amount(self) -> float | None:
        """Amount as last told."""
        text = self.latest("amount")
        return None if text is None else float(text)

    @property
    def owner_id(self) -> str | None:
        """Owner as last told."""
        told = any(event["field"] == "owner" for event in self.request.get("field_history") or ())
        return self.latest("owner") if told else self.request["owner_id"]


def _last(events: Sequence[Request], as_of: pd.Timestamp) -> Request | None:
    at = micros_of(as_of)
    past = [event for event in events if event["occurred_at"] <= at]
    # Of equals the last, as the model reads them.
    return sorted(past, key=lambda event: (event["occurred_at"], event["recorded_at"]))[-1] if past else None


def score_known(
    champion: Champion, known: Sequence[Known], description: Description, as_of: pd.Timestamp
) -> list[Scored]:
    """Score what is known of opportunities, in order; what the model cannot read is left out, and logged.

    Parameters
    ----------
    champion
        Who answers.
    known
        Read up to ``as_of``.
    description
        What is collected, as of the same commit.
    """
    rules = Rules(as_of, champion.artifact.processes, champion.artifact.catalogue)
    requests = [request_of(one, description, rules) for one in known]
    readable = [request for request in requests if request["process"] in rules.processes]
    if len(readable) < len(requests):
        _log.warning("%d opportunities of a process that the model does not know", len(requests) - len(readable))
    return _scored(champion, readable, as_of)


def _scored(champion: Champion, requests: Sequence[Request], as_of: pd.Timestamp) -> list[Scored]:
    """Score together; where one is wrong, each half by itself, so that the others are answered."""
    if not requests:
        return []
    try:
        found = score_live_by_segment(champion, requests, as_of, HORIZONS)
    except (RequestError, ExceptionGroup) as problem:
        if len(requests) == 1:
            _log.warning("an opportunity that the model cannot read: %s", type(problem).__name__)
            return []
        half = len(requests) // 2
        return [*_scored(champion, requests[:half], as_of), *_scored(champion, requests[half:], as_of)]
    return [Scored(score, request) for (score, _), request in zip(found, requests, strict=True)]
