"""Kill the service at fifty random moments while it takes in events, on SQLite and on PostgreSQL.

    python benchmarks/killed.py [--moments 50] [--seed 1]

Every acknowledged event must be there afterwards, none twice, no commit in part.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.databases import PostgresServer, postgresql_binaries, upgraded
from tests.live_process import kill_at_random_moments

RESULTS = Path(__file__).parent / "results" / "killed.json"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--moments", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="dealodds-killed-"))
    found = {"sqlite": _killed(folder, f"sqlite:///{folder}/deals.db", asked)}
    binaries = postgresql_binaries()
    if binaries is None:
        print("no PostgreSQL here: not measured on it")
    else:
        server = PostgresServer(binaries, Path(tempfile.mkdtemp(prefix="dealodds-postgresql-")))
        server.start()
        found["postgresql"] = _killed(folder, server.create("killed"), asked)
        server.stop()
        shutil.rmtree(server.folder)
    shutil.rmtree(folder)
    RESULTS.write_text(json.dumps({"moments": asked.moments, "found": found}, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(found, indent=1))


def _killed(folder: Path, url: str, asked: argparse.Namespace) -> dict[str, int]:
    with upgraded(url):
        return kill_at_random_moments(folder, url, asked.moments, asked.seed)


if __name__ == "__main__":
    main()
