"""Random histories with everything that may go wrong: late, corrected, reopened, planned, cleared, unknown."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from features.history.history import Attribute, History, build_history
from features.history.process import DEFAULT_PROCESS, process_from_dict
from features.history.schema import ACTIVITY_KINDS, ASSESSED_FIELDS, ASSESSMENTS

START = pd.Timestamp("2023-01-01", tz="UTC")
DAYS = 900
OWNERS = ("ann", "bob", "eve", None)
SHORT = process_from_dict(
    {
        "name": "short",
        "stages": [
            {"key": "new", "weight": 0.25},
            {"key": "yes", "outcome": "won"},
            {"key": "no", "outcome": "lost"},
        ],
    }
)
ATTRIBUTES = {
    "score": Attribute("score", "numeric", "creation"),
    "tier": Attribute("tier", "category", "creation"),
    "partner": Attribute("partner", "flag", "creation"),
}
COLLECTED: dict[str, pd.Timestamp | None] = {
    **dict.fromkeys((*ACTIVITY_KINDS, *ASSESSED_FIELDS, "amount", "expected_close_date", "owner", "contacts", "audit")),
    "site_visit": START + pd.Timedelta(days=300),
    "email_replied": START + pd.Timedelta(days=200),
}


def random_history(seed: int, opportunities: int = 40) -> History:
    draw = np.random.default_rng(seed)
    deals = _opportunities(draw, opportunities)
    return build_history(
        {
            "opportunities": deals,
            "contacts": _contacts(draw),
            "stage_history": _stages(draw, deals),
            "field_history": _fields(draw, deals),
            "activities": _activities(draw, deals),
        },
        processes={"default": DEFAULT_PROCESS, "short": SHORT},
        collected=COLLECTED,
        attributes=ATTRIBUTES,
        observed_until=START + pd.Timedelta(days=DAYS + 200),
    )


def in_another_order(history: History, seed: int) -> History:
    """The same rows in another order, but those of one instant: they count in the order of the table."""
    draw, tables = np.random.default_rng(seed), {}
    for name, frame in history.tables.items():
        codes, instants = pd.factorize(frame["occurred_at" if "occurred_at" in frame else "recorded_at"])
        order = np.argsort(draw.permutation(len(instants))[codes], kind="stable")
        tables[name] = frame.iloc[order].reset_index(drop=True)
    return replace(history, tables=tables)


def _when(days: Any) -> pd.Series:
    return pd.Series(START + pd.to_timedelta(np.round(days, 3), unit="D"))


def _told(draw: np.random.Generator, days: Any) -> Any:
    """A third are recorded late, up to two months."""
    late = draw.random(len(days)) < 0.33
    return days + np.where(late, draw.integers(0, 60, len(days)), 0)


def _pick(draw: np.random.Generator, words: tuple[str | None, ...], size: int) -> list[str | None]:
    return [words[i] for i in draw.integers(0, len(words), size)]


def _opportunities(draw: np.random.Generator, size: int) -> pd.DataFrame:
    created = draw.uniform(0, DAYS - 100, size)
    return pd.DataFrame(
        {
            "opportunity_id": [f"o{i}" for i in range(size)],
            "account_id": _pick(draw, ("x", "y", "z", "w", None), size),
            "process": _pick(draw, ("default", "default", "short"), size),
            "owner_id": _pick(draw, OWNERS, size),
            "source": _pick(draw, ("web", "fair", None), size),
            "product": _pick(draw, ("pump", None), size),
            "currency": _pick(draw, ("EUR", "CNY", None), size),
            "score": np.where(draw.random(size) < 0.2, np.nan, draw.integers(0, 9, size)),
            "tier": _pick(draw, ("gold", "tin", None), size),
            "partner": _pick(draw, ("yes", "no", None), size),
            "created_at": _when(created),
            "recorded_at": _when(created + draw.integers(0, 3, size)),
        }
    )


def _days_of(draw: np.random.Generator, deals: pd.DataFrame, each: int) -> tuple[pd.DataFrame, Any]:
    """Repeat each opportunity, with days after its creation."""
    rows = deals.loc[deals.index.repeat(each)].reset_index(drop=True)
    created = (rows["created_at"] - START).dt.total_seconds().to_numpy() / 86_400
    return rows, created + np.floor(draw.exponential(60, len(rows)))


def _stages(draw: np.random.Generator, deals: pd.DataFrame) -> pd.DataFrame:
    rows, days = _days_of(draw, deals, 6)
    words = {"default": (*DEFAULT_PROCESS.keys, "won", "lost"), "short": ("new", "yes", "no")}
    return pd.DataFrame(
        {
            "opportunity_id": rows["opportunity_id"],
            "stage": [_pick(draw, words[process], 1)[0] for process in rows["process"]],
            "occurred_at": _when(days),
            "recorded_at": _when(_told(draw, days)),
        }
    )


def _fields(draw: np.random.Generator, deals: pd.DataFrame) -> pd.DataFrame:
    values: dict[str, tuple[str | None, ...]] = {
        **dict.fromkeys(ASSESSED_FIELDS, (*ASSESSMENTS, None)),
        "amount": ("0", "100", "80", "1e3", None),
        "expected_close_date": ("2024-03-01", "2024-09-01T12:00Z", "2025-01-01", None),
        "owner": OWNERS,
        "score": ("1", "7.5", None),
        "tier": ("gold", "iron", None),
        "partner": ("yes", "no"),
        "lost_reason": ("price", "none"),
    }
    rows, days = _days_of(draw, deals, 20)
    fields = [str(name) for name in _pick(draw, tuple(values), len(rows))]
    return pd.DataFrame(
        {
            "opportunity_id": rows["opportunity_id"],
            "field": fields,
            "value": [_pick(draw, values[field], 1)[0] for field in fields],
            "occurred_at": _when(days),
            "recorded_at": _when(_told(draw, days)),
        }
    )


def _contacts(draw: np.random.Generator) -> pd.DataFrame:
    days = draw.uniform(0, DAYS, 30)
    roles = ("decision_maker", "technical_evaluator", "purchaser", "user", None)
    first = pd.DataFrame(
        {
            "contact_id": [f"c{i}" for i in range(30)],
            "role": [roles[i % 5] for i in range(30)],
            "created_at": _when(days),
            "recorded_at": _when(_told(draw, days)),
        }
    )
    corrected = first.iloc[:10].assign(role="user", recorded_at=first["recorded_at"] + pd.Timedelta(days=100))
    return pd.concat([first, corrected], ignore_index=True)


def _activities(draw: np.random.Generator, deals: pd.DataFrame) -> pd.DataFrame:
    rows, days = _days_of(draw, deals, 30)
    size = len(rows)
    of_account = draw.random(size) < 0.1
    planned = draw.random(size) < 0.15
    told = np.where(planned, days - draw.integers(0, 20, size), _told(draw, days))
    first = pd.DataFrame(
        {
            "activity_id": [f"a{i}" for i in range(size)],
            "opportunity_id": rows["opportunity_id"].where(~of_account, None),
            "account_id": rows["account_id"],
            "contact_id": [f"c{i}" for i in draw.integers(0, 33, size)],
            "kind": _pick(draw, (*ACTIVITY_KINDS, "audit"), size),
            "direction": _pick(draw, ("inbound", "outbound", None), size),
            "occurred_at": _when(days),
            "recorded_at": _when(told),
            "duration": np.where(draw.random(size) < 0.3, np.nan, draw.integers(1, 900, size)),
            "topic": _pick(draw, ("price", "pump", "valve", None), size),
            "planned": planned,
            "automated": draw.random(size) < 0.2,
        }
    )
    return pd.concat([first, _corrected(draw, first), _corrected(draw, first)], ignore_index=True)


def _corrected(draw: np.random.Generator, first: pd.DataFrame) -> pd.DataFrame:
    """Later records of the same activities: another kind, day or opportunity, held or moved."""
    rows = first[draw.random(len(first)) < 0.2].copy()
    size = len(rows)
    rows["kind"] = _pick(draw, (*ACTIVITY_KINDS, "audit"), size)
    rows["occurred_at"] = rows["occurred_at"] + pd.to_timedelta(draw.integers(-5, 5, size), unit="D")
    rows["recorded_at"] = rows["recorded_at"] + pd.to_timedelta(draw.uniform(0.1, 90, size).round(3), unit="D")
    rows["planned"] = draw.random(size) < 0.1
    other = draw.random(size) < 0.2
    rows["opportunity_id"] = rows["opportunity_id"].where(~other, f"o{draw.integers(0, 9)}")
    return rows
