"""The pipeline as it was known at an instant: one row an opportunity, with everything reports cut by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.as_of import known_as_of
from features.errors import DataError
from features.history.dated_inputs import DatedInputs, teams_at
from features.history.exchange import in_one_currency
from features.history.history import History
from features.history.process import Process
from features.history.schema import INSTANT
from features.instants import DAY, micros_of
from features.view import View
from scoring.priority import priorities
from scoring.qualification import MAN_FIELDS, man_codes
from scoring.score import Score
from scoring.stage_visits import stage_visits

CUTS = (
    "team",
    "owner",
    "product",
    "process",
    "customer_type",
    "region",
    "priority",
    "repeat_purchase",
    "competitor",
    "sponsor",
    "source",
    "class",
)
"""What reports are cut by; each a column of ``Pipeline.opportunities``, missing where unknown."""

_LEVELS = np.array(["no", "partly", "yes", None], dtype=object)
_SCORED = ("probability", "expected_close", "opportunity_class")


@dataclass(frozen=True)
class Pipeline:
    """The pipeline of one organisation at an instant.

    Parameters
    ----------
    history
        What was known at ``as_of``.
    opportunities
        One row an opportunity, indexed from 0: ``opportunity_id``, ``account_id``, the columns of ``CUTS``,
        ``amount`` and ``currency`` as stated, ``value`` (the amount in one currency, NaN where unknown),
        ``created_at``, ``recorded_at``, ``stage``, ``weight``, ``outcome``, ``stage_entered``, ``closed_at``,
        ``stated_close``, ``need``, ``man``; of what is open ``probability``, ``expected_close``, ``expected_value``.
    visits
        As ``stage_visits`` lists them, each with the ``row`` and the ``value`` of its opportunity.
    currency
        That of ``value``; None when no amount names one.
    """

    history: History
    as_of: pd.Timestamp
    opportunities: pd.DataFrame
    visits: pd.DataFrame
    currency: str | None

    @property
    def open(self) -> pd.DataFrame:
        """Opportunities that are open."""
        return self.opportunities[self.opportunities["outcome"] == "open"]

    @property
    def won(self) -> pd.DataFrame:
        """Opportunities that are won."""
        return self.opportunities[self.opportunities["outcome"] == "won"]

    def visits_of(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Choose the visits of some opportunities."""
        wanted = np.zeros(len(self.opportunities), dtype=np.bool_)
        wanted[rows.index] = True
        chosen: pd.DataFrame = self.visits[wanted[self.visits["row"].to_numpy()]]
        return chosen

    def process(self, name: str | None = None) -> Process:
        """Find a process; the only one when no name is given.

        Raises
        ------
        DataError
            There are several, or none of that name.
        """
        processes = self.history.processes
        if name is None and len(processes) == 1:
            return next(iter(processes.values()))
        if name is None or name not in processes:
            found = f"process {name!r}" if name else "several processes"
            raise DataError(found, f"one of {', '.join(processes)}", "name one process: their stages differ")
        return processes[name]

    def chosen(self, where: Mapping[str, str | None] | None) -> pd.DataFrame:
        """Choose opportunities by cuts; None as a value chooses those where it is not known."""
        rows = self.opportunities
        for cut, value in (where or {}).items():
            if cut not in CUTS:
                raise DataError(f"a cut by {cut!r}", f"one of {', '.join(CUTS)}", "correct the cut")
            rows = rows[rows[cut].isna() if value is None else rows[cut] == value]
        return rows


def pipeline_of(
    history: History,
    as_of: pd.Timestamp,
    scores: pd.DataFrame | None = None,
    inputs: DatedInputs | None = None,
    currency: str | None = None,
) -> Pipeline:
    """Look at a pipeline as of an instant.

    Parameters
    ----------
    history
        The recorded past; what was recorded after ``as_of`` has no effect.
    scores
        Of the open opportunities as of then: ``opportunity_id``, ``probability``, ``expected_close``,
        ``opportunity_class``, as ``score_table`` or the work list has them.
    inputs
        Teams over time, and exchange rates.
    currency
        The currency of sums; the only one that occurs when None.

    Raises
    ------
    DataError
        Amounts are in several currencies, and no currency is asked for or a rate is missing.
    """
    known = known_as_of(history, as_of)
    visits = stage_visits(known, as_of)
    rows = _stated(known, as_of).join(_last_visit(visits), on="opportunity_id")
    # What has no stage yet is open.
    rows["outcome"] = rows["outcome"].fillna("open")
    rows["closed_at"] = rows["stage_entered"].where(rows["outcome"] != "open")
    rows = _with_customers(rows, known)
    rows = _with_scores(rows, scores)
    rows["team"] = _teams(rows, inputs, as_of)
    values, unit = in_one_currency(rows["amount"].to_numpy(np.float64), rows["currency"], inputs, as_of, currency)
    rows["value"] = values
    rows["expected_value"] = rows["probability"] * rows["value"]
    rows["weight"] = _weights(rows, known.processes)
    rows["priority"] = rows["account_id"].map(priorities(rows)).astype("str")
    place = pd.Index(rows["opportunity_id"]).get_indexer(pd.Index(visits["opportunity_id"]))
    return Pipeline(known, as_of, rows, visits.assign(row=place, value=values[place]), unit)


