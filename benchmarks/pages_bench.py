"""The pages over 50,000 open opportunities: milliseconds at the server, which must stay below 300.

    python benchmarks/pages_bench.py

A list of 50,000 rows is written into an SQLite database, and the pages are read 40 times each over loopback
from a service in a thread of this process, in turn. One of the opportunities has a history of its own, and
is opened and explained; the model is version 0. Written to ``results/pages.json``.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

import httpx
from sqlalchemy import insert, select

sys.path.insert(0, str(Path(__file__).parents[1]))

from api.store.tables import LISTED
from tests.databases import upgraded
from tests.pipelines import Pipeline
from tests.services import live_service

RESULTS = Path(__file__).parent / "results" / "pages.json"
ROWS, READS, AT_ONCE = 50_000, 40, 5_000
PAGES = {
    "pipeline": "/pipeline",
    "pipeline, one owner": "/pipeline?owner=u7",
    "pipeline, class and stage by close": "/pipeline?class=active&stage=proposal&sort=expected_close",
    "pipeline, least probability by amount": "/pipeline?min_probability=0.5&sort=-amount",
    "classes": "/classes",
    "opportunity": "/opportunities/a",
    "reasons": "/opportunities/a/reasons",
    "hidden accounts": "/hidden-accounts",
    "model": "/model",
}


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, upgraded(f"sqlite:///{folder}/deals.db") as database:
        pipeline = Pipeline(database)
        pipeline.open("a", "proposal", 1000.0, currency="EUR", owner_id="u1", team="t1", product="p1")
        pipeline.refresher().refresh()
        fill(pipeline)
        with live_service(database, clock=pipeline.now) as client:
            client.headers["Accept"] = "text/html"
            found = {name: reading(client, path) for name, path in PAGES.items()}
            start = time.perf_counter()
            lines = client.get("/pipeline.csv").text.count("\n")
            found["all rows as CSV, seconds"] = {"lines": lines, "s": round(time.perf_counter() - start, 1)}
    RESULTS.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(found, indent=1))


def fill(pipeline: Pipeline) -> None:
    """Copy the one row of the list, each copy a little different."""
    stages = ("identified", "contacted", "needs_confirmed", "proposal", "negotiation")
    with pipeline.database.changing() as connection:
        row = dict(connection.execute(select(LISTED)).mappings().one())
        for start in range(0, ROWS, AT_ONCE):
            places = range(start, start + AT_ONCE)
            connection.execute(
                insert(LISTED),
                [
                    row
                    | {
                        "opportunity_id": f"x{n:06d}",
                        "probability": (n * 7919 % 1000) / 1000,
                        "expected_value": float(n * 104_729 % 100_000),
                        "amount": float(n * 15_485_863 % 100_000),
                        "stage": stages[n % 5],
                        "owner_id": f"u{n % 200}",
                        "team": f"t{n % 12}",
                        "product": f"p{n % 30}",
                        "opportunity_class": ("active", "potential", "hidden")[n % 3],
                        "expected_close": None if n % 10 == 0 else row["as_of"] + n * 1_000_000,
                    }
                    for n in places
                ],
            )


def reading(client: httpx.Client, path: str) -> dict[str, float]:
    """Milliseconds of a page: median, the slowest, and kilobytes."""
    took = []
    for _ in range(READS):
        start = time.perf_counter()
        answer = client.get(path)
        took.append(1000 * (time.perf_counter() - start))
        answer.raise_for_status()
    return {
        "p50": round(statistics.median(took), 1),
        "max": round(max(took), 1),
        "kB": round(len(answer.content) / 1024),
    }


if __name__ == "__main__":
    main()
