"""The figures of a model card, kept with the model: how it did on later snapshots, for whom, and by what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.history.history import History
from features.outcomes import LOST, WON
from features.past_results import entity_values
from features.snapshots import Catalogue, view_of
from models.incidence import Incidence
from training.aalen_johansen import compare_incidence
from training.dataset import Dataset
from training.draws import Draws, draw_opportunities
from training.fairness import largest_gap, owner_spread, segment_records
from training.groupings import ALL, CLASS, STAGE, groupings_of, segments_of, shares_of
from training.loss_reasons import reason_shares, reasons_at_end
from training.reliability import calibration_records, reliability_records

Words = NDArray[np.object_]

METHODS = ("learned", "fixed_weights", "stage_rates")
"""Methods whose reliability is reported."""

_DIGITS = 6


def card_of(
    dataset: Dataset,
    catalogue: Catalogue,
    checks: Sequence[Mapping[str, Any]],
    figures: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """Put together the figures that a model card needs and the rest of the artifact lacks, in JSON.

    Parameters
    ----------
    dataset
        What the model was trained on.
    catalogue
        Its features.
    checks
        Rows of the verdict, ``{en, zh-CN, figure, low, high, limit, passed}``; nothing of the
        champion, for what a model is does not depend on which was in service.
    figures
        What ``later_figures`` found of an earlier training; None when nothing could be judged.
    """
    parts: dict[str, Any] = {
        "period": {"from": _day(dataset.history.opportunities["created_at"].min()), "to": _day(dataset.until)},
        "population": shares_of(segments_of(dataset, catalogue), _ids(dataset)),
        "attributes": attribute_timing(dataset.history, catalogue),
        "unrecorded": [name for name in dataset.snapshots if dataset.snapshots[name].isna().all()],
        "checks": list(checks),
        "judged": None,
        **(figures or {}),
    }
    return {name: _plain(part) for name, part in parts.items()}


def later_figures(
    answers: Mapping[str, Incidence], later: Dataset, catalogue: Catalogue, classes: Words | None, seed: int
) -> dict[str, Any]:
    """Judge answers on later snapshots: reliability, incidence, calibration error, segments and owners.

    Parameters
    ----------
    answers
        Answer of each method for the later snapshots.
    classes
        Class of each later snapshot; None when it is not known.
    """
    labels, draws = later.labels(), draw_opportunities(_ids(later), seed)
    shown = {name: answers[name] for name in METHODS if name in answers}
    groupings = groupings_of(later, catalogue, classes)
    segments = {by: group for by, group in groupings.items() if by not in (ALL, STAGE, CLASS)}
    by_segment = segment_records(answers["learned"], labels, segments, draws)
    incidence, integrated = compare_incidence(shown, labels, draws)
    owners = entity_values(view_of(later.history, later.keys))["owner"]
    return {
        "judged": _size(later, draws),
        "reliability": reliability_records(shown, labels, groupings, draws),
        "calibration": calibration_records(shown, labels, draws, seed),
        "incidence": incidence,
        "integrated": integrated,
        "segments": by_segment,
        "largest_gap": largest_gap(by_segment),
        "lost_reasons": _lost_reasons(later, classes),
        "owners": owner_spread(answers["learned"], labels, owners, draws),
    }


def _lost_reasons(later: Dataset, classes: Words | None) -> list[dict[str, Any]]:
    """Share of each loss reason by the class in which an opportunity was while open."""
    if classes is None:
        return []
    reasons = reasons_at_end(later.history)[view_of(later.history, later.keys).opportunity]
    lost = (later.labels().outcome == LOST) & np.array([reason is not None for reason in reasons], dtype=bool)
    return reason_shares({CLASS: classes[lost]}, reasons[lost], _ids(later)[lost]) if any(reasons[lost]) else []


def attribute_timing(history: History, catalogue: Catalogue) -> list[dict[str, Any]]:
    """List the customer's own columns: when each is measured, and whether the model was given it."""
    used = {a.name for a in catalogue.attributes if f"attribute_{a.name}" not in catalogue.excluded}
    return [
        {"name": a.name, "names": dict(a.names), "measured": a.measured, "used": a.name in used}
        for a in history.attributes.values()
    ]


def _size(later: Dataset, draws: Draws) -> dict[str, Any]:
    outcome, as_of = later.labels().outcome, pd.DatetimeIndex(later.keys["as_of"])
    won, lost = (len(np.unique(draws.place[outcome == code])) for code in (WON, LOST))
    return {
        "from": _day(as_of.min()),
        "to": _day(later.until),
        "snapshots": len(as_of),
        "opportunities": draws.counts.shape[1],
        "won": won,
        "lost": lost,
    }


def _ids(dataset: Dataset) -> Words:
    return dataset.keys["opportunity_id"].to_numpy(dtype=object)


def _day(instant: pd.Timestamp) -> str:
    return f"{instant:%Y-%m-%d}"


def _plain(value: Any) -> Any:
    """Round to six digits; a figure that does not exist is null."""
    if isinstance(value, Mapping):
        return {str(name): _plain(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    if isinstance(value, float):
        return round(value, _DIGITS) if np.isfinite(value) else None
    return value