def score_table(scores: Sequence[Score]) -> pd.DataFrame:
    """Put scores into the table that ``pipeline_of`` takes."""
    rows = [(s.opportunity_id, s.win_probability, s.expected_close, s.opportunity_class) for s in scores]
    return pd.DataFrame(rows, columns=["opportunity_id", *_SCORED])


def _stated(known: History, as_of: pd.Timestamp) -> pd.DataFrame:
    """What is stated of each opportunity, as it was last."""
    table = known.opportunities
    view = View(known, np.arange(len(table)), np.full(len(table), micros_of(as_of)))
    view.follow(["owner", "amount", "expected_close_date", "competitor", "sponsor", *MAN_FIELDS])
    names = ["opportunity_id", "account_id", "process", "product", "source", "currency", "created_at", "recorded_at"]
    rows = table[[*names, "team"]].copy()
    rows["owner"] = pd.Series(view.owner, rows.index, dtype="str")
    rows["amount"] = view.path("amount").last
    stated = view.path("expected_close_date").last
    rows["stated_close"] = pd.to_datetime(pd.Series(stated * DAY).round(), unit="us", utc=True).astype(INSTANT)
    for name in ("competitor", "sponsor", "need"):
        level = view.path(name).last
        place = np.where(np.isnan(level), 3, level).astype(np.int64)
        rows[name] = pd.Series(_LEVELS[place], rows.index, dtype="str")
    rows["man"] = pd.Series(man_codes(view), rows.index, dtype="str")
    regions = known.accounts.drop_duplicates("account_id", keep="last").set_index("account_id")["region"]
    rows["region"] = rows["account_id"].map(regions).astype("str")
    return rows


def _last_visit(visits: pd.DataFrame) -> pd.DataFrame:
    last = visits.drop_duplicates("opportunity_id", keep="last").set_index("opportunity_id")
    return last[["stage", "outcome", "entered"]].rename(columns={"entered": "stage_entered"})


def _with_customers(rows: pd.DataFrame, known: History) -> pd.DataFrame:
    """Say of each whether the customer had bought before it began, and before it ended."""
    wins = rows.loc[rows["outcome"] == "won", ["account_id", "closed_at"]].dropna()
    first = wins.groupby("account_id")["closed_at"].min()
    bought = first.reindex(rows["account_id"]).set_axis(rows.index).astype(INSTANT)
    unknown = rows["account_id"].isna()
    before_start = np.where(bought < rows["created_at"], "existing", "new")
    ended = rows["closed_at"].fillna(known.observed_until)
    before_end = np.where(bought < ended, "repeat", "first")
    return rows.assign(
        customer_type=pd.Series(before_start, rows.index, dtype="str").mask(unknown),
        repeat_purchase=pd.Series(before_end, rows.index, dtype="str").mask(unknown),
    )


def _with_scores(rows: pd.DataFrame, scores: pd.DataFrame | None) -> pd.DataFrame:
    given = pd.DataFrame({name: [] for name in ("opportunity_id", *_SCORED)}) if scores is None else scores
    asked = given.set_index("opportunity_id")[list(_SCORED)].reindex(rows["opportunity_id"]).set_axis(rows.index)
    is_open = rows["outcome"] == "open"
    close = pd.to_datetime(asked["expected_close"], utc=True).astype(INSTANT)
    return rows.assign(
        probability=asked["probability"].astype("float64").where(is_open),
        expected_close=close.where(is_open),
        **{"class": asked["opportunity_class"].astype("str").where(is_open)},
    )


def _teams(rows: pd.DataFrame, inputs: DatedInputs | None, as_of: pd.Timestamp) -> pd.Series:
    """Team of the owner when it closed, or now; that of the opportunity at its creation where none is stated."""
    if inputs is None:
        return rows["team"]
    return teams_at(inputs, rows["owner"], rows["closed_at"].fillna(as_of), as_of).fillna(rows["team"])


def _weights(rows: pd.DataFrame, processes: Mapping[str, Process]) -> pd.Series:
    weights = {(p.name, stage.key): stage.weight for p in processes.values() for stage in p.stages}
    keys = zip(rows["process"], rows["stage"], strict=True)
    return pd.Series([weights.get(key, np.nan) for key in keys], rows.index, dtype="float64")
