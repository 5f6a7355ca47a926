from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from api.cli import main
from features.history.directory import write_history
from features.history.simulated import simulate
from tests.planted import outcome_with_errors, with_attribute


def run(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["dealodds", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main()
    said = capsys.readouterr()
    return int(ended.value.code or 0), said.out, said.err


@pytest.fixture(scope="module")
def leaking(tmp_path_factory: pytest.TempPathFactory) -> Path:
    clean = simulate(300, seed=4)
    folder = tmp_path_factory.mktemp("audited") / "history"
    write_history(with_attribute(clean, "grade", outcome_with_errors(clean, 0.02).fillna("B")), folder)
    return folder


def test_the_command_names_the_leak_first_and_writes_records(
    leaking: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = run(capsys, "audit", "--history", leaking, "--json", tmp_path / "new" / "audit.json")
    assert code == 0, err
    assert out.index("grade") < out.index("The record") < out.index("fit_score")
    records = json.loads((tmp_path / "new" / "audit.json").read_text(encoding="utf-8"))
    grade = records["columns"][0]
    assert (grade["column"], grade["verdict"], grade["measured"]) == ("grade", "suspect", "creation")
    assert grade["alone"]["low"] > 0.9
    assert all(finding["en"] and finding["zh"] for finding in grade["findings"])
    assert {"late_stage_history", "duplicates", "zombies"} <= {check["key"] for check in records["checks"]}


def test_the_command_speaks_chinese_and_audits_the_past(leaking: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "audit", "--history", leaking, "--as-of", "2025-01-01", "--language", "zh-CN")
    assert code == 0
    assert "截至 2025-01-01" in out
    assert "可疑列与陷阱" in out


def test_closes_that_the_import_flagged_are_reported(leaking: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "closed without a date of their own" in run(capsys, "audit", "--history", leaking)[1].split("none: ")[1]
    lost = simulate(300, seed=4).stage_history.query("stage == 'lost'")["opportunity_id"]
    last = lost[~lost.duplicated(keep="last")].iloc[0]
    flag = f"line,key,flag\n3,{last},closed without a close date: closed at its last update\n"
    (leaking / "flags.csv").write_text("file," + flag.replace("\n3", "\nd.csv,3"), encoding="utf-8")
    _, out, _ = run(capsys, "audit", "--history", leaking)
    (leaking / "flags.csv").unlink()
    assert "1 of 300 closed without a date of their own" in out


def test_a_time_before_everything_ends_with_1(leaking: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = run(capsys, "audit", "--history", leaking, "--as-of", "2001-01-01")
    assert code == 1
    assert "no opportunity recorded by" in err
