from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from features.errors import DataError, MappingError, UnreadableSourceError
from features.history.directory import read_history
from features.history.import_output import write_import
from features.history.import_result import ImportResult
from features.history.import_source import import_source
from features.history.mapping import read_mapping

FLAT = """
dates: [iso, "%d.%m.%Y"]
processes:
  - name: flat
    stages: [{key: open}, {key: won, outcome: won}, {key: lost, outcome: lost}]
tables:
  opportunities:
    columns: {opportunity_id: id, created_at: created}
    stage: {column: result, closed_at: closed, dictionary: {won: [Yes], lost: ["No"], open: [Pending]}}
    fields: {amount: amount}
"""
DEALS = """
zone: Asia/Shanghai
tables:
  accounts:
    file: accounts.csv
    columns: {account_id: id, created_at: created}
  opportunities:
    file: deals*.csv
    updated: updated
    columns: {opportunity_id: id, account_id: account, created_at: created}
    orphans: {account_id: %s}
    fields:
      need: {column: need, dictionary: {"yes": [是], "no": [否]}}
    attributes:
      seats: {column: seats, type: numeric, measured: creation, zh: 座位}
  stage_history:
    file: stages.csv
    columns: {opportunity_id: deal, stage: stage, occurred_at: at, recorded_at: told}
  activities:
    file: calls.csv
    optional: true
    columns:
      activity_id: id
      opportunity_id: deal
      kind: {constant: call}
      occurred_at: [done, due]
      planned: {column: done, dictionary: {}}
"""


def imported(folder: Path, mapping: str, files: dict[str, str]) -> ImportResult:
    (folder / "source").mkdir()
    (folder / "crm.yaml").write_text(mapping, encoding="utf-8")
    for name, text in files.items():
        (folder / "source" / name).write_text(text, encoding="utf-8")
    return import_source(read_mapping(folder / "crm.yaml"), folder / "source")


def stages(result: ImportResult) -> list[str]:
    told = result.history.stage_history.sort_values(["opportunity_id", "occurred_at"], kind="stable")
    return [f"{r.opportunity_id} {r.stage} {r.occurred_at:%Y-%m-%dT%H:%M}" for r in told.itertuples()]


def test_a_flat_file_with_dates_becomes_opportunities_with_outcomes(tmp_path: Path) -> None:
    text = (
        "id,created,closed,result,amount\na,2026-01-01,02.02.2026,YES,10\nb,2026-01-03,,pending,\nc,2026-01-04,,no,5\n"
    )
    result = imported(tmp_path, FLAT, {"leads.csv": text})
    assert stages(result) == [
        "a won 2026-02-02T00:00",
        "b open 2026-01-03T00:00",
        "c open 2026-01-04T00:00",
        "c lost 2026-01-04T00:30",
    ]
    assert result.flags["flag"].tolist() == [
        "no time of created_at names a zone: UTC assumed",
        "no time of closed names a zone: UTC assumed",
        "present stage without a date: taken to hold since creation",
        "closed without any date: closed half an hour after its creation",
    ]


def test_a_flat_file_without_dates_keeps_its_order_as_time(tmp_path: Path) -> None:
    mapping = FLAT.replace("created_at: created", "created_at: {order: n}").replace(", closed_at: closed", "")
    result = imported(tmp_path, mapping, {"leads.csv": "id,n,result,amount\na,10,yes,1\nb,9,pending,2\n"})
    assert stages(result) == ["a open 2000-01-01T01:00", "a won 2000-01-01T01:30", "b open 2000-01-01T00:00"]
    assert result.flags[["line", "key"]].values.tolist() == [[1, "created_at"], [1, "stage"], [1, "stage"]]


