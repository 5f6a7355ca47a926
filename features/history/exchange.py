"""Amounts of several currencies as sums in one, by the rates that hold at an instant."""

from __future__ import annotations

import numpy as np
import pandas as pd

from features.compiled import Floats
from features.errors import DataError, NotEnoughDataError
from features.history.dated_inputs import DatedInputs, holding, inputs_of

_ROUTE = "state it: dealodds inputs import --kind rates FILE, or PUT /v1/inputs/rates"


def rate_between(inputs: DatedInputs, currency: str, to: str, as_of: pd.Timestamp) -> float:
    """Find how much of ``to`` one unit of ``currency`` is, by what holds and is known at an instant.

    A rate stated the other way round is turned; two stated rates are chained when they
    share a currency.

    Raises
    ------
    NotEnoughDataError
        No rate leads from one to the other.

    Examples
    --------
    >>> rows = pd.DataFrame({"currency": ["EUR", "USD"], "to_currency": ["CNY", "CNY"], "rate": [8.0, 7.0],
    ...     "valid_from": ["2026-01-01"] * 2, "recorded_at": ["2026-01-01"] * 2})
    >>> at = pd.Timestamp("2026-02-01", tz="UTC")
    >>> inputs = inputs_of({"rates": rows})
    >>> rate_between(inputs, "CNY", "EUR", at), round(rate_between(inputs, "EUR", "USD", at), 4)
    (0.125, 1.1429)
    """
    if currency == to:
        return 1.0
    known = _known(inputs, as_of)
    if (currency, to) in known:
        return known[currency, to]
    between = sorted(middle for start, middle in known if start == currency and (middle, to) in known)
    if between:
        return known[currency, between[0]] * known[between[0], to]
    found = f"no exchange rate from {currency} to {to} at {as_of:%Y-%m-%d}"
    raise NotEnoughDataError(found, "one that holds then", _ROUTE)


def _known(inputs: DatedInputs, as_of: pd.Timestamp) -> dict[tuple[str, str], float]:
    """Rates in both directions; what is stated counts before what is turned."""
    rows = holding(inputs, "rates", as_of)
    rows = rows[rows["rate"].notna()]
    stated = {(str(a), str(b)): float(rate) for a, b, rate in rows[["currency", "to_currency", "rate"]].to_numpy()}
    return {(b, a): 1 / rate for (a, b), rate in stated.items()} | stated


def in_one_currency(
    amounts: Floats, currencies: pd.Series, inputs: DatedInputs | None, as_of: pd.Timestamp, to: str | None = None
) -> tuple[Floats, str | None]:
    """Convert amounts so that they may be summed.

    Parameters
    ----------
    amounts
        Shape (n,); NaN where unknown, which stays unknown.
    currencies
        ISO 4217 code of each, shape (n,). Amounts without a code are of one currency,
        whatever it is, when all are without.
    to
        The currency of the sums; when None, the only one that occurs.

    Returns
    -------
    The amounts, shape (n,), and their currency, None when no amount has a code.

    Raises
    ------
    DataError
        Several currencies occur and ``to`` is None, a rate is missing, or some amounts have no code.
    """
    known = ~np.isnan(amounts)
    codes = currencies.reset_index(drop=True).astype("str")
    present = sorted(codes[known].dropna().unique())
    if not present and to is None:
        return amounts, None
    if codes[known].isna().any():
        found = f"amounts without a currency beside amounts in {present[0] if present else to}"
        raise DataError(found, "a currency for every amount", "name the default currency in the mapping")
    if to is None and len(present) > 1:
        found = f"amounts in {', '.join(present)}"
        raise DataError(found, "one currency to sum them in", f"ask for a currency, such as {present[0]}")
    target = present[0] if to is None else to
    rates = {code: rate_between(inputs or inputs_of({}), code, target, as_of) for code in present}
    return np.where(known, amounts * codes.map(rates).to_numpy(np.float64, na_value=np.nan), np.nan), target
