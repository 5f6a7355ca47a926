"""Scores over HTTP are those of the history, with a real model."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pandas as pd
import pytest

from api.schemas import ScoreRequest
from features.as_of import known_as_of
from features.history.history import History
from features.history.live import live_request, request_body
from features.history.simulated import simulate
from features.instants import micros
from features.snapshots import build_snapshots
from models.artifact import read_artifact, write_artifact
from scoring.score import score_opportunities
from tests.services import KEY, service
from training.grid import open_at
from training.pipeline import train

CUTOFF = pd.Timestamp("2025-07-01", tz="UTC")
HORIZONS = [1.0, 14.0, 30.0, 90.5, 365.0]


@dataclass(frozen=True)
class World:
    known: History
    folder: Path
    open: pd.DataFrame


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """A history as known at a cutoff, a model trained on it, and the opportunities then open."""
    history = simulate(600, seed=3)
    folder = tmp_path_factory.mktemp("champion") / "model"
    write_artifact(train(history, CUTOFF, seed=0, most=4_000).artifact, folder)
    known = known_as_of(history, CUTOFF)
    return World(known, folder, open_at(known, micros(pd.Index([CUTOFF]))))


@pytest.fixture(scope="module")
def client(world: World) -> Iterator[httpx.Client]:
    with service(world.folder, CUTOFF) as client:
        yield client


def test_scores_over_http_equal_those_of_the_history_exactly(world: World, client: httpx.Client) -> None:
    artifact = read_artifact(world.folder)
    expected = score_opportunities(world.known, world.open, artifact, horizons=HORIZONS, past=artifact.past)
    ids = world.open["opportunity_id"].tolist()
    body = request_body(world.known, ids, CUTOFF, artifact.catalogue) | {"horizons_days": HORIZONS}
    answer = client.post("/v1/scores", json=body)
    assert answer.status_code == 200, answer.text
    scores = answer.json()["scores"]
    assert len(scores) == len(expected) > 60
    for got, score in zip(scores, expected, strict=True):
        assert got["opportunity_id"] == score.opportunity_id
        assert got["win_probability"] == score.win_probability
        assert [(h["days"], h["win_probability"], h["loss_probability"]) for h in got["horizons"]] == [
            (h.days, h.win_probability, h.loss_probability) for h in score.horizons
        ]
        assert pd.Timestamp(got["expected_close"]) == score.expected_close
        assert got["class"]["key"] == score.opportunity_class
        assert [e["code"] for e in got["class"]["evidence"]] == [e.code for e in score.evidence]
        assert (got["man"]["code"], got["status"]) == (score.man.code, "ok")
        assert got["fixed_weight_probability"] == score.fixed_weight_probability
        assert (got["context_as_of"], got["notes"]) == ("2025-07-01T00:00:00Z", [])
    assert len({score.win_probability for score in expected}) > 50
    assert len({score.opportunity_class for score in expected}) > 1


def test_an_opportunity_alone_scores_as_in_a_batch(world: World, client: httpx.Client) -> None:
    ids = world.open["opportunity_id"].tolist()[:5]
    together = client.post("/v1/scores", json=request_body(world.known, ids, CUTOFF)).json()["scores"]
    alone = [client.post("/v1/scores", json=request_body(world.known, [i], CUTOFF)).json()["scores"][0] for i in ids]
    assert together == alone


def test_snapshots_of_a_request_equal_those_of_the_history_in_every_feature(world: World) -> None:
    artifact = read_artifact(world.folder)
    expected = build_snapshots(world.known, world.open, artifact.catalogue, artifact.past)
    body = request_body(world.known, world.open["opportunity_id"].tolist(), CUTOFF, artifact.catalogue)
    live = live_request(_with_instants(body["opportunities"]), CUTOFF, artifact.processes, artifact.catalogue)
    assert len(live.groups) == 1
    got = build_snapshots(live.groups[0].history, world.open, artifact.catalogue, artifact.past)
    pd.testing.assert_frame_equal(got, expected, check_exact=True)


def test_activities_of_the_account_are_sent_with_its_opportunities(world: World) -> None:
    shared = world.known.activities[world.known.activities["opportunity_id"].isna()]
    body = request_body(world.known, world.open["opportunity_id"].tolist(), CUTOFF)
    sent = {activity["activity_id"] for opportunity in body["opportunities"] for activity in opportunity["activities"]}
    assert sent & set(shared["activity_id"])


def test_what_is_not_sent_is_missing_and_an_empty_list_is_not(world: World, client: httpx.Client) -> None:
    body = request_body(world.known, world.open["opportunity_id"].tolist()[:1], CUTOFF)
    full = body["opportunities"][0]
    nothing = full | {"opportunity_id": "empty", "activities": []}
    absent = {k: v for k, v in full.items() if k != "activities"} | {"opportunity_id": "absent"}
    null = absent | {"opportunity_id": "null", "activities": None}
    answer = client.post("/v1/scores", json=body | {"opportunities": [full, nothing, absent, null]}).json()
    probability = {score["opportunity_id"]: score["win_probability"] for score in answer["scores"]}
    assert [score["opportunity_id"] for score in answer["scores"]] == [
        full["opportunity_id"],
        "empty",
        "absent",
        "null",
    ]
    assert probability["absent"] == probability["null"] != probability["empty"]


def test_the_champion_says_what_it_is_and_that_its_data_are_simulated(world: World, client: httpx.Client) -> None:
    answer = client.get("/v1/models/champion").json()
    artifact = read_artifact(world.folder)
    assert answer["version"] == artifact.version
    assert answer["origin"] == answer["training"]["origin"] == "simulated"
    assert answer["context_as_of"] == "2025-07-01T00:00:00Z"
    assert answer["features"] == len(artifact.catalogue.features)
    assert sum(answer["blend_weights"].values()) == pytest.approx(1, abs=1e-4)
    assert answer["attributes"] == {"fit_score": "numeric", "segment": "category"}
    assert [stage["fixed_weight"] for stage in answer["processes"][0]["stages"]] == [0.25, 0.25, 0.5, 0.5, 0.75, 1, 0]
    assert answer["classification"]["recent_days"] == artifact.classification["recent_days"]


def test_an_owner_nobody_has_seen_is_answered_for(world: World, client: httpx.Client) -> None:
    body = request_body(world.known, world.open["opportunity_id"].tolist()[:1], CUTOFF)
    stranger = body["opportunities"][0] | {"owner_id": "a stranger", "account_id": "new"}
    stranger["field_history"] = [e for e in stranger["field_history"] if e["field"] != "owner"]
    answer = client.post("/v1/scores", json=body | {"opportunities": [stranger]})
    assert 0 < answer.json()["scores"][0]["win_probability"] < 1


_BLOCKED = ("mlflow", "matplotlib", "sklearn", "threadpoolctl", "training")

_PROGRAM = f"""
import sys
for name in {_BLOCKED!r}:
    sys.modules[name] = None  # whoever imports it fails
