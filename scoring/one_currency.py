"""Amounts of several currencies as amounts of one: with rates, or not at all."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from features.errors import DataError

Floats = NDArray[np.float64]
Words = NDArray[np.object_]


def in_one_currency(amounts: Floats, currencies: Words, rates: Mapping[str, float] | None) -> tuple[Floats, str | None]:
    """Bring amounts into one currency.

    Parameters
    ----------
    amounts
        NaN when unknown, shape (n,).
    currencies
        ISO code of each, None when it has none, shape (n,).
    rates
        What one unit of each currency is worth in the currency reported, which has rate 1. None
        leaves amounts as they are.

    Returns
    -------
    The amounts, and the currency they are in; None when none is named.

    Raises
    ------
    DataError
        Amounts are in several currencies and there are no rates, or one has none: a sum of
        euros and dollars means nothing.

    Examples
    --------
    >>> in_one_currency(np.array([10.0, 10.0]), np.array(["EUR", "USD"], object), {"EUR": 1.0, "USD": 0.9})
    (array([10.,  9.]), 'EUR')
    """
    known = ~np.isnan(amounts)
    used = sorted({str(word) for word in currencies[known] if word is not None})
    unnamed = bool(known.any() and any(word is None for word in currencies[known]))
    if rates is None:
        if len(used) > 1 or (used and unnamed):
            listed = ", ".join(used + ["no currency named"] * unnamed)
            raise DataError(f"amounts in {listed}", "one currency, or rates between them", "give exchange rates")
        return amounts, used[0] if used else None
    base = base_of(rates)
    for name in used:
        if not rates.get(name, 0) > 0:
            raise DataError(f"amounts in {name} without a rate", "a rate above 0 for each currency", "give its rate")
    # What has no currency is taken for one of the reported currency only where that is the only one.
    if unnamed and any(name != base for name in used):
        raise DataError("amounts without a currency among others", "a currency for each amount", "fill the currency")
    factor = np.array([1.0 if word is None else rates.get(str(word), np.nan) for word in currencies], dtype=np.float64)
    return np.asarray(amounts * factor, dtype=np.float64), base


def base_of(rates: Mapping[str, float] | None) -> str | None:
    """Find the currency reported in: the first with rate 1."""
    return next((name for name, rate in (rates or {}).items() if rate == 1), None)
