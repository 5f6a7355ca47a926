"""Tables are checked at the door: canonical columns and types, or a clear refusal."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from features.errors import ProcessError, SchemaError
from features.history.history import build_history
from features.history.schema import INSTANT, TABLES, check_table, empty_table
from tests.histories import activity, at, history, opportunity, stage, value

STAGE: dict[str, Any] = {"opportunity_id": ["o1"], "stage": ["won"], "occurred_at": ["2026-01-02"]}
ACTIVITY: dict[str, Any] = {"activity_id": ["a"], "kind": ["call"], "occurred_at": ["2026-01-02"]}


@pytest.mark.parametrize("name", TABLES)
def test_an_empty_table_has_every_column_in_order(name: str) -> None:
    frame = empty_table(name)
    assert list(frame.columns) == list(TABLES[name].column_names)
    assert len(frame) == 0
    assert frame["recorded_at"].dtype == INSTANT


def test_columns_that_may_be_absent_are_added_as_missing_and_types_are_canonical() -> None:
    frame = check_table("activities", pd.DataFrame(ACTIVITY | {"duration": ["12"], "automated": [None]}))
    row = frame.iloc[0]
    assert (row["duration"], row["planned"], row["automated"]) == (12.0, False, False)
    assert row[["opportunity_id", "topic", "value"]].isna().all()
    assert frame.dtypes.astype(str).to_dict() == {
        "activity_id": "str", "opportunity_id": "str", "account_id": "str", "contact_id": "str", "kind": "str",
        "direction": "str", "occurred_at": "datetime64[us, UTC]", "recorded_at": "datetime64[us, UTC]",
        "duration": "float64", "topic": "str", "value": "float64", "planned": "bool", "automated": "bool",
    }  # fmt: skip


def test_when_the_time_of_recording_is_not_told_it_is_the_time_of_happening() -> None:
    assert check_table("stage_history", pd.DataFrame(STAGE))["recorded_at"].tolist() == [at(1)]
    opportunities = pd.DataFrame({"opportunity_id": ["o"], "process": ["p"], "created_at": ["2026-01-02"]})
    assert check_table("opportunities", opportunities)["recorded_at"].tolist() == [at(1)]


@pytest.mark.parametrize("text", ["2026-01-02T08:00:00+08:00", "2026-01-02T00:00Z", "2026-01-02 00:00"])
def test_instants_are_turned_into_utc(text: str) -> None:
    assert check_table("stage_history", pd.DataFrame(STAGE | {"occurred_at": [text]})).loc[0, "occurred_at"] == at(1)


@pytest.mark.parametrize(
    ("name", "columns", "found"),
    [
        ("stage_history", STAGE | {"stage": [None]}, "no value of stage in row 0"),
        ("stage_history", {"opportunity_id": ["o1"], "stage": ["won"]}, "occurred_at"),
        ("stage_history", STAGE | {"occurred_at": ["soon"]}, "occurred_at of table stage_history"),
        ("stage_history", STAGE | {"amount": [1]}, "column 'amount'"),
        ("activities", ACTIVITY | {"duration": ["long"]}, "duration"),
        ("activities", ACTIVITY | {"planned": ["perhaps"]}, "planned"),
    ],
)
def test_what_does_not_fit_is_refused_with_table_and_column(name: str, columns: dict[str, Any], found: str) -> None:
    with pytest.raises(SchemaError, match=found):
        check_table(name, pd.DataFrame(columns))


def test_only_opportunities_take_further_columns_and_keep_them_as_they_are() -> None:
    frame = check_table(
        "opportunities",
        pd.DataFrame({"opportunity_id": ["o"], "process": ["p"], "created_at": ["2026-01-02"], "score": [7]}),
    )
    assert frame["score"].dtype == np.int64


def test_what_is_collected_is_by_default_what_occurs() -> None:
    known = history(opportunity(), activity("audit", 1), value("amount", "1", 2))
    assert known.collected == {"amount": None, "audit": None}


def test_the_past_is_known_by_default_up_to_the_last_record() -> None:
    assert history(opportunity(), stage("won", 3, told=5)).observed_until == at(5)
    assert build_history({}).observed_until == pd.Timestamp(0, tz="UTC")


def test_a_process_that_is_not_described_and_a_stage_it_lacks_are_refused() -> None:
    with pytest.raises(ProcessError, match="process 'other'"):
        history(opportunity(process="other"))
    with pytest.raises(ProcessError, match="stage 'waiting'"):
        history(opportunity(), stage("waiting", 1))
