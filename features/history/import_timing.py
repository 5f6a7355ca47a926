"""Tells what the instants of an export say: dates, an order only, or nothing."""

from __future__ import annotations

from features.history.history import Timing
from features.history.mapping_format import Mapping_, OpportunitySource

_OTHERS = ("stage_history", "field_history", "activities", "events")


def timing_of(mapping: Mapping_) -> Timing:
    """Say whether a mapping describes a flat table, and whether its rows have an order.

    A flat table has one row an opportunity, with its present stage and no date of anything but
    creation. An order of creation is a column of dates, or ``{order: column}``. The order of
    the lines of a file says nothing: it may have been sorted by outcome.
    """
    sources = mapping.tables.opportunities
    if any(mapping.tables.of(table) for table in _OTHERS) or not all(_is_undated(s) for s in sources):
        return "dates"
    created = [source.columns["created_at"] for source in sources]
    return "order" if all(spec.column or spec.order for spec in created) else "none"


def _is_undated(source: OpportunitySource) -> bool:
    """Whether the stage of a row is known, and nothing tells when it was entered or anything was set."""
    stage = source.stage
    if stage is None or stage.at or stage.closed_at or source.updated or source.keep != "all":
        return False
    return not any(field.at for field in source.fields.values())


def timing_note(timing: Timing) -> str:
    """Say what a flat table is taken for; empty for other tables."""
    if timing == "dates":
        return ""
    order = "the order of creation is known" if timing == "order" else "no order is known"
    return (
        f"A flat table: one row an opportunity, no dates of stages, {order}. Columns measured at the close, or at an "
        "unknown time, may know the outcome and are not trained on unasked; nothing is said of when a win comes."
    )