def test_rows_that_cannot_be_right_are_quarantined_whole(tmp_path: Path) -> None:
    text = (
        "id,created,closed,result,amount\na,soon,,yes,1\nb,2026-01-01,,maybe,-2\n,2026-01-01,,yes,1\n"
        "d,2026-01-01,,yes,1e999\ne,2026-01-01,,yes,1\ne,2026-01-01,,yes,1\nf,2026-01-01,,yes\n"
    )
    result = imported(tmp_path, FLAT, {"leads.csv": text})
    assert result.quarantine[["line", "key", "reason"]].values.tolist() == [
        [2, "a", "created_at 'soon' is in none of the formats of dates"],
        [3, "b", "negative amount -2; unknown stage 'maybe'"],
        [4, "", "no opportunity_id"],
        [5, "d", "amount '1e999' is not a number"],
        [7, "e", "duplicate of e"],
        [8, "", "4 cells where the header has 5"],
    ]
    assert result.history.opportunities["opportunity_id"].tolist() == ["e"]
    assert set(result.history.field_history["opportunity_id"]) == {"e"}
    assert result.counts.values.tolist() == [["leads.csv", "opportunities", 7, 1, 6, 0]]


FILES = {
    "accounts.csv": "id,created\nA,2026-01-01\n",
    "deals1.csv": "id,account,created,updated,need,seats\n1,A,2026-01-02,2026-01-05,是,3\n",
    "deals2.csv": "id,account,created,updated,need,seats\n"
    "1,A,2026-01-02,2026-01-04,否,2\n2,B,2026-01-02,2026-01-09,,\n3,A,2026-01-02,2026-01-09,,x\n",
    "stages.csv": "deal,stage,at,told\n1,Contacted,2026-01-03,2026-01-06\n3,won,2026-01-03,2026-01-03\n",
    "calls.csv": "id,deal,done,due\nc1,1,2026-01-04 08:00,2026-01-04\n",
}


def test_several_files_make_one_table_and_the_newest_row_counts(tmp_path: Path) -> None:
    result = imported(tmp_path, (DEALS % "quarantine").replace("planned: {column: done, dictionary: {}}", ""), FILES)
    assert result.quarantine.values.tolist() == [
        ["deals2.csv", 2, "1", "superseded by a newer row of 1"],
        ["deals2.csv", 3, "2", "no such account: B"],
        ["deals2.csv", 4, "3", "seats 'x' is not a number"],
        ["stages.csv", 3, "3", "opportunity 3 is quarantined"],
    ]
    history = result.history
    assert history.opportunities[["opportunity_id", "seats"]].values.tolist() == [["1", 3.0]]
    assert history.attributes["seats"].names == {"en": "seats", "zh-CN": "座位"}
    assert history.field_history[["field", "value"]].values.tolist() == [["need", "yes"]]
    assert history.field_history.loc[0, "occurred_at"] == pd.Timestamp("2026-01-04T16:00Z")
    assert history.stage_history.loc[0, "recorded_at"] == pd.Timestamp("2026-01-05T16:00Z")
    assert history.activities.loc[0, "occurred_at"] == pd.Timestamp("2026-01-04T00:00Z")


def test_a_reference_to_nothing_may_be_emptied_and_is_flagged(tmp_path: Path) -> None:
    files = {name: text for name, text in FILES.items() if name != "calls.csv"}
    result = imported(tmp_path, DEALS % "empty", files)
    assert result.history.opportunities["opportunity_id"].tolist() == ["1", "2"]
    assert ["deals2.csv", 3, "2", "no such account: B, taken as unknown"] in result.flags.values.tolist()


def test_a_column_or_file_that_is_not_there_is_told_with_what_is(tmp_path: Path) -> None:
    with pytest.raises(MappingError, match=r"no column 'closed' in leads.csv \(did you mean 'close'\?\)"):
        imported(tmp_path, FLAT, {"leads.csv": "id,created,close,result,amount\n"})
    (tmp_path / "b").mkdir()
    with pytest.raises(UnreadableSourceError, match="no file accounts.csv"):
        imported(tmp_path / "b", DEALS % "empty", {"deals1.csv": FILES["deals1.csv"]})
    with pytest.raises(UnreadableSourceError, match="nothing at"):
        import_source(read_mapping(tmp_path / "crm.yaml"), tmp_path / "nowhere")


def test_a_header_without_rows_is_an_empty_history(tmp_path: Path) -> None:
    result = imported(tmp_path, FLAT, {"leads.csv": "id,created,closed,result,amount\n"})
    assert {name: len(frame) for name, frame in result.history.tables.items()} == dict.fromkeys(
        result.history.tables, 0
    )
    assert list(result.quarantine.columns) == ["file", "line", "key", "reason"]


