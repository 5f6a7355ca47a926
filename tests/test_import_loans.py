import gzip
import os
from pathlib import Path

import pandas as pd
import pytest

from features.history.history import History
from features.history.import_result import ImportResult
from features.history.import_source import import_source
from features.history.mapping import read_mapping

MAPPING = Path(__file__).parent.parent / "features" / "history" / "mappings" / "loan_applications.yaml"
EVENTS = """case_id,activity,resource,timestamp,amount_req
1,A_SUBMITTED,r1,2011-10-01T10:00:00.500,5000
1,A_ACCEPTED,r2,2011-10-01T11:00:00.000,5000
1,O_SENT,r2,2011-10-01T11:00:00.000,5000
1,W_Nabellen offertes,r3,2011-10-02T09:00:00.000,5000
1,O_SENT_BACK,r3,2011-10-03T09:00:00.000,5000
1,O_SENT,,2011-10-03T10:00:00.000,5000
1,A_REGISTERED,r4,2011-10-04T09:00:00.000,5000
1,O_ACCEPTED,r4,2011-10-04T09:00:00.000,5000
1,A_APPROVED,r4,2011-10-04T09:00:00.000,5000
2,W_Afhandelen leads,r1,2011-10-05T09:00:00.000,700.50
2,A_PREACCEPTED,r1,2011-10-05T09:05:00.000,700.50
2,A_CANCELLED,r1,2011-10-06T09:00:00.000,700.50
2,A_DECLINED,r1,2011-10-07T09:00:00.000,700.50
2,X_NEW,r1,2011-10-07T10:00:00.000,700.50
"""


def imported(folder: Path, text: str) -> ImportResult:
    (folder / "events.csv.gz").write_bytes(gzip.compress(text.encode()))
    return import_source(read_mapping(MAPPING), folder)


def rows(frame: pd.DataFrame, *columns: str) -> list[tuple[str | None, ...]]:
    return [
        tuple(None if pd.isna(v) else v.isoformat()[:16] if isinstance(v, pd.Timestamp) else v for v in row)
        for row in frame[list(columns)].itertuples(index=False)
    ]


def test_an_event_log_becomes_stages_that_never_step_back_from_a_returned_offer(tmp_path: Path) -> None:
    history = imported(tmp_path, EVENTS).history
    assert rows(history.stage_history, "opportunity_id", "stage", "occurred_at") == [
        ("1", "submitted", "2011-10-01T10:00"),
        ("1", "accepted", "2011-10-01T11:00"),
        ("1", "offer_sent", "2011-10-01T11:00"),
        ("1", "offer_sent_back", "2011-10-03T09:00"),
        ("1", "won", "2011-10-04T09:00"),
        ("2", "preaccepted", "2011-10-05T09:05"),
        ("2", "cancelled", "2011-10-06T09:00"),
    ]


def test_an_event_may_be_a_stage_and_an_activity_and_the_accepted_offer_is_none(tmp_path: Path) -> None:
    history = imported(tmp_path, EVENTS).history
    assert rows(history.activities, "opportunity_id", "kind", "direction", "occurred_at", "activity_id") == [
        ("1", "quote", "outbound", "2011-10-01T11:00", "events.csv.gz:4"),
        ("1", "work_call_after_offer", "outbound", "2011-10-02T09:00", "events.csv.gz:5"),
        ("1", "email_replied", "inbound", "2011-10-03T09:00", "events.csv.gz:6"),
        ("1", "quote", "outbound", "2011-10-03T10:00", "events.csv.gz:7"),
        ("2", "work_handle_lead", None, "2011-10-05T09:00", "events.csv.gz:11"),
    ]


def test_the_first_event_creates_the_opportunity_and_owners_are_dated(tmp_path: Path) -> None:
    history = imported(tmp_path, EVENTS).history
    assert rows(history.opportunities, "opportunity_id", "process", "owner_id", "currency", "created_at") == [
        ("1", "loan", "r1", "EUR", "2011-10-01T10:00"),
        ("2", "loan", "r1", "EUR", "2011-10-05T09:00"),
    ]
    assert rows(history.field_history, "opportunity_id", "field", "value", "occurred_at") == [
        ("1", "amount", "5000", "2011-10-01T10:00"),
        ("1", "owner", "r1", "2011-10-01T10:00"),
        ("1", "owner", "r2", "2011-10-01T11:00"),
        ("1", "owner", "r3", "2011-10-02T09:00"),
        ("1", "owner", None, "2011-10-03T10:00"),
        ("1", "owner", "r4", "2011-10-04T09:00"),
        ("2", "amount", "700.5", "2011-10-05T09:00"),
        ("2", "owner", "r1", "2011-10-05T09:00"),
    ]


def test_an_event_without_a_meaning_is_quarantined_and_the_rest_is_counted(tmp_path: Path) -> None:
    result = imported(tmp_path, EVENTS)
    assert result.quarantine.values.tolist() == [["events.csv.gz", 15, "2", "event 'X_NEW' has no meaning"]]
    assert result.counts.values.tolist() == [
        ["events.csv.gz", "opportunities", 14, 2, 0, 12],
        ["events.csv.gz", "events", 14, 12, 1, 1],
        ["events.csv.gz", "field_history", 14, 6, 0, 8],
    ]
    assert result.history.observed_until == pd.Timestamp("2011-10-07T09:00", tz="UTC")
    assert "stage after the close" in result.summary()


def test_what_the_mapping_names_is_collected_even_when_it_does_not_occur(tmp_path: Path) -> None:
    history = imported(tmp_path, EVENTS).history
    assert {"work_fraud_check", "quote", "email_replied", "amount", "owner"} <= set(history.collected)
    assert "email_opened" not in history.collected


def outcomes(history: History) -> dict[str, int]:
    process = history.processes["loan"]
    outcome = history.stage_history["stage"].map({stage.key: stage.outcome for stage in process.stages})
    closed = history.stage_history.assign(outcome=outcome)[outcome != "open"]
    first = closed.drop_duplicates("opportunity_id").set_index("opportunity_id")["outcome"]
    return dict(history.opportunities["opportunity_id"].map(first).fillna("open").value_counts())


def test_the_real_applications_agree_with_an_independent_count() -> None:
    data = os.environ.get("DEALODDS_DATA")
    if not data:
        pytest.skip("DEALODDS_DATA names no folder of shared data")
    result = import_source(read_mapping(MAPPING), Path(data) / "loan_applications")
    raw = pd.read_csv(Path(data) / "loan_applications" / "events.csv.gz", parse_dates=["timestamp"])
    closes = raw[raw["activity"].str.contains("A_(?:APPROVED|REGISTERED|ACTIVATED|DECLINED|CANCELLED)")]
    first = closes.sort_values("timestamp", kind="stable").groupby("case_id")["activity"].first()
    lost = int(first.isin(["A_DECLINED", "A_CANCELLED"]).sum())
    assert outcomes(result.history) == {"lost": lost, "won": len(first) - lost} == {"lost": 5296, "won": 1130}
    assert len(result.history.opportunities) == raw["case_id"].nunique() == 6426
    assert len(result.quarantine) == 0
    told = raw["activity"].str.startswith(("O_", "W_")) & (raw["activity"] != "O_ACCEPTED")
    assert len(result.history.activities) == int(told.sum())
    assert result.history.observed_until == raw["timestamp"].max().tz_localize("UTC")
