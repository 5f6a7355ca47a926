"""Scores that were kept, as reports on the past take them."""

from __future__ import annotations

import pandas as pd
from sqlalchemy import Connection, select

from api.store.tables import SCORES
from features.instants import micros_of


def past_scores(connection: Connection, as_of: pd.Timestamp) -> pd.DataFrame:
    """Read what the models in service said by an instant, without the shadow and what was worked out later.

    Returns
    -------
    DataFrame with ``opportunity_id``, ``as_of`` (UTC), ``probability`` and ``opportunity_class``, as
    ``scoring.class_outcomes`` takes them.
    """
    table = SCORES.c
    asked = select(table.opportunity_id, table.as_of, table.probability, table.opportunity_class)
    asked = asked.where(table.was_served, table.as_of <= micros_of(as_of))
    rows = connection.execute(asked.order_by(table.opportunity_id, table.as_of)).all()
    frame = pd.DataFrame(rows, columns=["opportunity_id", "as_of", "probability", "opportunity_class"])
    return frame.assign(as_of=pd.to_datetime(frame["as_of"].astype("int64"), unit="us", utc=True))
