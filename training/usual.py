"""What is usual: how often open opportunities are won by the value of each feature that a model uses.

One opportunity counts once in each group, however many snapshots saw it there, by the mean
of what became of them. One that is still open when watching ends counts with the model's own
probability of being won from then on, given that it stayed open so long: leaving it out would
make whatever closes slowly look rarer than it is. Groups of few opportunities say nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.feature import Feature
from features.newest_record import days_since_newest_record
from features.outcomes import CENSORED, WON, Labels
from features.snapshots import Catalogue
from models.hazard_blend import HazardBlend
from models.incidence import Incidence
from training.dataset import Dataset

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bound = float | str | None
Range = tuple[Bound, Bound]

FEWEST = 30
"""Opportunities below which a group says nothing."""
RECORD_SHARE = 0.99
"""Share of open opportunities whose newest record is at most as old as usual."""

_MOST_WORDS = 12
_MANY_ZEROS = 1 / 6
_MISSING: Range = (None, None)


def usual_of(dataset: Dataset, win: HazardBlend, catalogue: Catalogue) -> dict[str, Any]:
    """Find what is usual in the snapshots that a model was trained on.

    Returns
    -------
    A mapping ready for JSON. ``all``: share won, and opportunities. ``features``: for each
    feature that the model uses, groups ``[from, below, share won, opportunities]``; a number
    is in a group when ``from <= number < below``, null is no bound. A word stands alone in
    ``from``; both are null for what is missing. ``newest_record``: days within which 99 % of
    open opportunities have a record; null when activities are not collected.
    """
    newest = _newest_record(dataset)
    if not len(dataset.keys):
        return {"all": None, "features": {}, "newest_record": newest}
    chance = _won_at_last(dataset, win)
    ids = pd.factorize(dataset.keys["opportunity_id"])[0].astype(np.int64)
    used = set(win.attribute(dataset.snapshots.iloc[:1]).features)
    features = {}
    for feature in catalogue.features:
        if feature.name in used:
            groups = _groups(feature, dataset.snapshots[feature.name], ids, chance)
            if len(groups) > 1:
                features[feature.name] = groups
    everything = _shares(np.zeros(len(ids), np.int64), 1, ids, chance)[0]
    return {"all": list(everything), "features": features, "newest_record": newest}


def _newest_record(dataset: Dataset) -> float | None:
    """Days within which open opportunities usually have a record, each weighing the same."""
    days = days_since_newest_record(dataset.history, dataset.keys)
    known = ~np.isnan(days)
    ids = pd.factorize(dataset.keys["opportunity_id"])[0][known]
    if len(set(ids)) < FEWEST:
        return None
    order = np.argsort(days[known], kind="stable")
    weight = (1 / np.bincount(ids))[ids][order]
    reached = np.searchsorted(np.cumsum(weight), RECORD_SHARE * weight.sum())
    return round(float(days[known][order][min(int(reached), len(order) - 1)]), 1)


def _won_at_last(dataset: Dataset, win: HazardBlend) -> Floats:
    """1 won, 0 lost; the model's probability of being won from then on for what is still open, shape (n,)."""
    labels = dataset.labels()
    chance: Floats = (labels.outcome == WON).astype(np.float64)
    still_open = np.flatnonzero(labels.outcome == CENSORED)
    if len(still_open):
        answer = win.predict(dataset.snapshots.iloc[still_open])
        chance[still_open] = won_from_then_on(answer, labels.take(still_open))
    return chance


def won_from_then_on(answer: Incidence, labels: Labels) -> Floats:
    """Probability of being won, given that it was still open after so many days, shape (n,).

    Examples
    --------
    >>> clock = np.array([[1.0]])
    >>> answer = Incidence(np.array([30.0]), np.array([0.5]), clock, clock / 2)
    >>> won_from_then_on(answer, Labels(np.array([30.0]), np.array([0]), np.array([30.0])))
    array([0.])
    """
    days = labels.days[:, None]
    won, lost = answer.win_by(days)[:, 0], answer.loss_by(days)[:, 0]
    return np.asarray(np.clip((answer.win - won) / np.maximum(1 - won - lost, 1e-9), 0, 1), dtype=np.float64)


