"""The demonstration: a simulated CRM, trained, compared, promoted and served."""

from __future__ import annotations

import json
import os
from pathlib import Path

import click
import pandas as pd

from api.commands.model import train_and_register
from api.commands.serving import serve
from api.home import champion_folder, home
from api.progress import Progress
from features.history.directory import write_history
from features.history.history import History
from features.history.live import opportunity_to_request
from features.history.simulated import simulate
from features.instants import micros
from training.grid import open_at

OPPORTUNITIES, SEED = 8_000, 0


@click.command("demo")
@click.option("--no-serve", is_flag=True, help="Do everything but serve, and end.")
@click.option("--opportunities", type=click.IntRange(100), default=OPPORTUNITIES, show_default=True, help="How many.")
@click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True, help="Port to listen on.")
def demo_command(no_serve: bool, opportunities: int, port: int) -> None:
    """Simulate a CRM, train, compare with fixed weights, promote, and serve on loopback."""
    # A home of its own: a simulated model must never stand beside a real champion.
    os.environ["DEALODDS_HOME"] = str(home() / "demo")
    os.environ.pop("DEALODDS_DATABASE_URL", None)
    folder = home() / "history"
    with Progress(2) as report:
        report(f"simulating {opportunities:,} opportunities over two years")
        history = simulate(opportunities, SEED)
        report(f"writing {folder}")
        write_history(history, folder)
    train_and_register(history, None, None, SEED, ())
    request = _write_request(history, home() / "request.json")
    url = f"http://127.0.0.1:{port}"
    click.echo(f"\nsimulated CRM in {folder}. Score an opportunity:\n")
    click.echo(f"  curl -s {url}/v1/scores -H 'Content-Type: application/json' -d @{request}\n")
    if not no_serve:
        click.echo(f"serving on {url} (documentation: {url}/docs); stop with Ctrl-C")
        serve(champion_folder(), "127.0.0.1", port, authenticate=False)


def _write_request(history: History, out: Path) -> Path:
    """Write a request that scores the newest open opportunity that has some activity."""
    as_of = history.observed_until
    still_open = open_at(history, micros(pd.Index([as_of])))["opportunity_id"]
    busy = history.activities["opportunity_id"].value_counts()
    chosen = still_open[still_open.isin(busy[busy >= 3].index)].iloc[-1]
    body = {"as_of": as_of.isoformat(), "opportunities": [opportunity_to_request(history, chosen, as_of)]}
    out.write_text(json.dumps(body, ensure_ascii=False, indent=1), encoding="utf-8")
    return out
