import os
from pathlib import Path

import pandas as pd
import pytest

from features.history.import_output import write_import
from features.history.import_source import import_source
from features.history.mapping import read_mapping

MAPPING = Path(__file__).parent.parent / "features" / "history" / "mappings" / "dirty_export.yaml"


@pytest.fixture(name="source")
def _source() -> Path:
    data = os.environ.get("DEALODDS_DATA")
    if not data:
        pytest.skip("DEALODDS_DATA names no folder of shared data")
    return Path(data) / "dirty_export"


def test_exactly_the_rows_that_must_be_are_quarantined(source: Path, tmp_path: Path) -> None:
    write_import(import_source(read_mapping(MAPPING), source), tmp_path / "out")
    assert (tmp_path / "out" / "quarantine.csv").read_text("utf-8").splitlines() == [
        "file,line,key,reason",
        "activities.csv,5,A903,no such opportunity: D9999",
        "contacts.csv,6,P304,no such account: C999",
        "deals.csv,8,D1007,negative amount -12000.00",
        "deals.csv,9,D1008,superseded by a newer row of D1008",
        "deals.csv,13,D1011,unknown stage 'WAIT_CLIENT'",
        "stage_history.csv,6,EVT004,duplicate of EVT004",
        "stage_history.csv,7,EVT005,no such opportunity: D1012",
    ]
    assert (tmp_path / "out" / "flags.csv").read_text("utf-8").splitlines() == [
        "file,line,key,flag",
        "deals.csv,11,D1009,closed without a close date: closed at its last update",
        "deals.csv,12,D1010,created_at without a zone: Asia/Yekaterinburg assumed",
        "deals.csv,12,D1010,currency empty: default RUB taken",
    ]


def test_every_deal_that_must_be_in_is_in_with_its_stages(source: Path) -> None:
    history = import_source(read_mapping(MAPPING), source).history
    deals = history.opportunities.set_index("opportunity_id")
    assert list(deals.index) == ["D1001", "D1002", "D1003", "D1004", "D1005", "D1006", "D1008", "D1009", "D1010"]
    assert list(deals.index[deals["account_id"].isna()]) == ["D1006"]
    assert deals["source"].tolist() == ["avito", "avito", "yandex_direct", "website", "avito", "avito", "website"] + [
        "referral",
        "yandex_direct",
    ]
    assert set(deals["currency"]) == {"RUB"}
    assert deals.loc["D1010", "created_at"] == pd.Timestamp("2026-06-14T04:20Z")
    stages = history.stage_history.sort_values(["opportunity_id", "occurred_at"])
    told = [f"{r.opportunity_id} {r.stage} {r.occurred_at:%m-%dT%H:%M:%S}" for r in stages.itertuples()]
    assert told == [
        "D1001 NEW 06-01T04:14:58",
        "D1001 QUALIFICATION 06-02T06:30:00",
        "D1001 PRODUCTION 06-07T07:30:00",
        "D1002 PROPOSAL 06-06T06:00:00",
        "D1003 WON 06-08T11:45:00",
        "D1004 LOST 06-05T04:05:00",
        "D1005 SHIPPED 06-10T13:10:00",
        "D1006 NEW 06-06T07:10:00",
        "D1008 CALCULATION 06-08T05:06:00",
        "D1009 WON 06-12T12:00:00",
        "D1010 CONTRACT 06-14T04:40:00",
    ]


def test_a_task_that_is_not_completed_has_not_happened(source: Path) -> None:
    activities = import_source(read_mapping(MAPPING), source).history.activities
    told = [(r.activity_id, r.kind, r.planned) for r in activities.itertuples()]
    assert told == [("A900", "call", False), ("A901", "email_sent", False), ("A902", "task", True)]


def test_the_later_row_of_a_deal_gives_its_values(source: Path) -> None:
    fields = import_source(read_mapping(MAPPING), source).history.field_history
    one = fields[fields["opportunity_id"] == "D1008"].set_index("field")["value"]
    assert one.to_dict() == {"amount": "69000", "expected_close_date": "2026-06-17"}


TINY = {
    "companies.csv": "company_id,name,industry,city,created_at\nC1,Альфа,,Уфа,2026-05-20T09:00:00+05:00\n",
    "contacts.csv": "contact_id,company_id,created_at\nP1,C1,2026-05-20T09:00:00+05:00\n"
    "P2,C9,2026-05-20T09:00:00+05:00\n",
    "deals.csv": "deal_id,created_at,updated_at,stage_id,manager_id,company_id,source,expected_amount,currency,"
    "closed_at,lost_reason,custom_deadline\n"
    "D1,2026-06-01T09:00:00+05:00,2026-06-02T09:00:00+05:00,PROPOSAL,U1,C1,Авито,10.00,RUB,,,2026-06-20\n"
    "D2,01.06.2026 09:00,2026-06-03T09:00:00+05:00,WON,U1,,AVITO,,,,,\n"
    "D3,2026-06-01T09:00:00+05:00,2026-06-02T09:00:00+05:00,WAIT,U1,C1,phone,-1,RUB,,,\n"
    "D1,2026-06-01T09:00:00+05:00,2026-06-02T10:00:00+05:00,CONTRACT,U1,C1,avito,12.00,RUB,,,\n",
    "stage_history.csv": "event_id,deal_id,new_stage_id,changed_at\nE1,D1,NEW,2026-06-01T09:00:00+05:00\n"
    "E1,D1,NEW,2026-06-01T09:00:00+05:00\nE2,D8,NEW,2026-06-01T09:00:00+05:00\n",
    "activities.csv": "activity_id,deal_id,activity_type,direction,subject,completed,deadline_at,completed_at\n"
    "A1,D1,task,,x,false,2026-06-02T09:00:00+05:00,\nA2,D3,email,outbound,x,true,,2026-06-02T09:00:00+05:00\n",
}


def test_a_small_export_broken_in_the_same_ways_ends_alike(tmp_path: Path) -> None:
    for name, text in TINY.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    result = import_source(read_mapping(MAPPING), tmp_path)
    assert result.quarantine.values.tolist() == [
        ["activities.csv", 3, "A2", "opportunity D3 is quarantined"],
        ["contacts.csv", 3, "P2", "no such account: C9"],
        ["deals.csv", 2, "D1", "superseded by a newer row of D1"],
        ["deals.csv", 4, "D3", "negative amount -1; unknown stage 'WAIT'"],
        ["stage_history.csv", 3, "E1", "duplicate of E1"],
        ["stage_history.csv", 4, "E2", "no such opportunity: D8"],
    ]
    assert result.flags[["line", "flag"]].values.tolist() == [
        [3, "created_at without a zone: Asia/Yekaterinburg assumed"],
        [3, "currency empty: default RUB taken"],
        [3, "closed without a close date: closed at its last update"],
    ]
    stages = result.history.stage_history
    assert [f"{r.opportunity_id} {r.stage} {r.occurred_at:%dT%H}" for r in stages.itertuples()] == [
        "D1 NEW 01T04",
        "D1 CONTRACT 02T05",
        "D2 WON 03T04",
    ]
    assert result.history.opportunities["source"].tolist() == ["avito", "avito"]
    assert result.history.activities[["activity_id", "planned"]].values.tolist() == [["A1", True]]
