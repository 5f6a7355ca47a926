"""What one live score costs: by part within the process, and over HTTP on loopback.

One open opportunity of a simulated history with 200 events, reasons included. Other programs
take time from this one: the load average is kept with the figures, and two sorts of time are
given, that of the clock on the wall and that of the processor alone.

Run: ``python benchmarks/live_score_bench.py --opportunities 1200 --times 500``
"""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).parents[1]))

from api.champion import score_live
from api.routes.scores import score_answer
from api.schemas import ScoreRequest
from features.as_of import known_as_of
from features.history.live import live_request, request_body
from features.history.simulated import simulate
from features.instants import micros, micros_of
from features.newest_record import newest_records
from features.snapshots import snapshots_of
from features.view import View
from models.artifact import Artifact, read_artifact, write_artifact
from scoring.reasons import explainer_of
from scoring.score import HORIZONS, answer_of, need_probability
from training.grid import open_at
from training.pipeline import train

CUTOFF = pd.Timestamp("2025-07-01", tz="UTC")
EVENTS = 200
KEY = "a-key-of-the-benchmark"
RESULTS = Path(__file__).parent / "results" / "live_score.json"
_TABLES = ("activities", "field_history", "stage_history")
_SERVER = f"""
import pathlib, sys, threading, uvicorn
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

Clock = Callable[[], float]


def body_of(opportunity: dict[str, Any]) -> bytes:
    """The request about an opportunity, with activities repeated at other hours until it has 200 events."""
    activities = list(opportunity["activities"])
    missing = EVENTS - sum(len(opportunity[table]) for table in _TABLES)
    for place in range(missing):
        repeated = activities[place % len(activities)]
        earlier = pd.Timestamp(repeated["occurred_at"]) - pd.Timedelta(hours=1 + place % 40)
        event = repeated | {"activity_id": f"more-{place}", "occurred_at": earlier.isoformat()}
        opportunity["activities"].append({name: value for name, value in event.items() if name != "recorded_at"})
    return json.dumps({"as_of": CUTOFF.isoformat(), "opportunities": [opportunity]}).encode()


def prepared(opportunities: int, folder: Path) -> bytes:
    """Train on a simulated history, write the model, and give the request."""
    history = simulate(opportunities, seed=3)
    artifact = train(history, CUTOFF, seed=0, most=8_000).artifact
    write_artifact(artifact, folder)
    known = known_as_of(history, CUTOFF)
    ids = open_at(known, micros(pd.Index([CUTOFF])))["opportunity_id"].tolist()
    asked = request_body(known, ids, CUTOFF, artifact.catalogue)["opportunities"]
    return body_of(max(asked, key=lambda opportunity: sum(len(opportunity[table]) for table in _TABLES)))


def parts(artifact: Artifact, body: bytes, clock: Clock) -> dict[str, float]:
    """Seconds of each part of one score, one after the other as in a request."""
    taken: dict[str, float] = {}
    last = clock()

    def lap(name: str) -> None:
        nonlocal last
        now = clock()
        taken[name] = now - last
        last = clock()

    raw = ScoreRequest.model_validate_json(body).opportunities[0].plain()
    lap("reading and checking the body")
    live = live_request([raw], CUTOFF, artifact.processes, artifact.catalogue)
    lap("records")
    view = View(live.groups[0].history, np.arange(1), np.full(1, micros_of(CUTOFF)))
    snapshots = snapshots_of(view, artifact.catalogue, artifact.past)
    lap("features")
    answer, *_ = answer_of(view, artifact, snapshots, newest_records(view))
    need_probability(artifact.need, snapshots)
    lap("prediction, interval and need")
    found = artifact.win.attribute(snapshots, answer.win)
    lap("reasons")
    explainer_of(artifact).reasons(found, 0, float(answer.win[0]), snapshots.row(0))
    lap("words")
    (score, notes) = score_live(artifact, [raw], CUTOFF, HORIZONS, reasons=True)[0]
    lap("total: records to score")
    score_answer(score, notes, None, artifact).model_dump_json(by_alias=True)
    lap("writing the answer")
    return taken


def milliseconds(laps: list[dict[str, float]]) -> dict[str, dict[str, float]]:
    """Median and 95th percentile of each part."""
    return {name: _summary([lap[name] for lap in laps]) for name in laps[0]}


def _summary(seconds: list[float]) -> dict[str, float]:
    p50, p95 = (1000 * np.quantile(seconds, (0.5, 0.95))).tolist()
    return {"p50": round(p50, 3), "p95": round(p95, 3), "min": round(1000 * min(seconds), 3)}


def over_http(folder: Path, body: bytes, times: int) -> dict[str, dict[str, float]]:
    """Milliseconds at a client that keeps its connection, of a score and of the health check."""
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])}
    program = [sys.executable, "-c", _SERVER, str(folder)]
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True, env=environment) as server:
        try:
            assert server.stdout is not None
            client = http.client.HTTPConnection("127.0.0.1", int(server.stdout.readline()))
            client.connect()
            client.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            asked = {"POST /v1/scores": ("POST", "/v1/scores", body), "GET /healthz": ("GET", "/healthz", None)}
            return {name: _summary([_asked(client, *what) for _ in range(times)][10:]) for name, what in asked.items()}
        finally:
            server.terminate()


def _asked(client: http.client.HTTPConnection, method: str, path: str, body: bytes | None) -> float:
    start = time.perf_counter()
    client.request(method, path, body, {"Content-Type": "application/json", "X-API-Key": KEY})
    answer = client.getresponse()
    text = answer.read()
    taken = time.perf_counter() - start
    assert answer.status == 200, text
    return taken


@click.command()
@click.option("--opportunities", default=1200, help="Opportunities of the simulated history.")
@click.option("--times", default=500, help="Scores that are timed.")
def main(opportunities: int, times: int) -> None:
    """Print the figures and keep them."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "model"
        body = prepared(opportunities, folder)
        artifact = read_artifact(folder)
        for _ in range(20):
            parts(artifact, body, time.perf_counter)
        load = os.getloadavg()[0]
        found = {
            "origin": "simulated",
            "events": EVENTS,
            "bytes": len(body),
            "load_average": round(load, 2),
            "processors": os.cpu_count(),
            "in_process_wall": milliseconds([parts(artifact, body, time.perf_counter) for _ in range(times)]),
            "in_process_processor": milliseconds([parts(artifact, body, time.thread_time) for _ in range(times)]),
            "over_http_wall": over_http(folder, body, times),
        }
    RESULTS.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    click.echo(f"simulated, {EVENTS} events, {len(body):,} bytes, load average {load:.1f}; milliseconds")
    for sort in ("in_process_wall", "in_process_processor", "over_http_wall"):
        click.echo(sort.replace("_", " "))
        for name, times_of in found[sort].items():  # type: ignore[attr-defined]
            click.echo(f"  {name}: {', '.join(f'{key} {value:.3f}' for key, value in times_of.items())}")


if __name__ == "__main__":
    main()