def test_local_times_follow_the_zones_summer_time(tmp_path: Path) -> None:
    mapping = "zone: Europe/Berlin" + FLAT
    text = "id,created,closed,result,amount\na,2026-01-01 12:00,,pending,\nb,2026-07-01 12:00,,pending,\n"
    result = imported(tmp_path, mapping, {"leads.csv": text})
    assert [f"{one:%H:%M}" for one in result.history.opportunities["created_at"]] == ["11:00", "10:00"]


def test_times_of_several_formats_agree(tmp_path: Path) -> None:
    mapping = FLAT.replace('[iso, "%d.%m.%Y"]', '[iso, epoch_ms, "%Y年%m月%d日 %H:%M", "%d/%m/%Y"]')
    times = ["2026-03-04T00:00:00Z", "2026-03-04T08:00:00+0800", "1772582400000", "2026年3月4日 00:00", "04/03/2026"]
    text = "id,created,closed,result,amount\n" + "".join(f"{i},{t},,pending,\n" for i, t in enumerate(times))
    result = imported(tmp_path, mapping, {"leads.csv": text})
    assert set(result.history.opportunities["created_at"]) == {pd.Timestamp("2026-03-04", tz="UTC")}
    assert result.flags["line"].tolist() == [1, 5, 6]


@pytest.mark.parametrize(
    ("decimal", "written", "amount"),
    [(".", "1,234.50", "1234.5"), (",", "1.234,50", "1234.5"), (".", "¥ 1 000", "1000"), (",", "0,5", "0.5")],
)
def test_amounts_are_read_with_the_decimal_point_of_the_source(
    tmp_path: Path, decimal: str, written: str, amount: str
) -> None:
    text = f'id,created,closed,result,amount\na,2026-01-01,,pending,"{written}"\n'
    result = imported(tmp_path, f'decimal: "{decimal}"' + FLAT, {"leads.csv": text})
    assert result.history.field_history["value"].tolist() == [amount]


def test_a_decimal_comma_is_refused_where_the_point_is_expected_and_not_read_as_ten_times_as_much(
    tmp_path: Path,
) -> None:
    result = imported(tmp_path, FLAT, {"leads.csv": 'id,created,closed,result,amount\na,2026-01-01,,pending,"1,5"\n'})
    assert result.quarantine["reason"].tolist() == ["amount '1,5' is not a number"]


def test_a_closed_deal_is_closed_even_when_its_close_date_is_before_its_last_stage(tmp_path: Path) -> None:
    mapping = (DEALS % "empty").replace("    fields:", "    stage: {column: need, closed_at: updated}\n    fields:")
    mapping = mapping.replace('{column: need, dictionary: {"yes": [是], "no": [否]}}', "{constant: unknown}")
    files = FILES | {
        "deals1.csv": "id,account,created,updated,need,seats\n1,A,2026-01-02,2026-01-02,won,\n",
        "deals2.csv": "id,account,created,updated,need,seats\n",
    }
    files.pop("calls.csv")
    result = imported(tmp_path, mapping, files)
    assert stages(result) == ["1 contacted 2026-01-02T16:00", "1 won 2026-01-02T16:00"]
    assert "closed before its last stage by the dates: closed then" in result.flags["flag"].tolist()


def test_what_is_collected_may_be_said(tmp_path: Path) -> None:
    mapping = FLAT + "collected: {email_opened: 2026-02-01, call: always, amount: never}\n"
    result = imported(tmp_path, mapping, {"leads.csv": "id,created,closed,result,amount\n"})
    assert result.history.collected == {"email_opened": pd.Timestamp("2026-02-01", tz="UTC"), "call": None}


def test_a_planned_activity_is_known_at_the_end_of_the_export_and_has_not_happened(tmp_path: Path) -> None:
    mapping = (DEALS % "empty").replace("{column: done, dictionary: {}}", "{column: open}")
    files = FILES | {"calls.csv": "id,deal,done,due,open\nc1,1,,2026-05-01,true\n"}
    history = imported(tmp_path, mapping, files).history
    assert history.observed_until == pd.Timestamp("2026-01-08T16:00Z")
    assert history.activities[["planned", "occurred_at", "recorded_at"]].values.tolist()[0] == [
        True,
        pd.Timestamp("2026-04-30T16:00Z"),
        pd.Timestamp("2026-01-08T16:00Z"),
    ]