import json, pathlib, threading, uvicorn
import pandas as pd
from api.app import create_app
app = create_app(
    pathlib.Path(sys.argv[1]), api_keys=[{KEY!r}], authenticate=True, clock=lambda: pd.Timestamp({str(CUTOFF)!r})
)
server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning"))
def say():
    while not server.started: threading.Event().wait(0.01)
    print(server.servers[0].sockets[0].getsockname()[1], flush=True)
threading.Thread(target=say, daemon=True).start()
server.run()
"""


def test_a_process_of_its_own_serves_without_the_libraries_of_training(world: World) -> None:
    program = [sys.executable, "-c", _PROGRAM, str(world.folder)]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])}
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True, env=environment) as process:
        try:
            assert process.stdout is not None
            port = int(process.stdout.readline())
            body = request_body(world.known, world.open["opportunity_id"].tolist()[:1], CUTOFF)
            url, header = f"http://127.0.0.1:{port}", {"X-API-Key": KEY}
            assert httpx.get(f"{url}/readyz").json()["status"] == "ready"
            answer = httpx.post(f"{url}/v1/scores", json=body, headers=header, timeout=60)
            assert answer.json()["scores"][0]["status"] == "ok"
        finally:
            process.terminate()


def _with_instants(opportunities: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Read the body as the door reads it."""
    asked = ScoreRequest.model_validate_json(json.dumps({"opportunities": opportunities}))
    return [opportunity.model_dump() for opportunity in asked.opportunities]
