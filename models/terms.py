"""What the ridge regressions add up: numbers, gaps, levels, and a few products that the field knows of.

Most effects in sales add up. Some do not: an engaged buyer without authority does not buy,
and what silence or age means depends on the stage. Trees need thousands of wins to find
that; a product with a strong penalty needs hundreds.

Where an opportunity stands also says when it can close: one in negotiation may be won next
week, one just identified has stages to go. Such terms are ``timed``: they add another amount
the further ahead one looks.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.catalogue import FEATURES
from features.compiled import compiled
from models.encoding import Encoding

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

BY_STAGE = (
    "days_since_created",
    "days_in_stage",
    "man_yes",
    "man_no",
    "contact_intensity",
    "days_since_two_way",
    "visit_intensity",
    "moves_backward",
    "overdue",
)
"""What counts differently from stage to stage, besides the customer's own numbers."""
BY_AUTHORITY = ("contact_intensity", "days_since_two_way")
"""What counts differently with the authority of the buyer."""

TIMED = "stage_position"
"""Number that counts differently the further ahead one looks, as the words of the stage do."""

_LEVELS = (0.0, 1.0, 2.0)
_MOST_STAGES, _LEAST_SHARE = 8, 0.02
_MOST_OWN = 5
_FARTHEST = 4.0
_UNIT = {feature.name: feature.unit for feature in FEATURES}


@dataclass(frozen=True)
class Terms:
    """Terms of a linear predictor, made from an encoded matrix of shape (n, p).

    Parameters
    ----------
    mean, spread
        Of the signed logarithms of the columns, shape (p,).
    gaps
        Columns with a term of their own for being missing.
    indicators
        Column and value of each term that is 1 where the column has the value, shape (q, 2).
    products
        Place of an indicator and a column, shape (r, 2): the column's number counts there only.
    timed
        Columns that add another amount the further ahead one looks, shape (t,); their terms have the same places.
    """

    mean: Floats
    spread: Floats
    gaps: Ints
    indicators: Floats
    products: Ints
    timed: Ints = field(default_factory=lambda: np.zeros(0, np.int64))

    def of(self, matrix: Floats) -> Floats:
        """Make the terms of each row, shape (n, p + g + q + r); a missing number is at its mean."""
        terms = np.empty((len(matrix), len(self.mean) + len(self.gaps) + len(self.indicators) + len(self.products)))
        read = (self.mean, self.spread, self.gaps, self._columns, self._levels, self.products)
        _fill_terms(np.ascontiguousarray(matrix), *read, terms)
        return terms

    @cached_property
    def _columns(self) -> Ints:
        return np.ascontiguousarray(self.indicators[:, 0].astype(np.int64))

    @cached_property
    def _levels(self) -> Floats:
        return np.ascontiguousarray(self.indicators[:, 1])

    @property
    def owners(self) -> Ints:
        """Two columns of the matrix that each term is of, shape (k, 2); the same twice for most."""
        of_indicator = self.indicators[:, 0].astype(np.int64)
        single = np.concatenate([np.arange(len(self.mean)), self.gaps, of_indicator])
        pairs = np.stack([of_indicator[self.products[:, 0]], self.products[:, 1]], axis=1)
        return np.concatenate([np.stack([single, single], axis=1), pairs]).astype(np.int64)

    def to_dict(self) -> dict[str, Any]:
        """Describe the terms in JSON; ``Terms.from_dict`` reads them back."""
        names = ("mean", "spread", "gaps", "indicators", "products", "timed")
        return {name: getattr(self, name).tolist() for name in names}

    @classmethod
    def from_dict(cls, raw: dict[str, Any]) -> Terms:
        """Read what ``to_dict`` wrote."""
        pairs = {name: np.array(raw[name]).reshape(-1, 2) for name in ("indicators", "products")}
        return cls(
            np.array(raw["mean"], dtype=np.float64),
            np.array(raw["spread"], dtype=np.float64),
            np.array(raw["gaps"], dtype=np.int64),
            pairs["indicators"].astype(np.float64),
            pairs["products"].astype(np.int64),
            # A model from before terms were timed has none.
            np.array(raw.get("timed", ()), dtype=np.int64),
        )