def test_what_is_written_reads_back_and_a_failure_leaves_the_folder_as_it_was(tmp_path: Path) -> None:
    text = "id,created,closed,result,amount\na,2026-01-01,2026-02-02,yes,10\n"
    result = imported(tmp_path, FLAT, {"leads.csv": text})
    out = tmp_path / "out"
    out.mkdir()
    (out / "mine.txt").write_text("kept")
    write_import(result, out)
    assert stages(result) == ["a won 2026-02-02T00:00"]
    pd.testing.assert_frame_equal(read_history(out).stage_history, result.history.stage_history)
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    broken = replace(result, quarantine=result.quarantine.drop(columns="reason"))
    with pytest.raises(KeyError):
        write_import(broken, out)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["crm.yaml", "out", "source"]
    with pytest.raises(DataError, match="which is a file"):
        write_import(result, out / "mine.txt")


def test_only_the_rows_wanted_are_taken_and_the_others_are_counted(tmp_path: Path) -> None:
    mapping = FLAT + "    only: {kind: [New, renewal]}\n"
    text = "id,created,closed,result,amount,kind\na,2026-01-01,,pending,,NEW\nb,2026-01-01,,pending,,test\n"
    result = imported(tmp_path, mapping, {"leads.csv": text})
    assert result.history.opportunities["opportunity_id"].tolist() == ["a"]
    assert result.ignored.values.tolist() == [["leads.csv", "opportunities", "left out by only", 1]]


def test_one_export_in_another_format_imports_alike(tmp_path: Path) -> None:
    mapping = FLAT.replace("    columns:", "    file: leads.csv\n    columns:", 1)
    text = "id,created,closed,result,amount\n1,2026-01-01,2026-02-02,yes,10\n2,2026-01-03,,pending,\n"
    expected = imported(tmp_path, mapping, {"leads.csv": text}).history
    table = pd.read_csv(tmp_path / "source" / "leads.csv", parse_dates=["created", "closed"])
    for name, write in {"leads.xlsx": table.to_excel, "leads.parquet": table.to_parquet}.items():
        (tmp_path / name.split(".")[1]).mkdir()
        write(tmp_path / name.split(".")[1] / name, index=False)  # type: ignore[operator]
    lines = tmp_path / "jsonl"
    lines.mkdir()
    table.to_json(lines / "leads.jsonl", orient="records", lines=True, date_format="iso")
    for folder in ("xlsx", "parquet", "jsonl"):
        history = import_source(read_mapping(tmp_path / "crm.yaml"), tmp_path / folder).history
        for name in ("opportunities", "stage_history", "field_history"):
            pd.testing.assert_frame_equal(history.tables[name], expected.tables[name])


@pytest.mark.parametrize(
    "junk",
    [
        "0001-01-01",
        "9999-12-31T23:59:59",
        "99999999999999999999",
        "1e400",
        "NaT",
        "now",
        "-",
        "2026-02-30",
        "\u0000x",
        "{}",
    ],
)
def test_a_strange_value_in_any_column_costs_its_row_at_most(tmp_path: Path, junk: str) -> None:
    mapping = 'dates: [epoch_ms, epoch_s, "%d.%m.%Y", iso]\n' + FLAT.split("\n", 2)[2]
    heads = ["id", "created", "closed", "result", "amount"]
    good = ["g", "2026-01-01", "2026-02-02", "yes", "1"]
    rows = [good] + [[junk if i == j else value for j, value in enumerate(good[:1] + good[1:])] for i in range(5)]
    rows = [[f"{i}{row[0]}", *row[1:]] for i, row in enumerate(rows)]
    text = "\n".join(",".join(row) for row in [heads, *rows]).replace("\u0000", "")
    result = imported(tmp_path, mapping, {"leads.csv": text})
    assert "0g" in set(result.history.opportunities["opportunity_id"])
    assert len(result.history.opportunities) + len(result.quarantine) == 6
