"""The way from one estimate of an opportunity to another, in steps whose points add up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
import pandas as pd

from features.errors import RequestError
from features.history.history import History
from features.past_results import PastResults, recorded_results
from features.snapshot_table import Snapshots
from features.snapshots import snapshots_of, view_of
from features.view import View
from models.artifact import Artifact
from models.attribution import Attribution
from scoring.reasons import MOST, Explainer, Part, explainer_of, feature_part, group_parts, rounded_by_group
from scoring.rounding import TENTHS, rounded_parts, tenths
from scoring.score import answer_of, outcomes_of
from scoring.words import Words, value_words

StepKey = Literal["time", "data", "model"]

_OUTCOMES = {"won": "it is won", "lost": "it is lost", None: "it was not recorded by then"}


@dataclass(frozen=True)
class Moved:
    """A feature whose value and part are other than before, with the value before and after in words."""

    part: Part
    before: Words
    after: Words


@dataclass(frozen=True)
class Step:
    """One step of the way, percentage points; ``groups`` add up to it where it is split."""

    key: StepKey
    points: float
    shown: float
    words: Words
    groups: tuple[Part, ...] = ()
    features: tuple[Moved, ...] = ()


@dataclass(frozen=True)
class Estimate:
    """What a model says of one opportunity at an instant; ``snapshot`` is of one row."""

    artifact: Artifact
    snapshot: Snapshots
    win: float

    @cached_property
    def attribution(self) -> Attribution:
        """What adds up to the estimate."""
        return self.artifact.win.attribute(self.snapshot, np.array([self.win]))

    @property
    def values(self) -> dict[str, Any]:
        """Features by name."""
        return self.snapshot.row(0)


def estimate(
    history: History, opportunity_id: str, as_of: pd.Timestamp, artifact: Artifact, past: PastResults | None
) -> Estimate:
    """Estimate one opportunity; ``past`` are the results around it, those of the history when None."""
    view = _alone(history, opportunity_id, as_of)
    snapshot = snapshots_of(view, artifact.catalogue, past if past is not None else recorded_results(history))
    answer, *_ = answer_of(view, artifact, snapshot)
    return Estimate(artifact, snapshot, float(answer.win[0]))


def _alone(history: History, opportunity_id: str, as_of: pd.Timestamp) -> View:
    """Look at one snapshot."""
    key = pd.DataFrame({"opportunity_id": [opportunity_id], "as_of": pd.DatetimeIndex([as_of])})
    return view_of(history, key)


def check_open(history: History, opportunity_id: str, as_of: pd.Timestamp, field: str) -> None:
    """Refuse an opportunity that is not open: it has no estimate.

    Raises
    ------
    RequestError
        It is closed, or was not recorded yet; ``field`` is where the instant was given.
    """
    outcome = outcomes_of(_alone(history, opportunity_id, as_of))[0]
    if outcome != "open":
        found = f"opportunity {opportunity_id!r} as of {as_of.isoformat()}: {_OUTCOMES[outcome]}"
        raise RequestError(found, "one that is open then", "choose another instant", field)


def steps_between(
    estimates: Sequence[Estimate], keys: Sequence[StepKey], said: Mapping[StepKey, Words]
) -> tuple[Step, ...]:
    """Put the differences of estimates that follow each other into steps.

    Parameters
    ----------
    estimates
        One more than there are steps.
    keys
        What makes each difference; that of ``data``, by the same model, is split.
    said
        What makes it in words, such as "the passing of time".
    """
    wins = [one.win for one in estimates]
    differences = np.diff(wins)
    shown = rounded_parts(TENTHS * differences, tenths(wins[-1]) - tenths(wins[0]))
    steps = []
    for place, key in enumerate(keys):
        tenth = int(shown[place])
        groups, features = _split(estimates[place], estimates[place + 1], tenth) if key == "data" else ((), ())
        same = key == "model" and estimates[place].artifact is estimates[place + 1].artifact
        words = said[key] if same else _said(said[key], float(differences[place]), tenth / 10)
        steps.append(Step(key, 100 * float(differences[place]), tenth / 10, words, groups, features))
    return tuple(steps)


def _split(before: Estimate, after: Estimate, shown: int) -> tuple[tuple[Part, ...], tuple[Moved, ...]]:
    """Split the difference of two estimates by one model among the features, whose base is the same."""
    explainer = explainer_of(before.artifact)
    names = before.attribution.features
    parts = after.attribution.parts[0] - before.attribution.parts[0]
    there = np.flatnonzero(parts)
    features = [explainer.features[names[place]] for place in there]
    by_group, by_feature = rounded_by_group([f.group for f in features], (TENTHS * parts[there]).tolist(), shown)
    found = [feature_part(f, p, s) for f, p, s in zip(features, parts[there], by_feature, strict=True)]
    largest = sorted((part for part in found if part.shown != 0), key=lambda part: -abs(part.points))
    values = before.values, after.values
    moved = [_moved(part, explainer, *values) for part in largest]
    # A part may move although the value is the same, because another value counts differently with it.
    return group_parts(by_group), tuple([one for one in moved if one.before != one.after][:MOST])


def _moved(part: Part, explainer: Explainer, before: Mapping[str, Any], after: Mapping[str, Any]) -> Moved:
    feature = explainer.features[part.key]
    then, now = (value_words(feature, values[part.key], explainer.stages) for values in (before, after))
    return Moved(part, then, now)


def _said(what: Words, difference: float, points: float) -> Words:
    if difference == 0:
        return Words(f"{what.en} did not change the estimate", f"{what.zh}未改变估计")
    if points == 0:
        return Words(f"{what.en} hardly changed the estimate", f"{what.zh}对估计几乎无影响")
    size, up = f"{abs(points):.1f}", points > 0
    en = f"{what.en} {'raised' if up else 'lowered'} the estimate by {size} points"
    return Words(en, f"{what.zh}使估计{'升高' if up else '降低'}{size}个百分点")
