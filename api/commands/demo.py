"""The demonstration: a simulated CRM, trained, compared, promoted and served."""

from __future__ import annotations

import json
import os
from pathlib import Path

import click
import pandas as pd

from api.clock import now
from api.commands.model import train_and_register
from api.commands.serving import serve
from api.home import champion_folder, home
from api.progress import Progress
from features.history.database.engine import Database
from features.history.database.import_history import write_into
from features.history.directory import write_history
from features.history.history import History
from features.history.live import opportunity_to_request
from features.history.shifted import shifted
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
    with Progress(3) as report:
        report(f"simulating {opportunities:,} opportunities over two years until today")
        history = _until(simulate(opportunities, SEED), now().floor("D"))
        report(f"writing {folder}")
        write_history(history, folder)
        report("writing the service's database")
        _fill_database(history)
    train_and_register(history, None, None, SEED, ())
    request = _write_request(history, home() / "request.json")
    url = f"http://127.0.0.1:{port}"
    click.echo(f"\nsimulated CRM in {folder}. Score an opportunity:\n")
    click.echo(f"  curl -s {url}/v1/scores -H 'Content-Type: application/json' -d @{request}")
    click.echo("\nor read what is open, and tell what happened:\n")
    click.echo(f"  curl -s '{url}/v1/opportunities?class=active&sort=-expected_value&limit=5'")
    click.echo(f"  curl -s {url}/v1/opportunities/{_busy(history)}/score\n")
    if not no_serve:
        click.echo(f"pages for managers: {url}/ · 管理者页面：{url}/?lang=zh-CN")
        click.echo(f"serving on {url} (documentation: {url}/docs); stop with Ctrl-C")
        serve(champion_folder(), "127.0.0.1", port, authenticate=False)


def _until(history: History, end: pd.Timestamp) -> History:
    """Move a history so that it ends at the start of a day: what is served is of today."""
    return shifted(history, (end - history.observed_until).floor("D"))


def _fill_database(history: History) -> None:
    """Begin the demonstration's database anew."""
    from api.service import prepare_database
    from api.settings import read_settings

    settings = read_settings()
    for file in home().glob("dealodds.db*"):
        file.unlink()
    prepare_database(settings)
    database = Database(settings.database())
    with database.writing("dealodds demo", "import", now) as writing:
        write_into(writing, history)
    database.close()


def _busy(history: History) -> str:
    """Find the newest open opportunity that has some activity."""
    still_open = open_at(history, micros(pd.Index([history.observed_until])))["opportunity_id"]
    busy = history.activities["opportunity_id"].value_counts()
    return str(still_open[still_open.isin(busy[busy >= 3].index)].iloc[-1])


def _write_request(history: History, out: Path) -> Path:
    """Write a request that scores one opportunity."""
    as_of = history.observed_until
    body = {"as_of": as_of.isoformat(), "opportunities": [opportunity_to_request(history, _busy(history), as_of)]}
    out.write_text(json.dumps(body, ensure_ascii=False, indent=1), encoding="utf-8")
    return out
