from __future__ import annotations

import json
import re
import shlex
import sys
from pathlib import Path

import pandas as pd
import pytest

from api import clock
from api.cli import commands, main
from api.event_schemas import EVENT_MODELS
from features.history.database.engine import Database
from tests.services import live_service, push

ROOT = Path(__file__).parent.parent
READMES = ("README.md", "README.zh-CN.md")


def _examples(name: str) -> list[str]:
    """Command lines of the blocks that are marked to be run."""
    blocks = re.findall(r"<!-- run -->\n```sh\n(.*?)```", (ROOT / name).read_text(encoding="utf-8"), re.DOTALL)
    return [line for block in blocks for line in block.splitlines() if line.strip()]


def test_the_commands_of_the_readme_run_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DEALODDS_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    (tmp_path / "features").symlink_to(ROOT / "features")
    examples = _examples("README.md")
    assert len(examples) == 5
    for line in examples:
        monkeypatch.setattr(sys, "argv", shlex.split(line))
        with pytest.raises(SystemExit) as ended:
            main()
        assert ended.value.code == 0, line
    scores = pd.read_csv(tmp_path / "scores.csv")
    assert scores["win_probability"].between(0, 1).all()
    assert (tmp_path / "leads" / "quarantine.csv").read_text(encoding="utf-8").count("\n") == 2


def test_every_sort_of_event_is_shown_as_the_service_takes_it(database: Database) -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    found = re.search(r"<!-- events -->\n```json\n(.*?)```", text, re.DOTALL)
    assert found is not None
    assert {json.loads(line)["type"] for line in found.group(1).splitlines()} | {"activity"} == set(EVENT_MODELS)
    with live_service(database, clock=clock.now) as client:
        client.put("/v1/opportunities/006-1", json={"created_at": "2026-01-15T08:00:00Z", "stage": "identified"})
        meeting = {"opportunity_id": "006-1", "kind": "meeting", "occurred_at": "2026-02-03T14:00:00Z"}
        push(client, {"type": "activity", "event_id": "e-2"} | meeting)
        answer = client.post("/v1/events", content=found.group(1), headers={"Content-Type": "application/x-ndjson"})
        assert (answer.status_code, answer.json()["created"]) == (201, 7), answer.text


def test_both_readmes_show_the_same_commands() -> None:
    assert _examples("README.md") == _examples("README.zh-CN.md")


@pytest.mark.parametrize("name", READMES)
def test_the_readme_names_every_command(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    assert [command for command in commands.commands if command not in text] == []


@pytest.mark.parametrize("name", READMES)
def test_no_placeholder_is_left_in_the_readme(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    assert re.findall(r"^[A-Z]{5,}$", text, re.MULTILINE) == []
    assert "make demo" in text
    assert "make test" in text
