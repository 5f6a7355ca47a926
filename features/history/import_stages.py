"""Puts together the stages that an export tells of: from histories, events and current states."""

from __future__ import annotations

import pandas as pd

from features.history.import_ledger import Ledger
from features.history.process import Process
from features.history.schema import INSTANT

COLUMNS = ["opportunity_id", "stage", "occurred_at", "recorded_at"]
_ROW = ["@file", "@line", "@key"]


class StageOrder:
    """Position and outcome of each stage, for the process of each opportunity."""

    def __init__(self, processes: dict[str, Process], process_of: pd.Series) -> None:
        self.process_of = process_of
        self._position = {(p.name, key): i for p in processes.values() for i, key in enumerate(p.keys)}
        self._outcome = {(p.name, stage.key): stage.outcome for p in processes.values() for stage in p.stages}
        self._first = {p.name: next(s.key for s in p.stages if s.outcome == "open") for p in processes.values()}

    def _keys(self, batch: pd.DataFrame, stage: str) -> pd.MultiIndex:
        return pd.MultiIndex.from_arrays([batch["opportunity_id"].map(self.process_of), batch[stage]])

    def position(self, batch: pd.DataFrame) -> pd.Series:
        """Place of each row's stage; NaN when its process has no such stage."""
        places = pd.Series(self._position).reindex(self._keys(batch, "stage"))
        return pd.Series(places.to_numpy(dtype="float64"), index=batch.index)

    def closes(self, batch: pd.DataFrame, stage: str = "stage") -> pd.Series:
        """Whether each row's stage is won or lost."""
        outcome = pd.Series(self._outcome).reindex(self._keys(batch, stage))
        return pd.Series(outcome.isin(["won", "lost"]).to_numpy(), index=batch.index)

    def knows(self, batch: pd.DataFrame, stage: str = "stage") -> pd.Series:
        """Whether each row's stage is one of its process."""
        return pd.Series(self._keys(batch, stage).isin(list(self._position)), index=batch.index)

    def first(self, opportunities: pd.Series) -> pd.Series:
        """Return the first open stage of each opportunity's process."""
        return opportunities.map(self.process_of).map(self._first)


def clean_course(stages: pd.DataFrame, order: StageOrder, ledger: Ledger) -> pd.DataFrame:
    """Leave out what is no move: a stage already held, a step back where only forward counts, a move after a close.

    Rows have ``@forward_only`` and ``@reopens`` besides the columns of the table.
    """
    if stages.empty:
        return stages
    course = stages.sort_values(["opportunity_id", "occurred_at"], kind="stable")
    by = course["opportunity_id"]
    if not course["@reopens"].all():
        closed = order.closes(course).groupby(by).cumsum() - order.closes(course)
        course = _without(course, (closed > 0) & ~course["@reopens"], "stage after the close", ledger)
    if course["@forward_only"].any():
        place = order.position(course)
        furthest = place.groupby(by).cummax().groupby(by).shift()
        course = _without(
            course, course["@forward_only"] & (place < furthest), "step back, only forward counts", ledger
        )
    held = course["stage"].eq(course.groupby("opportunity_id")["stage"].shift())
    return _without(course, held, "stage already held", ledger)


def _without(course: pd.DataFrame, where: pd.Series, reason: str, ledger: Ledger) -> pd.DataFrame:
    ledger.ignore("stage_history", course.loc[where, "@file"], reason)
    return course[~where]


def current_stages(batch: pd.DataFrame, course: pd.DataFrame, order: StageOrder, ledger: Ledger) -> pd.DataFrame:
    """Return the stages that only the current state tells: no history, or one that ends elsewhere.

    A closed opportunity closed at its close date, else at its last update (flagged);
    an open one has its stage from its last update, else from its creation (flagged). Without any
    instant a closed one is given half an hour from its creation (flagged).
    """
    if "@stage" not in batch:
        return pd.DataFrame(columns=[*COLUMNS, *_ROW])
    rows = batch[batch["@stage"].notna()]
    last = course.drop_duplicates("opportunity_id", keep="last").set_index("opportunity_id")
    last = last.reindex(rows["opportunity_id"]).set_index(rows.index)
    since = last["occurred_at"].astype(INSTANT)
    rows = rows.assign(**{"@since": since})[~rows["@stage"].eq(last["stage"])]
    closes = order.closes(rows, "@stage")
    at = _instant_of_stage(rows, closes, ledger)
    stale = at < rows["@since"]
    _flag(rows[stale & ~closes], "stage of the row is older than the history, which counts", ledger)
    _flag(rows[stale & closes], "closed before its last stage by the dates: closed then", ledger)
    at = at.where(~(stale & closes), rows["@since"])
    told = rows.assign(stage=rows["@stage"], occurred_at=at, recorded_at=at)[~(stale & ~closes)]
    return pd.concat([_openings(told, closes, order), told[[*COLUMNS, *_ROW]]])


def _instant_of_stage(rows: pd.DataFrame, closes: pd.Series, ledger: Ledger) -> pd.Series:
    known = rows["@stage_at"]
    undated = closes & rows["@closed_at"].isna()
    _flag(rows[undated & known.notna()], "closed without a close date: closed at its last update", ledger)
    _flag_undated(rows, undated & known.isna(), closes, ledger)
    _flag_files(rows[~closes & known.isna()], "present stage without a date: taken to hold since creation", ledger)
    at = rows["@closed_at"].where(closes).fillna(known)
    made = rows["created_at"].where(~undated, rows["created_at"] + pd.Timedelta(minutes=30))
    return at.fillna(made).astype(INSTANT)


def _flag_undated(rows: pd.DataFrame, undated: pd.Series, closes: pd.Series, ledger: Ledger) -> None:
    """Flag rows closed without any date; a file that has no such dates at all is flagged once."""
    text = "closed without any date: closed half an hour after its creation"
    if undated.any() and undated.sum() == closes.sum():
        _flag_files(rows, text, ledger)
    else:
        _flag(rows[undated], text, ledger)


def _flag_files(rows: pd.DataFrame, text: str, ledger: Ledger) -> None:
    """Flag each file of the rows once, as a whole."""
    files = pd.DataFrame({"file": rows["@file"].unique()})
    ledger.flag(files.assign(line=1, key="stage", flag=text))


def _openings(told: pd.DataFrame, closes: pd.Series, order: StageOrder) -> pd.DataFrame:
    """Give an opportunity that is known only as closed, without a date, a first stage to be closed from."""
    alone = told[closes.reindex(told.index) & told["@stage_at"].isna() & told["@closed_at"].isna()]
    alone = alone[alone["@since"].isna()]
    first = order.first(alone["opportunity_id"]).astype("str")
    opened = alone.assign(stage=first, occurred_at=alone["created_at"], recorded_at=alone["created_at"])
    return opened[[*COLUMNS, *_ROW]]


def _flag(rows: pd.DataFrame, text: str, ledger: Ledger) -> None:
    ledger.flag(rows[_ROW].rename(columns=lambda name: name[1:]).assign(flag=text))
