"""A new champion takes over under requests: none fails, no answer is of two versions, and a corrupt one is refused."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.app import create_app
from api.background.champion_watch import ChampionWatch, stamp_of
from api.champion import Champion, load_champion
from features.history.database.engine import Database
from models.artifact import DESCRIPTION, MANIFEST, write_artifact
from models.blend import Blend
from models.exported import export_artifact, withdraw_artifact
from models.hazard_blend import HazardBlend
from scoring.version_zero import version_zero
from tests.pipelines import Pipeline
from tests.services import KEY, NOW, PATIENCE, live_service, opportunity, service, serving

ODDS = {"1": 0.5, "2": 0.7311, "3": 0.8808}


def export(folder: Path, version: str) -> None:
    """Promote a model whose answer for a proposal tells its version."""
    made, zero = folder.parent / "made", version_zero()
    win = HazardBlend(zero.win.members, Blend((1.0,), float(version) - 1))
    write_artifact(replace(zero, win=win), made)
    export_artifact(made, folder, version)


def corrupt(folder: Path, version: str) -> None:
    """Point to a model whose bytes were changed, as a disk that lies would."""
    workshop = folder.parent / "workshop"
    workshop.mkdir(exist_ok=True)
    export(workshop / "model", version)
    damaged = folder.with_name(f"{folder.name}-{version}-damaged")
    (workshop / f"model-{version}").rename(damaged)
    (damaged / DESCRIPTION).write_text((damaged / DESCRIPTION).read_text().replace("0", "1", 1))
    link = folder.with_name("next")
    link.symlink_to(damaged.name, target_is_directory=True)
    link.replace(folder)


def wait(until: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not until():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


class Asking:
    """Requests from several threads, one after the other, until it is told to stop; every answer is kept."""

    def __init__(self, client: httpx.Client, threads: int = 3) -> None:
        self.client, self.stopped = client, threading.Event()
        self.statuses: list[int] = []
        self.versions: list[tuple[str, frozenset[str], frozenset[float]]] = []
        self.threads = [threading.Thread(target=self._ask) for _ in range(threads)]

    def _ask(self) -> None:
        body = {"opportunities": [opportunity(opportunity_id=f"o{n}", stage="proposal") for n in range(20)]}
        while not self.stopped.is_set():
            answer = self.client.post("/v1/scores", json=body | {"reasons": False})
            self.statuses.append(answer.status_code)
            if answer.status_code == 200:
                scores = answer.json()["scores"]
                each = frozenset(score["model_version"] for score in scores)
                values = frozenset(round(score["win_probability"], 4) for score in scores)
                self.versions.append((answer.json()["model_version"], each, values))

    def __enter__(self) -> Asking:
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopped.set()
        for thread in self.threads:
            thread.join(PATIENCE)


def test_three_champions_and_a_corrupt_one_under_requests(tmp_path: Path) -> None:
    folder = tmp_path / "champion"
    export(folder, "1")
    app = create_app(folder, api_keys=[KEY], authenticate=True, clock=lambda: NOW)

    def in_service() -> str:
        return str(client.get("/v1/models/champion").json()["version"])

    with serving(app) as client, Asking(client) as asking:
        watch = app.state.background.watch
        wait(lambda: len(asking.statuses) > 5)
        for version in ("2", "3"):
            export(folder, version)
            wait(lambda version=version: in_service() == version)  # type: ignore[misc]
        corrupt(folder, "4")
        wait(lambda: watch.failed_loads == 1)
        assert "missing or changed" in watch.refusal
        assert in_service() == "3"
        assert client.get("/readyz").status_code == 200
        export(folder, "1")
        wait(lambda: in_service() == "1")
        assert watch.refusal is None
        answered = len(asking.statuses)
        wait(lambda: len(asking.statuses) > answered + 5)
    assert set(asking.statuses) == {200}
    assert {version for version, _, _ in asking.versions} == {"1", "2", "3"}
    for version, each, values in asking.versions:
        assert each == {version}
        assert values == {ODDS[version]}


def watching(folder: Path) -> tuple[ChampionWatch, list[str], list[int]]:
    swapped: list[str] = []
    refused: list[int] = []
    stamp = stamp_of(folder)
    watch = ChampionWatch(
        folder,
        load_champion(folder),
        lambda found: swapped.append(found.versions),
        lambda: refused.append(1),
        seen=stamp,
    )
    return watch, swapped, refused


def test_nothing_is_loaded_while_nothing_changes(tmp_path: Path) -> None:
    export(tmp_path / "champion", "1")
    watch, swapped, _ = watching(tmp_path / "champion")
    assert [watch.look() for _ in range(3)] == [False] * 3
    assert swapped == []


def test_what_is_exported_is_loaded_once_it_looks_the_same_twice(tmp_path: Path) -> None:
    folder = tmp_path / "champion"
    export(folder, "1")
    watch, swapped, _ = watching(folder)
    watch.look()
    export(folder, "2")
    assert [watch.look() for _ in range(3)] == [False, True, False]
    withdraw_artifact(folder)
    assert [watch.look() for _ in range(3)] == [False, True, False]
    assert swapped == ["2", "0"]


def _another_format(folder: Path) -> None:
    manifest = json.loads((folder / MANIFEST).read_text())
    (folder / MANIFEST).write_text(json.dumps(manifest | {"format": 99}, indent=1) + "\n")


def _no_manifest(folder: Path) -> None:
    (folder / MANIFEST).unlink()


@pytest.mark.parametrize("spoil", [_another_format, _no_manifest])
def test_an_incompatible_champion_is_refused_once_and_said_why(
    tmp_path: Path, spoil: Callable[[Path], None], caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "champion"
    export(folder, "1")
    watch, swapped, refused = watching(folder)
    export(folder, "2")
    spoil(tmp_path / "champion-2")
    assert [watch.look() for _ in range(4)] == [False] * 4
    assert (watch.failed_loads, refused, swapped) == (1, [1], [])
    assert watch.refusal is not None
    assert "1 serves on" in caplog.text
    export(folder, "3")
    assert [watch.look() for _ in range(2)] == [False, True]
    assert watch.refusal is None


def test_a_corrupt_model_of_a_segment_is_refused_with_the_rest(tmp_path: Path) -> None:
    folder = tmp_path / "champion"
    export(folder, "1")
    watch, swapped, _ = watching(folder)
    of_segment = tmp_path / "champion-segments" / "north"
    of_segment.parent.mkdir()
    corrupt(of_segment, "5")
    export(folder, "2")
    assert [watch.look() for _ in range(3)] == [False] * 3
    assert (watch.failed_loads, swapped) == (1, [])
    of_segment.unlink()
    assert [watch.look() for _ in range(2)] == [False, True]
    assert swapped == ["2"]


def test_a_service_that_began_with_a_corrupt_model_takes_a_good_one(tmp_path: Path) -> None:
    folder = tmp_path / "champion"
    corrupt(folder, "4")
    watch, swapped, _ = watching(folder)
    assert watch.current.model is None
    export(folder, "1")
    assert [watch.look() for _ in range(2)] == [False, True]
    assert swapped == ["1"]


def test_a_running_service_keeps_its_list_and_rebuilds_it_for_a_new_champion(
    database: Database, tmp_path: Path
) -> None:
    folder = tmp_path / "champion"
    export(folder, "1")
    pipeline = Pipeline(database)
    pipeline.open("a", "proposal")

    def listed() -> Any:
        answer = client.get("/v1/opportunities")
        if answer.status_code != 200:
            return None
        rows = answer.json()["opportunities"]
        found = {row["opportunity_id"]: round(row["win_probability"], 4) for row in rows}
        return answer.json()["list"]["model_version"], found

    with live_service(database, folder, pipeline.now, keeps_lists=True, tell=pipeline.told.tell()) as client:
        wait(lambda: listed() == ("1", {"a": 0.5}))
        pipeline.open("b", "contacted")
        wait(lambda: listed() == ("1", {"a": 0.5, "b": 0.25}))
        export(folder, "2")
        wait(lambda: listed() == ("2", {"a": 0.7311, "b": 0.4754}))
    assert pipeline.told.champions == [("1", "2")]


def test_versions_name_the_models_of_segments_too() -> None:
    zero = version_zero()
    segment = replace(zero, version="7", training={**zero.training, "segment": "product=suite"})
    assert Champion(replace(zero, version="3"), segments=(segment,)).versions == "3; product=suite: 7"


def test_a_model_that_loads_and_does_not_answer_is_told_and_the_service_starts(tmp_path: Path) -> None:
    artifact = version_zero()
    write_artifact(replace(artifact, classification={}), tmp_path / "champion")
    with service(tmp_path / "champion") as client:
        assert client.get("/healthz").status_code == 200
        answer = client.get("/readyz")
    assert answer.status_code == 503
    assert "does not load" in answer.json()["detail"]
