"""By whom a model is judged: stage, class, and the segments a business knows itself by."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.past_results import entity_values
from features.snapshots import Catalogue, view_of
from training.dataset import Dataset

Words = NDArray[np.object_]

MOST_VALUES = 8
"""Values of a segment that are told apart; the most frequent ones."""
NOT_RECORDED = ""
"""Group of those whose value is not recorded; no recorded value is empty."""

ALL, STAGE, CLASS = "all", "stage", "class"
SEGMENTS = ("product", "source", "channel", "team")


def groupings_of(dataset: Dataset, catalogue: Catalogue, classes: Words | None) -> dict[str, Words]:
    """Put each snapshot into its group of each grouping: all, stage, class and the segments.

    Parameters
    ----------
    classes
        Class of each snapshot, shape (n,); None when it is not known.
    """
    everyone = {ALL: np.full(len(dataset.keys), ALL, dtype=object)}
    stage = {STAGE: _words(dataset.snapshots["stage"])}
    return everyone | stage | ({} if classes is None else {CLASS: classes}) | segments_of(dataset, catalogue)


def segments_of(dataset: Dataset, catalogue: Catalogue) -> dict[str, Words]:
    """Put each snapshot into its group of each segment: product, source, channel, team, process, categories.

    A segment of one value tells nothing apart and is left out. Columns measured at the close
    or at an unknown time are not in the catalogue, and no segments: they may know the outcome.
    """
    view = view_of(dataset.history, dataset.keys)
    values: dict[str, Words] = {name: entity_values(view)[name] for name in SEGMENTS}
    values["process"] = dataset.history.opportunities["process"].to_numpy(dtype=object)[view.opportunity]
    values |= {
        f"attribute_{a.name}": _words(dataset.snapshots[f"attribute_{a.name}"])
        for a in catalogue.attributes
        if a.type == "category"
    }
    ids = dataset.keys["opportunity_id"].to_numpy(dtype=object)
    grouped = {name: most_frequent(found, ids) for name, found in values.items()}
    return {name: found for name, found in grouped.items() if len({v for v in found if v}) > 1}


def most_frequent(values: Words, opportunities: Words, most: int = MOST_VALUES) -> Words:
    """Keep the values that most opportunities have; missing is a group of its own, the rest are None.

    Examples
    --------
    >>> values = np.array(["web", "web", "fair", None], dtype=object)
    >>> most_frequent(values, np.array(["a", "b", "c", "d"], dtype=object), most=1)
    array(['web', 'web', None, ''], dtype=object)
    """
    words = np.array([NOT_RECORDED if v is None else str(v) for v in values], dtype=object)
    counts = Counter(value for value, _ in set(zip(words, opportunities, strict=True)) if value)
    kept = {value for value, _ in sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:most]}
    return np.array([w if w in kept or w == NOT_RECORDED else None for w in words], dtype=object)


def shares_of(groups: Mapping[str, Words], opportunities: Words) -> dict[str, list[dict[str, object]]]:
    """Share of the opportunities in each group of each grouping, most frequent first.

    Examples
    --------
    >>> shares_of({"source": np.array(["web", "web"], dtype=object)}, np.array(["a", "a"], dtype=object))
    {'source': [{'group': 'web', 'share': 1.0}]}
    """
    total = max(len(set(opportunities)), 1)
    return {name: _shares(zip(values, opportunities, strict=True), total) for name, values in groups.items()}


def _shares(pairs: Iterable[tuple[str | None, str]], total: int) -> list[dict[str, object]]:
    counts = Counter(value for value, _ in set(pairs) if value is not None)
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [{"group": value, "share": count / total} for value, count in ordered]


def _words(column: pd.Series) -> Words:
    return np.array([None if pd.isna(value) else str(value) for value in column], dtype=object)
