"""Histories with something planted in them that an audit must find."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Literal

import numpy as np
import pandas as pd

from features.history.history import Attribute, History
from features.instants import DAY, instant, micros
from features.labels import labels_of
from features.outcomes import CENSORED, WON
from features.snapshots import build_snapshots
from training.audit_ends import ends_of
from training.evaluate import auc
from training.grid import open_at
from training.learning import learn, win_members
from training.pipeline import prepare


def with_attribute(
    history: History,
    name: str,
    values: object,
    measured: Literal["creation", "close", "unknown"] | None = "creation",
    type_: Literal["numeric", "category", "flag"] = "category",
) -> History:
    """Add a column to the opportunities; ``measured`` None leaves it undeclared."""
    rows = history.opportunities.assign(**{name: values})
    declared: Mapping[str, Attribute] = (
        {} if measured is None else {name: Attribute(name, type_, measured, {"en": name.replace("_", " ")})}
    )
    return replace(
        history,
        tables={**history.tables, "opportunities": rows},
        attributes={**history.attributes, **declared},
    )


def with_field(history: History, name: str, rows: list[tuple[int, object, float, float]]) -> History:
    """Add dated values: opportunity's place, value, days from its close to the event, and to its record."""
    ends = ends_of(history)
    ids = history.opportunities["opportunity_id"]
    told = [
        {
            "opportunity_id": ids[place],
            "field": name,
            "value": str(value),
            "occurred_at": instant(int(ends.closed[place])) + pd.Timedelta(days=happened),
            "recorded_at": instant(int(ends.closed[place])) + pd.Timedelta(days=recorded),
        }
        for place, value, happened, recorded in rows
    ]
    added = pd.DataFrame(told).astype({c: history.field_history[c].dtype for c in ("occurred_at", "recorded_at")})
    table = pd.concat([history.field_history, added.astype({"value": "str"})], ignore_index=True)
    return replace(history, tables={**history.tables, "field_history": table})


def outcome_with_errors(history: History, wrong: float, seed: int = 0) -> pd.Series:
    """The outcome as a word, a share of it turned over; missing while open."""
    ends = ends_of(history)
    turned = np.random.default_rng(seed).random(len(ends.outcome)) < wrong
    won = (ends.outcome == WON) ^ turned
    return pd.Series(np.where(won, "A", "B"), dtype=object).where(ends.is_closed, None)


def with_forgotten(history: History, share: float, seed: int = 0, years: float = 4.0) -> History:
    """Add opportunities that were created up to some years before all others, and of which nothing was heard again."""
    rows, draw = history.opportunities, np.random.default_rng(seed)
    size = int(len(rows) * share)
    days = pd.to_timedelta(draw.uniform(0, 365 * years, size).round(3), unit="D")
    began = (rows["created_at"].min() - days).astype(rows["created_at"].dtype)
    ids = pd.Series([f"forgotten_{place}" for place in range(size)], dtype="str")
    like = rows.iloc[draw.choice(len(rows), size, replace=False)].reset_index(drop=True)
    added = like.assign(opportunity_id=ids, created_at=began, recorded_at=began)
    words = pd.Series(draw.choice(["identified", "contacted", "proposal"], size), dtype="str")
    stages = pd.DataFrame({"opportunity_id": ids, "stage": words, "occurred_at": began, "recorded_at": began})
    more = {"opportunities": added, "stage_history": stages}
    joined = {name: pd.concat([history.tables[name], frame], ignore_index=True) for name, frame in more.items()}
    return replace(history, tables={**history.tables, **joined})


def closed_places(history: History) -> list[int]:
    return [int(place) for place in np.flatnonzero(ends_of(history).is_closed)]


def with_shuffled_outcomes(history: History, seed: int) -> History:
    """Deal the outcomes anew among all closings: when something closed stays, how it ended does not."""
    stages = history.stage_history
    closings = np.flatnonzero(stages["stage"].isin(["won", "lost"]).to_numpy())
    ended = stages["stage"].to_numpy(dtype=object).copy()
    ended[closings] = np.random.default_rng(seed).permutation(ended[closings])
    return replace(history, tables={**history.tables, "stage_history": stages.assign(stage=pd.array(ended, "str"))})


def learned_auc(history: History, cutoff: pd.Timestamp, include: Sequence[str] = ()) -> tuple[float, int, int]:
    """AUC of a model trained at a cutoff on opportunities open up to 120 days later, their number, and the wins."""
    material = prepare(history, cutoff, include=include)
    model = learn(material.dataset, win_members(0), lambda line: None)
    instants = micros(pd.Index([cutoff])) + np.arange(0, 121, 30, dtype=np.int64) * DAY
    keys = open_at(history, instants).drop_duplicates("opportunity_id", keep="last").reset_index(drop=True)
    labels = labels_of(history, keys, history.observed_until)
    answers = model.predict(build_snapshots(history, keys, material.catalogue))
    ended = labels.outcome != CENSORED
    won = (labels.outcome[ended] == WON).astype(np.float64)
    return auc(answers.win[ended], won), int(ended.sum()), int(won.sum())
