"""A history as a folder: what is written is read back, and what is not a history is refused."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from features.errors import UnreadableSourceError
from features.history.directory import read_history, write_history
from features.history.history import Attribute
from features.history.process import DEFAULT_PROCESS, process_from_dict
from tests.histories import activity, at, contact, history, opportunity, stage, value
from tests.random_histories import random_history

KNOWN = history(
    opportunity(owner_id="安", tier="gold", score=1.5),
    opportunity("o2", process="short"),
    contact("c1", "user"),
    stage("identified", 0.25, told=0.5000000001),
    value("amount", None, 2),
    activity("audit", 3, duration=1.5, planned=True),
    processes={
        "default": DEFAULT_PROCESS,
        "short": process_from_dict(
            {"name": "short", "stages": [{"key": "a"}, {"key": "b", "outcome": "won"}, {"key": "c", "outcome": "lost"}]}
        ),
    },
    collected={"audit": at(1), "amount": None},
    attributes={"tier": Attribute("tier", "category", "creation", {"en": "tier", "zh-CN": "等级"})},
    origin="simulated",
    observed_until=at(9),
)


@pytest.mark.parametrize("known", [KNOWN, random_history(3, opportunities=8)], ids=["literal", "random"])
def test_what_is_written_is_read_back(known: object, tmp_path: Path) -> None:
    write_history(known, tmp_path / "new" / "history")  # type: ignore[arg-type]
    again = read_history(tmp_path / "new" / "history")
    for name, frame in known.tables.items():  # type: ignore[attr-defined]
        pd.testing.assert_frame_equal(frame, again.tables[name])
    for name in ("collected", "attributes", "origin", "observed_until"):
        assert getattr(again, name) == getattr(known, name), name
    assert repr(again.processes) == repr(known.processes)  # type: ignore[attr-defined]


def test_a_table_may_be_csv_and_may_be_absent(tmp_path: Path) -> None:
    write_history(KNOWN, tmp_path)
    KNOWN.stage_history.to_csv(tmp_path / "stage_history.csv", index=False)
    (tmp_path / "stage_history.parquet").unlink()
    (tmp_path / "activities.parquet").unlink()
    again = read_history(tmp_path)
    pd.testing.assert_frame_equal(again.stage_history, KNOWN.stage_history)
    assert len(again.activities) == 0
    assert list(again.activities.columns) == list(KNOWN.activities.columns)


def test_writing_again_replaces_the_tables_and_leaves_other_files(tmp_path: Path) -> None:
    (tmp_path / "quarantine.csv").write_text("kept")
    write_history(KNOWN, tmp_path)
    write_history(history(opportunity()), tmp_path)
    assert len(read_history(tmp_path).opportunities) == 1
    assert (tmp_path / "quarantine.csv").read_text() == "kept"
    assert {file.suffix for file in tmp_path.iterdir()} == {".csv", ".parquet", ".yaml"}


def test_a_folder_without_a_description_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableSourceError, match=r"no history\.yaml") as caught:
        read_history(tmp_path)
    assert "import" in caught.value.do
