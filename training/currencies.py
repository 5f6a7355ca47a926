"""Several currencies in one history: until there are dated exchange rates their amounts are not compared."""

from __future__ import annotations

from features.history.history import History


def currencies_of(known: History) -> list[str]:
    """Currencies of the opportunities that have an amount; not stated is one of its own, the empty word.

    Examples
    --------
    >>> from features.history.simulated import simulate
    >>> currencies_of(simulate(20, seed=1))
    ['EUR']
    """
    priced = known.field_history.loc[known.field_history["field"] == "amount", "opportunity_id"]
    rows = known.opportunities[known.opportunities["opportunity_id"].isin(priced)]
    return sorted(rows["currency"].fillna("").unique())


def doubt_of_amounts(known: History) -> str | None:
    """Say why plain amounts are not learned from; None when they are of one currency."""
    count = len(currencies_of(known))
    if count < 2:
        return None
    if known.timing == "none":
        return f"amounts are in {count} currencies, and without an order nothing is past to compare them with"
    return f"amounts are in {count} currencies; each is compared within its own instead"