@compiled
def _fill_terms(
    matrix: Floats, mean: Floats, spread: Floats, gaps: Ints, columns: Ints, levels: Floats, products: Ints,
    terms: Floats,
) -> None:  # fmt: skip
    wide = matrix.shape[1]
    of_gaps, of_levels = wide, wide + len(gaps)
    of_products = of_levels + len(columns)
    for row in range(len(matrix)):
        for c in range(wide):
            x, z = matrix[row, c], 0.0
            if not np.isnan(x):
                size = np.log1p(abs(x))
                z = ((size if x >= 0 else -size) - mean[c]) / spread[c]
            # A value far outside what was trained on must not carry the answer away.
            terms[row, c] = min(max(z, -_FARTHEST), _FARTHEST)
        for g in range(len(gaps)):
            terms[row, of_gaps + g] = 1.0 if np.isnan(matrix[row, gaps[g]]) else 0.0
        for i in range(len(columns)):
            terms[row, of_levels + i] = 1.0 if matrix[row, columns[i]] == levels[i] else 0.0
        for p in range(len(products)):
            terms[row, of_products + p] = terms[row, of_levels + products[p, 0]] * terms[row, products[p, 1]]


def signed_log(raw: Floats) -> Floats:
    """Signed log(1 + |x|); missing stays NaN."""
    return np.asarray(np.sign(raw) * np.log1p(np.abs(raw)), dtype=np.float64)


def learn_terms(encoding: Encoding, matrix: Floats) -> Terms:
    """Learn the scale of the numbers, and which terms there are, from an encoded matrix.

    Examples
    --------
    >>> encoding = Encoding(("authority", "contact_intensity"), {})
    >>> terms = learn_terms(encoding, np.array([[0.0, 1.0], [2.0, 5.0], [2.0, np.nan]] * 10))
    >>> terms.indicators.tolist(), terms.products.tolist()
    ([[0.0, 0.0], [0.0, 2.0]], [[0, 1], [1, 1]])
    """
    raw = signed_log(matrix)
    present = ~np.isnan(raw)
    count = np.maximum(present.sum(axis=0), 1)
    mean = np.where(present, raw, 0).sum(axis=0) / count
    spread = np.sqrt((np.where(present, raw - mean, 0) ** 2).sum(axis=0) / count)
    gaps = np.flatnonzero(present.any(axis=0) & ~present.all(axis=0))
    place = {name: column for column, name in enumerate(encoding.names)}
    levels = [
        (c, v) for name, c in place.items() if _UNIT.get(name) == "level" for v in _LEVELS if (matrix[:, c] == v).any()
    ]
    stages = [(c, 1.0) for c in _usual_stages(encoding, place, matrix)]
    authority = [i for i, (column, _) in enumerate(levels) if column == place.get("authority")]
    products = [(i, place[name]) for i in authority for name in BY_AUTHORITY if name in place]
    timed = [place[TIMED]] if TIMED in place else []
    timed += [place[f"stage={word}"] for word in encoding.words.get("stage", ())]
    of_stage = range(len(levels), len(levels) + len(stages))
    products += [(i, column) for i in of_stage for column in _by_stage(encoding, place)]
    return Terms(
        mean,
        np.where(spread > 1e-9, spread, 1.0),
        gaps.astype(np.int64),
        np.array([*levels, *stages], dtype=np.float64).reshape(-1, 2),
        np.array(products, dtype=np.int64).reshape(-1, 2),
        np.array(timed, dtype=np.int64),
    )


def _usual_stages(encoding: Encoding, place: dict[str, int], matrix: Floats) -> list[int]:
    """Columns of the most frequent stages, the most frequent first."""
    columns = [place[f"stage={word}"] for word in encoding.words.get("stage", ())]
    share = {c: float(np.nansum(matrix[:, c])) / max(len(matrix), 1) for c in columns}
    usual = sorted((c for c in columns if share[c] >= _LEAST_SHARE), key=lambda c: (-share[c], c))
    return usual[:_MOST_STAGES]


def _by_stage(encoding: Encoding, place: dict[str, int]) -> list[int]:
    own = [name for name in encoding.numbers if name.startswith("attribute_")]
    chosen = [*BY_STAGE, *(own if len(own) <= _MOST_OWN else [])]
    return [place[name] for name in chosen if name in place]
