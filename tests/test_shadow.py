"""A challenger in the shadow: scored beside the champion, never served, compared by what became of both."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from api.background.part import Models
from api.champion import Champion
from api.store.shadow import shadow_comparison
from features.history.database.engine import Database
from models.artifact import Artifact, register, write_artifact
from models.blend import Blend
from models.hazard_blend import HazardBlend
from scoring.shadow_comparison import compare
from scoring.version_zero import version_zero
from tests.pipelines import Pipeline, of_version
from tests.services import live_service


def at_level(level: float) -> Artifact:
    """The fixed weights, all of them higher or lower by a step of log-odds."""
    zero = version_zero()
    return replace(zero, win=HazardBlend(zero.win.members, Blend((1.0,), level)))


@pytest.fixture
def pipeline(database: Database) -> Pipeline:
    return Pipeline(database, models=Models(of_version("1"), of_version("2", at_level(1.0))))


def test_the_distance_and_what_became_of_each_are_those_written_out() -> None:
    found = compare(
        np.array([0.2, 0.5, 0.8]),
        np.array([0.3, 0.4, 0.8]),
        2,
        (np.array([0.2, 0.8]), np.array([0.3, 0.8]), np.array([0.0, 1.0])),
    )
    assert (found.opportunities, found.closed, found.won, found.classes_differ) == (3, 2, 1, 2)
    assert found.mean_difference == pytest.approx(0.0)
    assert found.mean_absolute_difference == pytest.approx(0.2 / 3)
    assert found.champion.brier == pytest.approx((0.04 + 0.04) / 2)
    assert found.challenger.brier == pytest.approx((0.09 + 0.04) / 2)
    assert found.champion.log_loss == pytest.approx(-np.log(0.8))
    assert found.correlation is not None
    assert 0.9 < found.correlation < 1


def test_one_opportunity_has_no_correlation_and_a_sure_miss_no_infinite_loss() -> None:
    one = np.array([0.0])
    found = compare(one, one, 0, (one, one, np.array([1.0])))
    assert found.correlation is None
    assert found.champion.log_loss == pytest.approx(13.8, abs=0.1)


def test_the_challenger_is_scored_beside_the_champion_and_judged_by_what_closed(pipeline: Pipeline) -> None:
    refresher = pipeline.refresher()
    for name, stage in (("a", "contacted"), ("b", "proposal"), ("c", "negotiation")):
        pipeline.open(name, stage)
    refresher.refresh()
    pipeline.now.pass_by(days=1)
    pipeline.tell({"type": "stage_change", "opportunity_id": "b", "stage": "negotiation"})
    pipeline.tell({"type": "stage_change", "opportunity_id": "c", "stage": "won"})
    refresher.refresh()
    with pipeline.database.reading() as connection:
        found = shadow_comparison(connection, "1", "2")
    odds = {0.25: 0.4754, 0.5: 0.7311, 0.75: 0.8908}
    assert (found.opportunities, found.closed, found.won) == (3, 1, 1)
    distance = np.mean([odds[0.25] - 0.25, odds[0.75] - 0.75, odds[0.75] - 0.75])
    assert found.mean_absolute_difference == pytest.approx(distance, abs=1e-4)
    assert found.correlation == pytest.approx(1.0)
    assert found.champion.brier == pytest.approx(0.0625)
    assert found.challenger.brier == pytest.approx((1 - odds[0.75]) ** 2, abs=1e-4)


def test_the_shadow_is_compared_over_http_and_never_served(pipeline: Pipeline, tmp_path: Path) -> None:
    pipeline.open("a", "proposal")
    folder = tmp_path / "challenger"
    write_artifact(at_level(1.0), folder)
    register(folder, "2")
    with live_service(pipeline.database, clock=pipeline.now) as client:
        assert client.get("/v1/models/shadow").status_code == 404
    champion = Champion(replace(version_zero(), version="0"))
    pipeline.models = Models(champion, pipeline.models.shadow)
    pipeline.refresher().refresh()
    with live_service(pipeline.database, clock=pipeline.now, shadow_folder=folder) as client:
        answer = client.get("/v1/models/shadow").json()
        assert (answer["version"], answer["champion_version"], answer["opportunities"]) == ("2", "0", 1)
        assert answer["mean_absolute_difference"] == pytest.approx(0.2311, abs=1e-4)
        assert (answer["closed"], answer["champion"]["brier"]) == (0, None)
        (listed,) = client.get("/v1/opportunities").json()["opportunities"]
        assert listed["win_probability"] == 0.5
        assert [s["win_probability"] for s in client.get("/v1/opportunities/a/scores").json()["scores"]] == [0.5]
