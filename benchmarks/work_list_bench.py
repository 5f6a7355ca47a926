"""The work list of 10,000 open opportunities: how long a page takes at the client, and how long the list takes to make.

    python benchmarks/work_list_bench.py [--model FOLDER] [--database URL]

1. 10,000 open opportunities with 14 events each are written into a database, SQLite unless another is named.
2. The full list is built, timed on the wall and by the processor's time, then a batch of events to 100 of
   them is followed.
3. The service runs as a process of its own, one worker, and pages of 50 are read over loopback, each way of
   asking 200 times, in turn: median and 99th percentile in milliseconds at the client.

Written to ``results/work_list.json``.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pandas as pd

sys.path.insert(0, str(Path(__file__).parents[1]))

from api.background.part import Models
from api.background.refresher import Refresher
from api.champion import load_champion
from features.history.database.engine import Database
from features.history.database.writes import append_events, put_opportunity
from tests.databases import free_port, upgraded

RESULTS = Path(__file__).parent / "results" / "work_list.json"
OPPORTUNITIES, READS, PAGE, PATIENCE = 10_000, 200, 50, 60.0
NOW = pd.Timestamp("2026-06-01T12:00:00Z")
KINDS = ("call", "meeting", "email_sent", "email_opened", "site_visit")
STAGES = ("identified", "contacted", "needs_confirmed", "proposal", "negotiation")
WAYS = {
    "by expected value": {},
    "of one owner": {"owner": "u7"},
    "of one team, above 1 %": {"team": "t3", "min_probability": 0.01, "sort": "-probability"},
    "by expected close": {"sort": "expected_close"},
}
SERVICE = """
import sys, uvicorn, pathlib
from api.app import create_app
from features.history.database.engine import Database
folder, url, port = sys.argv[1:]
app = create_app(pathlib.Path(folder) if folder else None, api_keys=[], authenticate=False, database=Database(url))
uvicorn.run(app, port=int(port), log_level="warning")
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, help="folder of a trained model; version 0 if not given")
    parser.add_argument("--database", help="URL of an empty database; SQLite in a temporary folder if not given")
    asked = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="dealodds-lists-"))
    url = asked.database or f"sqlite:///{folder}/deals.db"
    with upgraded(url) as database:
        fill(database)
        found: dict[str, Any] = {
            "opportunities": OPPORTUNITIES,
            "database": "sqlite" if database.is_sqlite else "postgresql",
        }
        found |= refreshing(database, asked.model)
    with serving(asked.model, url) as client:
        found["milliseconds"] = reading(client)
    shutil.rmtree(folder)
    RESULTS.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(found, indent=1))


def fill(database: Database) -> None:
    """Write the opportunities, a thousand in a commit."""
    for start in range(0, OPPORTUNITIES, 1000):
        places = range(start, start + 1000)
        with database.writing("benchmark", "opportunities", lambda: NOW - pd.Timedelta(days=120)) as writing:
            for place in places:
                body = {
                    "created_at": at(120 + place % 60),
                    "owner_id": f"u{place % 200}",
                    "account_id": f"a{place // 2}",
                }
                put_opportunity(writing, f"o{place}", body | {"team": f"t{place % 12}", "currency": "EUR"})
        with database.writing("benchmark", "events", lambda: NOW) as writing:
            append_events(writing, [event for place in places for event in events(place)])


def events(place: int) -> Iterator[dict[str, Any]]:
    """Stages, an amount and activities of one opportunity; a tenth of them has no amount."""
    of_it = {"opportunity_id": f"o{place}"}
    for step in range(1 + place % len(STAGES)):
        what = {"type": "stage_change", "event_id": f"s{place}-{step}", "stage": STAGES[step]}
        yield of_it | what | {"occurred_at": at(50 - 10 * step)}
    if place % 10:
        amount = {
            "type": "field_change",
            "event_id": f"f{place}",
            "field": "amount",
            "value": 1000 + place * 7919 % 90_000,
        }
        yield of_it | amount | {"occurred_at": at(49)}
    for number in range(10):
        kind = KINDS[(place + number) % len(KINDS)]
        what = {"type": "activity", "event_id": f"a{place}-{number}", "kind": kind}
        yield of_it | what | {"occurred_at": at(40 - 3 * number - place % 10)}


def at(days_ago: float) -> Any:
    """An instant some days ago."""
    return (NOW - pd.Timedelta(days=days_ago)).to_pydatetime()


def refreshing(database: Database, model: Path | None) -> dict[str, float]:
    """Seconds to build the list, and to follow a batch of events to 100 opportunities."""
    models = Models(load_champion(model))
    refresher = Refresher(database, lambda: models, lambda: NOW)
    before = time.process_time()
    build = timed(refresher.refresh, "built")
    of_processor = time.process_time() - before
    with database.writing("benchmark", "events", lambda: NOW) as writing:
        told = [
            {"type": "activity", "event_id": f"n{n}", "opportunity_id": f"o{n * 97}", "kind": "call"}
            for n in range(100)
        ]
        append_events(writing, told)
    follow = timed(refresher.refresh, "followed")
    refresher.give_up()
    return {
        "build_seconds": round(build, 1),
        "build_processor_seconds": round(of_processor, 1),
        "follow_100_seconds": round(follow, 2),
    }


def timed(step: Any, wanted: str) -> float:
    """Seconds that a step takes."""
    start = time.perf_counter()
    done = step()
    if done != wanted:
        raise RuntimeError(f"{done}, not {wanted}")
    return time.perf_counter() - start


@contextmanager
def serving(model: Path | None, url: str) -> Iterator[httpx.Client]:
    """Run the service as a process."""
    port = free_port()
    process = subprocess.Popen([sys.executable, "-c", SERVICE, str(model or ""), url, str(port)])
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE) as client:
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            try:
                if client.get("/readyz").status_code == 200:
                    break
            except httpx.TransportError:
                time.sleep(0.05)
        try:
            yield client
        finally:
            process.terminate()
            process.wait(PATIENCE)


def reading(client: httpx.Client) -> dict[str, dict[str, float]]:
    """Milliseconds of a page of 50 for each way of asking, and of the pages of a walk through the list."""
    took: dict[str, list[float]] = {name: [] for name in WAYS} | {"the next page": []}
    cursor = None
    for _ in range(READS):
        for name, asked in WAYS.items():
            took[name].append(page(client, asked)[0])
        seconds, cursor = page(client, {"cursor": cursor} if cursor else {})
        took["the next page"].append(seconds)
    return {name: percentiles(each) for name, each in took.items()}


def page(client: httpx.Client, asked: dict[str, Any]) -> tuple[float, str | None]:
    """Read one page; return the seconds, and the cursor of the next."""
    start = time.perf_counter()
    answer = client.get("/v1/opportunities", params=asked | {"limit": PAGE})
    seconds = time.perf_counter() - start
    answer.raise_for_status()
    if len(answer.json()["opportunities"]) != PAGE:
        raise RuntimeError(f"{len(answer.json()['opportunities'])} rows")
    return seconds, answer.json()["next_cursor"]


def percentiles(took: list[float]) -> dict[str, float]:
    """Median and 99th percentile in milliseconds."""
    in_order = sorted(took)
    return {
        "p50": round(1000 * statistics.median(in_order), 1),
        "p99": round(1000 * in_order[int(0.99 * len(in_order))], 1),
    }


if __name__ == "__main__":
    main()
