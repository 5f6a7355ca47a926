"""The live service under load, from another process, over loopback: one worker and SQLite unless told otherwise.

    python benchmarks/live_load.py [--minutes 10] [--model FOLDER]

1. Ingestion: events a second in batches of 1,000, one sender.
2. Fresh scores: one opportunity with 200 events, reasons included; a new event is pushed before each read,
   so nothing can have been kept. Median and 99th percentile at the client.
3. Peak: requests a second of a mix of 80 % writes (one event each) and 20 % reads of scores, by 8 senders.
4. Ten minutes of that mix at 70 % of the peak, sent on schedule: errors, latencies counted from when a
   request was due, and the memory of the service every 10 seconds, after a minute to warm up.

Written to ``results/live_load.json``.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import psutil

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.databases import upgraded
from tests.live_process import LiveProcess, live_process

RESULTS = Path(__file__).parent / "results" / "live_load.json"
SENDERS, OPPORTUNITIES, READS = 8, 500, 0.2
FRESH = 20
"""Opportunities with 200 events, give or take ten: the first ones; events of the other parts are of the rest."""
LINES = {"Content-Type": "application/x-ndjson"}
KINDS = ("email_opened", "email_replied", "site_visit", "meeting", "call")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--model", help="folder of a trained model; version 0 if not given")
    asked = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="dealodds-load-"))
    url = f"sqlite:///{folder}/deals.db"
    with upgraded(url):
        pass
    options = ["--model", asked.model] if asked.model else []
    with live_process(folder, url, *options) as service:
        load = Load(service)
        load.prepare()
        found: dict[str, Any] = {"ingestion": load.ingestion(), "fresh_score": load.fresh_scores()}
        peak = load.peak(20)
        found |= {"peak_per_second": round(peak), "sustained": load.sustained(0.7 * peak, 60 * asked.minutes)}
    shutil.rmtree(folder)
    RESULTS.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(found, indent=1))


class Load:
    """Senders of events and readers of scores."""

    def __init__(self, service: LiveProcess) -> None:
        self.service, self.client = service, service.client
        self.lock, self.place = threading.Lock(), 0

    def event(self, opportunity: int | None = None) -> dict[str, Any]:
        """One new activity."""
        with self.lock:
            self.place += 1
            place = self.place
        name = f"o{place % OPPORTUNITIES if opportunity is None else opportunity}"
        day = f"2026-0{1 + place % 8}-{1 + place % 28:02d}T08:00:00Z"
        kind = KINDS[place % len(KINDS)]
        what = {"type": "activity", "event_id": f"e{place}", "opportunity_id": name, "kind": kind, "occurred_at": day}
        return what | {"direction": "inbound"} if place % 3 else what

    def prepare(self) -> None:
        """Opportunities, everything collected, and 200 events of the first."""
        for kind in KINDS:
            self.client.put(f"/v1/collection/{kind}", json={"since": None}).raise_for_status()
        for place in range(OPPORTUNITIES):
            body = {
                "created_at": "2026-01-01T08:00:00Z",
                "stage": "proposal",
                "amount": 25000,
                "account_id": f"a{place}",
            }
            self.client.put(f"/v1/opportunities/o{place}", json=body).raise_for_status()
        for opportunity in range(FRESH):
            self.send([self.event(opportunity) for _ in range(190)])

    def send(self, events: list[dict[str, Any]], client: httpx.Client | None = None) -> None:
        """Push events as lines."""
        answer = (client or self.client).post("/v1/events", content="\n".join(map(json.dumps, events)), headers=LINES)
        if answer.status_code != 201:
            raise RuntimeError(answer.text)

    def ingestion(self, batches: int = 30) -> dict[str, float]:
        """Events a second, in batches of 1,000."""
        took = []
        for _ in range(batches):
            events = [self.event(FRESH + place % (OPPORTUNITIES - FRESH)) for place in range(1000)]
            took.append(_timed(lambda events=events: self.send(events)))  # type: ignore[misc]
        return {"batches": batches, "events_per_second_median": round(1000 / statistics.median(took))}

    def fresh_scores(self, reads: int = 300) -> dict[str, float]:
        """Milliseconds of a score with reasons, after a new event each time; the last without a write between."""
        fresh, again = [], []
        for place in range(reads):
            opportunity = place % FRESH
            self.send([self.event(opportunity)])
            fresh.append(_timed(lambda asked=opportunity: self.read(opportunity=asked)))  # type: ignore[misc]
            again.append(_timed(lambda asked=opportunity: self.read(opportunity=asked)))  # type: ignore[misc]
        return {f"{name}_{key}": value for name, took in (("fresh", fresh), ("again", again))
                for key, value in _percentiles(took).items()}  # fmt: skip

    def read(self, client: httpx.Client | None = None, opportunity: int = 0) -> None:
        """Read one score with reasons."""
        (client or self.client).get(f"/v1/opportunities/o{opportunity}/score").raise_for_status()

    def one(self, client: httpx.Client, drawn: random.Random) -> None:
        """One request of the mix."""
        if drawn.random() < READS:
            self.read(client, drawn.randrange(FRESH, OPPORTUNITIES))
        else:
            self.send([self.event(drawn.randrange(FRESH, OPPORTUNITIES))], client)

    def peak(self, seconds: float) -> float:
        """Requests a second that 8 senders get through when each sends as fast as it can."""
        counts, until = [0] * SENDERS, time.monotonic() + seconds

        def work(place: int, client: httpx.Client) -> None:
            drawn = random.Random(place)
            while time.monotonic() < until:
                self.one(client, drawn)
                counts[place] += 1

        self._run(work)
        return sum(counts) / seconds

    def sustained(self, rate: float, seconds: float) -> dict[str, Any]:
        """The mix on schedule; a request that had to wait for its sender counts from when it was due."""
        took: list[list[float]] = [[] for _ in range(SENDERS)]
        errors = [0] * SENDERS
        start, memory = time.monotonic(), _Memory(self.service.process.pid)

        def work(place: int, client: httpx.Client) -> None:
            drawn, step = random.Random(100 + place), SENDERS / rate
            due = start + step * place / SENDERS
            while due < start + seconds:
                time.sleep(max(0.0, due - time.monotonic()))
                try:
                    self.one(client, drawn)
                except (httpx.HTTPError, RuntimeError):
                    errors[place] += 1
                took[place].append(time.monotonic() - due)
                due += step

        with memory:
            self._run(work)
        everything = [one for part in took for one in part]
        return {
            "rate_per_second": round(rate),
            "requests": len(everything),
            "errors": sum(errors),
            **_percentiles(everything),
            **memory.summary(),
        }

    def _run(self, work: Callable[[int, httpx.Client], None]) -> None:
        clients = [
            httpx.Client(base_url=self.client.base_url, headers=self.client.headers, timeout=30) for _ in range(SENDERS)
        ]
        threads = [threading.Thread(target=work, args=(place, client)) for place, client in enumerate(clients)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for client in clients:
            client.close()


class _Memory:
    """Resident memory of the service, every 10 seconds."""

    def __init__(self, pid: int) -> None:
        self.process, self.seen, self.done = psutil.Process(pid), [], threading.Event()
        self.thread = threading.Thread(target=self._watch)

    def _watch(self) -> None:
        while not self.done.wait(10):
            self.seen.append(self.process.memory_info().rss / 2**20)

    def __enter__(self) -> None:
        self.thread.start()

    def __exit__(self, *_: object) -> None:
        self.done.set()
        self.thread.join()

    def summary(self) -> dict[str, Any]:
        """Megabytes after the first minute, and by how much the last minute is above it."""
        warm = self.seen[6:] or self.seen
        if not warm:
            return {}
        first, last = statistics.mean(warm[:6]), statistics.mean(warm[-6:])
        return {
            "memory_mb": [round(one, 1) for one in warm],
            "memory_growth_percent": round(100 * (last / first - 1), 2),
        }


def _timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _percentiles(seconds: list[float]) -> dict[str, float]:
    ordered = sorted(1000 * one for one in seconds)
    return {f"p{p}_ms": round(ordered[min(len(ordered) - 1, len(ordered) * p // 100)], 2) for p in (50, 95, 99)}


if __name__ == "__main__":
    main()
