"""Compare the window engine with Polars and DuckDB: same task, side by side, in one run.

The task: for each snapshot and each of five kinds, count and sum the known events in four
windows (7, 30, 90 days, ever) and find the last one: 45 aggregates. Each engine starts
from its own tables in memory and ends with its own result in memory, so that grouping,
joining and sorting are timed. Each runs in a process of its own; memory is the peak of
resident memory above what it was with the inputs loaded. All results must be equal, on
every snapshot, before a figure is shown.

    python benchmarks/windows_bench.py [--quick] [--shuffled] [--events N] [--snapshots N]

Events come in the order in which they were recorded, as a log does, and snapshots
opportunity by opportunity; ``--shuffled`` puts both into random order.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

DAY = 86_400_000_000
WINDOWS = (7 * DAY, 30 * DAY, 90 * DAY)
KINDS = 5
ENGINES = ("dealodds", "polars", "duckdb")
RESULTS = Path(__file__).parent / "results"

Arrays = dict[str, npt.NDArray[np.int64]]
Run = Callable[[], Any]
Dense = Callable[[Any], list[npt.NDArray[np.int64]]]


def simulate(folder: Path, events: int, snapshots: int, shuffled: bool) -> None:
    draw = np.random.default_rng(20260101)
    keys = max(1, snapshots // 6)
    occurred = draw.integers(0, 730 * DAY, events)
    late = np.where(draw.random(events) < 0.12, draw.exponential(4 * DAY, events).astype(np.int64), 0)
    key, as_of = draw.integers(0, keys, snapshots), draw.integers(0, 730 * DAY, snapshots)
    by_record = np.arange(events) if shuffled else np.argsort(occurred + late)
    by_key = np.arange(snapshots) if shuffled else np.lexsort((as_of, key))
    columns = {
        "event_key": draw.integers(0, keys, events)[by_record],
        "occurred": occurred[by_record],
        "recorded": (occurred + late)[by_record],
        "kind": draw.integers(0, KINDS, events),
        "value": draw.integers(0, 600, events),
        "key": key[by_key],
        "as_of": as_of[by_key],
    }
    for name, values in columns.items():
        np.save(folder / f"{name}.npy", values)


def dealodds(data: Arrays) -> tuple[Run, Dense]:
    from features import windows

    windows.compile_kernels()

    def run() -> windows.WindowAggregates:
        events = windows.group_events(
            data["event_key"],
            data["occurred"],
            data["recorded"],
            n_groups=max(1, len(data["key"]) // 6),
            kind=data["kind"],
            value=data["value"],
        )
        widths = [*WINDOWS, windows.EVER]
        return windows.window_aggregates(events, data["key"], data["as_of"], n_kinds=KINDS, windows=widths)

    def dense(found: windows.WindowAggregates) -> list[npt.NDArray[np.int64]]:
        columns = [found.count[:, :, w] for w in range(4)] + [found.total[:, :, w] for w in range(4)]
        return [*columns, np.where(found.last == windows.NEVER, 0, found.last)]

    return run, dense


def polars(data: Arrays) -> tuple[Run, Dense]:
    import polars as pl

    events = pl.DataFrame(
        {"key": data["event_key"]} | {name: data[name] for name in ("occurred", "recorded", "kind", "value")}
    )
    snapshots = pl.DataFrame({"snapshot": np.arange(len(data["key"])), "key": data["key"], "as_of": data["as_of"]})
    age, value = pl.col("as_of") - pl.col("occurred"), pl.col("value")
    known = (pl.col("recorded") <= pl.col("as_of")) & (age >= 0)

    def run() -> pl.DataFrame:
        counts = [(age < width).sum().alias(f"count_{width}") for width in WINDOWS]
        sums = [(value * (age < width)).sum().alias(f"sum_{width}") for width in WINDOWS]
        last = [value.sum().alias("sum"), pl.col("occurred").max().alias("last")]
        joined = snapshots.lazy().join(events.lazy(), on="key").filter(known)
        grouped = joined.group_by("snapshot", "kind").agg(*counts, pl.len().alias("count"), *sums, *last)
        return grouped.collect(engine="streaming")

    return run, lambda found: _dense(len(snapshots), [found[name].to_numpy() for name in found.columns])


def duckdb(data: Arrays) -> tuple[Run, Dense]:
    import duckdb as db

    connection = db.connect()
    connection.execute("set preserve_insertion_order = false")
    events = {"key": data["event_key"]} | {name: data[name] for name in ("occurred", "recorded", "kind", "value")}
    snapshots = {"snapshot": np.arange(len(data["key"])), "key": data["key"], "as_of": data["as_of"]}
    connection.register("events_in", events)
    connection.register("snapshots_in", snapshots)
    connection.execute("create table events as select * from events_in")
    connection.execute("create table snapshots as select * from snapshots_in")
    counts = [f"count(*) filter (as_of - occurred < {width}) as count_{width}" for width in WINDOWS]
    sums = [f"(sum(value) filter (as_of - occurred < {width}))::bigint as sum_{width}" for width in WINDOWS]
    every = [*counts, "count(*) as count", *sums, "sum(value)::bigint as sum", "max(occurred) as last"]
    query = f"""
        create or replace temp table found as select snapshot, kind, {", ".join(every)}
        from snapshots join events using (key) where recorded <= as_of and occurred <= as_of
        group by snapshot, kind"""

    def dense(_: Any) -> list[npt.NDArray[np.int64]]:
        columns = connection.execute("select * from found").fetchnumpy()
        return _dense(len(data["key"]), [np.ma.filled(column, 0) for column in columns.values()])

    return lambda: connection.execute(query), dense


def _dense(snapshots: int, columns: list[npt.NDArray[Any]]) -> list[npt.NDArray[np.int64]]:
    result = []
    for column in columns[2:]:
        full = np.zeros((snapshots, KINDS), np.int64)
        full[columns[0], columns[1]] = column
        result.append(full)
    return result


def _resident(field: str) -> int:
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return 1024 * next(int(line.split()[1]) for line in status.splitlines() if line.startswith(field))


def measure(engine: str, folder: Path, repeats: int) -> dict[str, Any]:
    data = {file.stem: np.load(file) for file in sorted(folder.glob("*.npy"))}
    run, dense = globals()[engine](data)
    if engine != "dealodds":
        data.update({name: data[name][:0] for name in ("event_key", "occurred", "recorded", "kind", "value", "as_of")})
    Path("/proc/self/clear_refs").write_text("5", encoding="utf-8")  # the peak starts anew from here
    before, seconds, found = _resident("VmRSS"), [], None
    for _ in range(repeats):
        found = None
        start = time.perf_counter()
        found = run()
        seconds.append(time.perf_counter() - start)
    peak = _resident("VmHWM") - before
    digest = hashlib.sha256()
    for values in dense(found):
        digest.update(np.ascontiguousarray(values, dtype=np.int64).tobytes())
    return {"engine": engine, "seconds": seconds, "peak_bytes": peak, "sha256": digest.hexdigest()}


def compare(arguments: argparse.Namespace) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        simulate(Path(folder), arguments.events, arguments.snapshots, arguments.shuffled)
        rows = [_in_own_process(engine, folder, arguments.repeats) for engine in ENGINES]
    if len({row.pop("sha256") for row in rows}) != 1:
        sys.exit("the engines do not agree: no figures")
    for row in rows:
        row["median_seconds"] = statistics.median(row["seconds"])
    ours, others = rows[0], rows[1:]
    return {
        "events": arguments.events,
        "snapshots": arguments.snapshots,
        "order": "shuffled" if arguments.shuffled else "events by record, snapshots by opportunity",
        "processors": len(os.sched_getaffinity(0)),
        "engines": rows,
        "times_as_fast_as_the_fastest_other": min(r["median_seconds"] for r in others) / ours["median_seconds"],
        "memory_share_of_polars": ours["peak_bytes"] / rows[1]["peak_bytes"],
    }


def _in_own_process(engine: str, folder: str, repeats: int) -> dict[str, Any]:
    command = [sys.executable, __file__, "--engine", engine, "--folder", folder, "--repeats", str(repeats)]
    paths = os.pathsep.join([str(Path(__file__).parent.parent), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(command, env=os.environ | {"PYTHONPATH": paths}, stdout=subprocess.PIPE, check=True)
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def show(result: dict[str, Any]) -> None:
    print(f"{result['events']:,} events x {result['snapshots']:,} snapshots x 45 aggregates, {result['order']}")
    print(f"results equal; {result['processors']} processors")
    print(f"{'engine':<10}{'median s':>10}{'fastest s':>11}{'peak MB':>9}")
    for row in result["engines"]:
        times = f"{row['median_seconds']:>10.2f}{min(row['seconds']):>11.2f}"
        print(f"{row['engine']:<10}{times}{row['peak_bytes'] / 1e6:>9.0f}")
    print(f"{result['times_as_fast_as_the_fastest_other']:.1f} times as fast as the fastest other,")
    print(f"{result['memory_share_of_polars']:.2f} of the memory of Polars")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--snapshots", type=int, default=3_000_000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="a twentieth of the size")
    parser.add_argument("--shuffled", action="store_true", help="rows in random order")
    parser.add_argument("--engine", choices=ENGINES, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.engine:
        print(json.dumps(measure(arguments.engine, arguments.folder, arguments.repeats)))
        return
    if arguments.quick:
        arguments.events, arguments.snapshots = arguments.events // 20, arguments.snapshots // 20
    result = compare(arguments)
    RESULTS.mkdir(exist_ok=True)
    file = RESULTS / ("windows_shuffled.json" if arguments.shuffled else "windows.json")
    file.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    show(result)


if __name__ == "__main__":
    main()
