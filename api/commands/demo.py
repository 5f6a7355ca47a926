"""The demonstration: a simulated CRM, trained, compared, promoted and served."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import click
import pandas as pd

from api.background.earlier_scores import record_earlier_scores
from api.champion import load_champion
from api.clock import now
from api.commands.inputs import import_inputs_command
from api.commands.model import train_and_register
from api.commands.reports import reports_command
from api.commands.serving import serve
from api.home import champion_folder, has_champion, home
from api.kept_reports import FOLDER
from api.progress import Progress
from api.reports_under_way import under_way
from features.history.database.engine import Database
from features.history.database.import_history import write_into
from features.history.directory import write_history
from features.history.history import History
from features.history.live import opportunity_to_request
from features.history.shifted import shifted
from features.history.simulated import simulate
from features.history.simulated_inputs import simulated_inputs
from features.instants import micros
from features.reporting_calendar import ReportingCalendar
from training.grid import open_at

OPPORTUNITIES, SEED = 8_000, 0
EARLIER_WEEKS = 5


@click.command("demo")
@click.option("--no-serve", is_flag=True, help="Do everything but serve, reports included, and end.")
@click.option("--opportunities", type=click.IntRange(100), default=OPPORTUNITIES, show_default=True, help="How many.")
@click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True, help="Port to listen on.")
def demo_command(no_serve: bool, opportunities: int, port: int) -> None:
    """Simulate a CRM, train, compare with fixed weights, promote, and serve on loopback."""
    # A home of its own: a simulated model must never stand beside a real champion.
    os.environ["DEALODDS_HOME"] = str(home() / "demo")
    os.environ.pop("DEALODDS_DATABASE_URL", None)
    folder = home() / "history"
    with Progress(4) as report:
        report(f"simulating {opportunities:,} opportunities over two years until today")
        history = _until(simulate(opportunities, SEED), now().floor("D"))
        report(f"writing {folder}")
        write_history(history, folder)
        report("writing the service's database")
        _fill_database(history)
        report("stating targets, commits and teams")
        _state_inputs(history)
    train_and_register(history, None, None, SEED, ())
    _score_earlier(history.observed_until)
    request = _write_request(history, home() / "request.json")
    url = f"http://127.0.0.1:{port}"
    click.echo(f"\nsimulated CRM in {folder}. Score an opportunity:\n")
    click.echo(f"  curl -s {url}/v1/scores -H 'Content-Type: application/json' -d @{request}")
    click.echo("\nor read what is open, and tell what happened:\n")
    click.echo(f"  curl -s '{url}/v1/opportunities?class=active&sort=-expected_value&limit=5'")
    click.echo(f"  curl -s {url}/v1/opportunities/{_busy(history)}/score\n")
    at = history.observed_until.isoformat()
    asked = (
        "--history",
        f"sqlite:///{home()}/dealodds.db",  # targets and commits are in it
        "--as-of",
        at,
        "--retrain-every",
        "13",
    )  # twice instead of seven times: minutes less
    if no_serve:
        reports_command.main(asked, standalone_mode=False)
        return
    click.echo(f"pages for managers: {url}/ · 管理者页面：{url}/?lang=zh-CN")
    click.echo("forecast, funnel, people and learned vs fixed are worked out meanwhile: minutes")
    click.echo("other commands on these data, in another terminal:\n")
    click.echo(f"  export DEALODDS_HOME={home()}")
    click.echo(f"  dealodds report --history sqlite:///{home()}/dealodds.db --as-of {at} --out report.html\n")
    click.echo(f"serving on {url} (documentation: {url}/docs); stop with Ctrl-C")
    with _reports_beside(asked):
        serve(champion_folder(), "127.0.0.1", port, authenticate=False)


@contextmanager
def _reports_beside(asked: Sequence[str]) -> Iterator[None]:
    """Work out the reports in a process of its own, which gives way to the service and ends with it."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # so that what follows is done then too
    polite = ["nice", "-n", "10"] if shutil.which("nice") else []
    command = [*polite, sys.executable, "-c", "from api.cli import main; main()", "reports", *asked]
    # Marked before it begins: the pages say so from the first moment.
    with under_way(home(), lambda _: None), (home() / "reports.log").open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            yield
        finally:
            process.terminate()
            process.wait()


def _until(history: History, end: pd.Timestamp) -> History:
    """Move a history so that it ends at the start of a day: what is served is of today."""
    return shifted(history, (end - history.observed_until).floor("D"))


def _fill_database(history: History) -> None:
    """Begin the demonstration's database and reports anew."""
    from api.service import prepare_database
    from api.settings import read_settings

    settings = read_settings()
    for file in home().glob("dealodds.db*"):
        file.unlink()
    shutil.rmtree(home() / FOLDER, ignore_errors=True)  # of the history before
    prepare_database(settings)
    database = Database(settings.database())
    with database.writing("dealodds demo", "import", now) as writing:
        write_into(writing, history)
    database.close()


def _state_inputs(history: History) -> None:
    """Load simulated targets, commits and teams as anybody loads real ones: from files."""
    for kind, rows in simulated_inputs(history, ReportingCalendar(), SEED).items():
        file = home() / f"{kind}.csv"
        rows.to_csv(file, index=False)
        import_inputs_command.main(("--kind", kind, str(file)), standalone_mode=False)


def _score_earlier(until: pd.Timestamp) -> None:
    """Let the model score the weeks before, so that there is a trend to see on the first day."""
    from api.settings import read_settings

    click.echo(f"scoring the {EARLIER_WEEKS} weeks before, as they were known then")
    database = Database(read_settings().database())
    weeks = [until - pd.Timedelta(weeks=back) for back in range(EARLIER_WEEKS, 0, -1)]
    record_earlier_scores(database, load_champion(champion_folder() if has_champion() else None), weeks, now)
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
