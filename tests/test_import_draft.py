import os
from pathlib import Path

import pytest

from features.errors import UnreadableSourceError
from features.history.drafting import draft_mapping
from features.history.import_result import ImportResult
from features.history.import_source import import_source
from features.history.mapping import read_mapping


def drafted(folder: Path, source: Path) -> tuple[str, ImportResult]:
    text = draft_mapping(source)
    (folder / "draft.yaml").write_text(text, encoding="utf-8")
    return text, import_source(read_mapping(folder / "draft.yaml"), source)


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_chinese_headers_are_recognised_and_the_draft_imports(tmp_path: Path, encoding: str) -> None:
    source = tmp_path / "商机.csv"
    source.write_bytes(
        "商机编号,客户名称,创建时间,负责人,阶段,预计金额,来源,行业,备注: #1\n"
        "S1,北京公司,2026年1月5日,张三,初步接触,10000,广告,制造,a\n"
        "S2,上海公司,2026年2月6日,李四,赢单,20000,转介绍,零售,b\n"
        "S3,广州公司,2026年2月7日,李四,丢单,30000,广告,零售,\n".encode(encoding)
    )
    text, result = drafted(tmp_path, source)
    assert result.history.opportunities["owner_id"].tolist() == ["张三", "李四", "李四"]
    assert (
        dict(zip(*(result.history.stage_history[c] for c in ("opportunity_id", "stage")), strict=False))["S2"] == "赢单"
    )
    assert result.history.field_history["value"].tolist() == ["10000", "20000", "30000"]
    assert {a.measured for a in result.history.attributes.values()} == {"unknown"}
    assert "#   创建时间: date, 100% filled, 3 distinct, dates %Y年%m月%d日," in text


def test_english_headers_without_dates_or_ids_draft_an_order(tmp_path: Path) -> None:
    source = tmp_path / "leads.csv"
    source.write_text("Owner,Status,Deal Value,Won Before\nann,Won,10,yes\nbob,Lost,20,no\nbob,new: x,,no\n")
    text, result = drafted(tmp_path, source)
    assert "created_at: {line: true} # CHECK" in text
    assert result.history.opportunities["opportunity_id"].tolist() == ["2", "3", "4"]
    assert result.history.opportunities["won_before"].tolist() == [True, False, False]
    assert list(next(iter(result.history.processes.values())).keys) == ["new: x", "Won", "Lost"]


def test_a_log_of_events_is_drafted_with_every_name_to_be_judged(tmp_path: Path) -> None:
    source = tmp_path / "log.csv"
    source.write_text("case_id,activity,timestamp\n1,Call made,2026-01-01\n1,Won,2026-01-02\n2,Call made,2026-01-03\n")
    text, result = drafted(tmp_path, source)
    assert '"Call made": {activity: "call_made"}' in text
    assert result.history.activities["opportunity_id"].tolist() == ["1", "2"]
    assert result.history.stage_history[["opportunity_id", "stage"]].values.tolist() == [["1", "won"]]


def test_a_folder_without_anything_readable_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"x")
    with pytest.raises(UnreadableSourceError, match="no file"):
        draft_mapping(tmp_path)


@pytest.mark.parametrize(
    ("name", "opportunities"),
    [("dirty_export", 10), ("flat_opportunities", 62259), ("hubspot_export", 44), ("salesforce_export", 10)],
)
def test_drafts_of_real_exports_import(tmp_path: Path, name: str, opportunities: int) -> None:
    data = os.environ.get("DEALODDS_DATA")
    if not data:
        pytest.skip("DEALODDS_DATA names no folder of shared data")
    _, result = drafted(tmp_path, Path(data) / name)
    assert len(result.history.opportunities) == opportunities
