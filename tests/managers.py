"""What managers look at: a learned model in service over a small pipeline with some weeks behind it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pandas as pd
import pytest
from click.testing import CliRunner

from api.background.part import Models
from api.champion import load_champion
from api.cli import commands
from api.settings import Settings
from api.store.inputs import write_inputs
from features.as_of import known_as_of
from features.history.database.import_history import write_into
from features.history.simulated import simulate
from models.artifact import register, write_artifact
from models.kept_promotions import FILE, keep_promotions
from models.promotions import Decision
from tests.databases import upgraded
from tests.pipelines import Pipeline, Present
from tests.services import live_service
from training.candidate import make_candidate

CUTOFF = pd.Timestamp("2025-09-01", tz="UTC")
READ = "a-key-that-reads"
SCORE = "a-key-that-scores"
JUDGED = "o-judged"


@contextmanager
def managers_service(folder: Path) -> Iterator[tuple[httpx.Client, Pipeline]]:
    """Serve a learned model, a list, scores of three weeks, a judgement and a promotion log."""
    history = simulate(400, seed=4)
    register(_trained(folder / "model"), "1")
    home = folder / "home"
    promoted = Decision(CUTOFF, "1", "0", "promoted", "gate", "it was better on later data")
    refused = Decision(CUTOFF + pd.Timedelta(days=1), "2", "1", "not promoted", "gate", "it was no better")
    keep_promotions(home / FILE, [promoted, refused])
    with upgraded(f"sqlite:///{folder}/deals.db") as database:
        models = Models(load_champion(folder / "model"))
        pipeline = Pipeline(database, Present(CUTOFF), models)
        with database.writing("test", "import", pipeline.now) as writing:
            write_into(writing, known_as_of(history, CUTOFF))
        _stated(pipeline)
        _reports(f"sqlite:///{folder}/deals.db", home)
        _weeks(pipeline)
        with live_service(
            database, folder / "model", clock=pipeline.now, settings=Settings(DEALODDS_HOME=home)
        ) as client:
            body = {"person": "li.na", "probability": 0.2, "because": "the budget is cut"}
            assert client.put(f"/v1/opportunities/{JUDGED}/judgement", json=body).status_code == 201
            yield client, pipeline


def _stated(pipeline: Pipeline) -> None:
    """A target of the quarter and of a team, and what two owners committed to."""
    quarter = {"period_start": "2025-07-01", "period_end": "2025-09-30", "currency": "EUR", "wins": None}
    told = {"valid_from": CUTOFF, "recorded_at": CUTOFF}
    targets = [
        {"scope": "company", "name": None, "amount": 300_000.0},
        {"scope": "team", "name": "team_1", "amount": 1e5},
    ]
    commits = [{"owner_id": f"owner_0{place}", "amount": 20_000.0} for place in (1, 2)]
    for kind, rows in (("targets", targets), ("commits", commits)):
        with pipeline.database.writing("test", "put inputs", pipeline.now) as writing:
            write_inputs(writing, kind, pd.DataFrame([row | quarter | told for row in rows]))


def _reports(url: str, home: Path) -> None:
    """The reports that the pages show, as ``dealodds reports`` works them out."""
    words = ["reports", "--history", url, "--as-of", CUTOFF.isoformat()]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DEALODDS_HOME", str(home))
        run = CliRunner().invoke(commands, [*words, "--weeks", "3", "--retrain-every", "3"])
    assert run.exit_code == 0, run.output


def _trained(folder: Path) -> Path:
    """A model with its card, as ``dealodds train`` makes it."""
    write_artifact(make_candidate(simulate(700, seed=4), CUTOFF, None, lambda: 0.0).artifact, folder)
    return folder


def _weeks(pipeline: Pipeline) -> None:
    """Four refreshed lists, a week apart, with something that happened to one opportunity in between."""
    refresher = pipeline.refresher()
    pipeline.open(JUDGED, "contacted", 1_000_000.0, currency="CNY", owner_id="=cmd()", team="north")
    refresher.refresh()
    for what in ({"type": "activity", "kind": "meeting"}, {"type": "stage_change", "stage": "proposal"}, {}):
        pipeline.now.pass_by(days=7)
        if what:
            pipeline.tell({"opportunity_id": JUDGED} | what)
        refresher.refresh()
    refresher.give_up()
