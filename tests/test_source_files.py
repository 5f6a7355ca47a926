import gzip
import json
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from features.errors import UnreadableSourceError
from features.history.source_files import read_source_file

ROWS = [{"商机编号": "1", "客户": "北京公司", "金额": "1500"}, {"商机编号": "2", "客户": None, "金额": "0.5"}]
CSV = "商机编号,客户,金额\n1,北京公司,1500\n2,,0.5\n"


def write_all(folder: Path) -> list[Path]:
    (folder / "utf8.csv").write_bytes(CSV.encode("utf-8-sig"))
    (folder / "gb.csv").write_bytes(CSV.encode("gb18030"))
    (folder / "utf16.csv").write_bytes(CSV.encode("utf-16"))
    (folder / "zipped.csv.gz").write_bytes(gzip.compress(CSV.encode("gb18030")))
    (folder / "semicolons.csv").write_bytes(CSV.replace(",", ";").replace("\n", "\r\n").encode())
    typed: list[dict[str, object]] = [
        {"商机编号": 1, "客户": "北京公司", "金额": 1500},
        {"商机编号": 2, "客户": None, "金额": 0.5},
    ]
    (folder / "lines.jsonl").write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in typed), "utf-8")
    pd.DataFrame(typed).to_parquet(folder / "table.parquet")
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.append(["商机编号", "客户", "金额"])
    sheet.append([1, "北京公司", 1500])
    sheet.append([2, None, 0.5])
    book.save(folder / "book.xlsx")
    return sorted(folder.iterdir())


def test_every_format_and_encoding_reads_the_same(tmp_path: Path) -> None:
    paths = write_all(tmp_path)
    assert len(paths) == 8
    for path in paths:
        file = read_source_file(path)
        found = [{k: None if pd.isna(v) else v for k, v in row.items()} for row in file.rows.to_dict("records")]
        assert (path.name, found) == (path.name, ROWS)


def test_a_line_is_the_physical_line_even_after_quoted_newlines_and_blank_lines(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('id,note\n1,"a\nb\nc"\n\n2,x\n', encoding="utf-8")
    assert read_source_file(path).lines.tolist() == [2, 6]


def test_a_row_of_another_width_is_set_aside_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("id,note\n1,x\n2\n3,y,z\n", encoding="utf-8")
    file = read_source_file(path)
    assert file.rows["id"].tolist() == ["1"]
    assert file.unreadable.to_dict("list") == {
        "line": [3, 4],
        "reason": ["1 cells where the header has 2", "3 cells where the header has 2"],
    }


def test_a_json_line_that_is_no_object_is_set_aside(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"id": 1, "ok": true}\n[1]\n{"id": \n', encoding="utf-8")
    file = read_source_file(path)
    assert file.rows.to_dict("records") == [{"id": "1", "ok": "true"}]
    assert file.unreadable["line"].tolist() == [2, 3]


def test_leading_zeros_and_the_words_none_and_nan_stay_as_written(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("id,a,b\n007,None,NaN\n", encoding="utf-8")
    assert read_source_file(path).rows.to_dict("records") == [{"id": "007", "a": "None", "b": "NaN"}]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("junk.csv", bytes(range(256)) * 4),
        ("empty.csv", b""),
        ("blank.csv", b"\n\n"),
        ("cyrillic.csv", "номер,название\n1,Поставка каркасов\n2,Монтаж панелей\n".encode("cp1251")),
        ("latin.csv", "id,name\n1,Müller\n2,Café\n".encode("latin-1")),
        ("twice.csv", b"id,id\n1,2\n"),
        ("junk.xlsx", b"not a workbook"),
        ("junk.parquet", b"not parquet"),
        ("junk.jsonl", b"not json\n"),
        ("junk.csv.gz", b"not gzip"),
        ("cut.csv.gz", gzip.compress(b"id\n" + b"1\n" * 1000, mtime=0)[:-12]),
        ("photo.png", b"\x89PNG"),
    ],
)
def test_a_file_that_cannot_be_read_says_so_in_three_parts(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UnreadableSourceError) as caught:
        read_source_file(tmp_path / name)
    assert caught.value.found
    assert caught.value.expected
    assert caught.value.do


def test_a_named_encoding_is_used(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes("номер\nПоставка\n".encode("cp1251"))
    assert read_source_file(tmp_path / "a.csv", encoding="cp1251").rows["номер"].tolist() == ["Поставка"]
    with pytest.raises(UnreadableSourceError):
        read_source_file(tmp_path / "a.csv", encoding="utf-8")


def test_a_missing_file_and_a_missing_sheet_are_named(tmp_path: Path) -> None:
    with pytest.raises(UnreadableSourceError, match="no file"):
        read_source_file(tmp_path / "none.csv")
    write_all(tmp_path)
    with pytest.raises(UnreadableSourceError, match="no sheet 'Deals' in book.xlsx"):
        read_source_file(tmp_path / "book.xlsx", sheet="Deals")