def _groups(feature: Feature, values: pd.Series, ids: Ints, chance: Floats) -> list[list[Any]]:
    """Groups of a feature that are large enough, with share won and opportunities."""
    if feature.is_category:
        ranges, code = _of_words(values, ids)
    else:
        numbers = values.to_numpy(np.float64)
        ranges = _ranges(feature, numbers, ids)
        bounds = np.array([low for low, _ in ranges[1:]], dtype=np.float64)
        code = np.where(np.isnan(numbers), len(ranges), np.searchsorted(bounds, numbers, side="right"))
    found = _shares(code.astype(np.int64), len(ranges) + 1, ids, chance)
    rows = zip([*ranges, _MISSING], found, strict=True)
    return [[low, high, won, count] for (low, high), (won, count) in rows if count >= FEWEST]


def _of_words(values: pd.Series, ids: Ints) -> tuple[list[Range], Ints]:
    known = values.notna().to_numpy()
    frame = pd.DataFrame({"word": values.to_numpy(dtype=object)[known], "id": ids[known]}).drop_duplicates()
    counts = frame["word"].value_counts().sort_index().sort_values(ascending=False, kind="stable")
    words = [str(word) for word in counts.index[counts.to_numpy() >= FEWEST][:_MOST_WORDS]]
    place = {word: code for code, word in enumerate(words)}
    # Rare words are in no group.
    code = [place.get(word, -1) if there else len(words) for word, there in zip(values, known, strict=True)]
    return [(word, None) for word in words], np.array(code, dtype=np.int64)


def _ranges(feature: Feature, numbers: Floats, ids: Ints) -> list[Range]:
    """Cut numbers: yes and no, levels, none and some of what is counted, else at their thirds."""
    if feature.unit == "yes/no":
        return _between([1.0])
    if feature.unit == "level":
        return _between([1.0, 2.0])
    known = ~np.isnan(numbers)
    if feature.unit == "count" and (numbers == 0).sum() >= max(_MANY_ZEROS * known.sum(), 1):
        few, many = ((numbers >= low) & (numbers < high) for low, high in ((1, 3), (3, np.inf)))
        enough = min(len(np.unique(ids[few])), len(np.unique(ids[many]))) >= FEWEST
        return _between([1.0, 3.0] if enough else [1.0])
    thirds = np.quantile(numbers[known], (1 / 3, 2 / 3)).tolist() if known.any() else []
    return _between(sorted({_round(feature, bound) for bound in thirds}))


def _round(feature: Feature, bound: float) -> float:
    """Two figures, or whole days and counts: what is said is what is cut at."""
    if feature.unit in ("days", "count") and abs(bound) >= 1:
        return float(round(bound))
    return float(f"{bound:.2g}")


def _between(bounds: Sequence[float]) -> list[Range]:
    return list(zip([None, *bounds], [*bounds, None], strict=True))


def _shares(code: Ints, count: int, ids: Ints, chance: Floats) -> list[tuple[float | None, int]]:
    """Share won, and number of opportunities, of each group; each opportunity once."""
    inside = code >= 0
    width = int(ids.max()) + 1
    place = code[inside] * width + ids[inside]
    seen = np.bincount(place, minlength=count * width).reshape(count, width)
    # Of nothing bincount makes whole numbers, weights or not.
    won = np.bincount(place, chance[inside], minlength=count * width).astype(np.float64).reshape(count, width)
    share = np.divide(won, seen, out=np.zeros_like(won), where=seen > 0).sum(axis=1)
    opportunities = (seen > 0).sum(axis=1)
    return [(round(float(s / n), 4) if n else None, int(n)) for s, n in zip(share, opportunities, strict=True)]
