"""Accounts of the database without an open opportunity: scored as from their history, ranked, and followed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

from api.background.account_part import score_account_groups
from api.background.part import Models, Moment
from api.champion import Champion
from features.as_of import known_as_of
from features.history.database.description import read_description
from features.history.database.engine import Database, last_commit
from features.history.database.history_of import history_of
from features.history.database.import_history import write_into
from features.history.database.reads import Cut, merged_by
from features.history.history import History
from features.history.simulated import simulate
from features.instants import micros
from models.artifact import Artifact
from scoring.accounts import score_accounts
from scoring.version_zero import version_zero
from tests.pipelines import Pipeline, Present
from tests.services import live_service
from training.account_need import learn_account_need

CUTOFF = pd.Timestamp("2025-09-01", tz="UTC")


@pytest.fixture(scope="module")
def known() -> History:
    return known_as_of(simulate(300, seed=4), CUTOFF)


@pytest.fixture(scope="module")
def artifact() -> Artifact:
    """The fixed weights, and a model of the need of accounts."""
    trained_on = known_as_of(simulate(1_000, seed=4), CUTOFF)
    learned = learn_account_need(trained_on, (), CUTOFF, 30, 0, lambda line: None)
    zero = version_zero(trained_on.processes)
    criteria = {**zero.classification, "accounts": {**learned.criteria, "threshold": 0.15}}
    return replace(zero, account_need=learned.model, classification=criteria, version="1")


@pytest.fixture
def pipeline(database: Database, known: History, artifact: Artifact) -> Pipeline:
    pipeline = Pipeline(database, Present(CUTOFF), Models(Champion(artifact)))
    with database.writing("test", "import", pipeline.now) as writing:
        write_into(writing, known)
    return pipeline


def test_accounts_read_by_the_hundred_are_scored_as_from_the_whole_history(
    pipeline: Pipeline, artifact: Artifact
) -> None:
    first, second, third = "a0000001", "a0000002", "a0000003"
    moved = {"type": "field_change", "opportunity_id": "o0000010", "field": "account_id", "value": third}
    pipeline.tell({"type": "merge", "account_id": first, "into": second}, moved)
    whole = history_of(pipeline.database)
    wanted = {score.account_id: score for score in score_accounts(whole, whole.observed_until, artifact)}
    with pipeline.database.reading() as connection:
        seq, recorded_at = last_commit(connection)
        moment = Moment(Cut(recorded_at, seq), read_description(connection))
        names = sorted({*whole.accounts["account_id"], *whole.opportunities["account_id"].dropna(), first})
        groups = merged_by(connection, moment.cut).together(names)
        assert (first, second) in groups
        parts = [groups[start : start + 40] for start in range(0, len(groups), 40)]
        found = [score for part in parts for score in score_account_groups(connection, part, artifact, moment)]
    assert len(wanted) > 50
    assert {score.account_id: replace(score, rank=None) for score in found} == {
        name: replace(score, rank=None) for name, score in wanted.items()
    }


def rows(client: Any, **asked: Any) -> list[dict[str, Any]]:
    found, cursor = [], {}
    while True:
        answer = client.get("/v1/accounts", params=asked | cursor).json()
        found += answer["accounts"]
        if answer["next_cursor"] is None:
            return found
        cursor = {"cursor": answer["next_cursor"]}


def test_hidden_accounts_are_ranked_with_their_evidence_page_by_page(pipeline: Pipeline, known: History) -> None:
    assert pipeline.refresher().refresh() == "built"
    with live_service(pipeline.database, clock=pipeline.now) as client:
        everybody, hidden = rows(client, limit=50), rows(client, limit=7, **{"class": "hidden"})
    assert 3 < len(hidden) < len(everybody)
    assert [row["rank"] for row in hidden] == list(range(1, len(hidden) + 1))
    probabilities = [row["need_probability_90d"] for row in everybody]
    assert probabilities == sorted(probabilities, reverse=True)
    assert {row["class"]["names"]["zh-CN"] for row in hidden} == {"隐性机会"}
    assert all(row["evidence"] and row["need_probability_90d"] > 0.15 for row in hidden)
    idle = {score.account_id for score in score_accounts(known, CUTOFF, pipeline.models.champion.artifact)}
    assert {row["account_id"] for row in everybody} == idle


def test_an_account_leaves_the_list_with_a_new_opportunity_and_comes_back_when_it_closes(pipeline: Pipeline) -> None:
    refresher = pipeline.refresher()
    refresher.refresh()
    with live_service(pipeline.database, clock=pipeline.now) as client:
        name = rows(client, **{"class": "hidden"})[0]["account_id"]

        def listed() -> set[str]:
            return {row["account_id"] for row in rows(client, limit=200)}

        pipeline.now.pass_by(seconds=60)
        pipeline.open("new", "proposal", account_id=name)
        assert refresher.refresh() == "followed"
        assert name not in listed()
        pipeline.now.pass_by(seconds=60)
        pipeline.tell({"type": "stage_change", "opportunity_id": "new", "stage": "lost"})
        assert refresher.refresh() == "followed"
        assert name in listed()
        pipeline.account("brand-new")
        assert refresher.refresh() == "followed"
        assert "brand-new" in listed()


def test_visits_of_an_account_change_its_place_at_once(pipeline: Pipeline) -> None:
    refresher = pipeline.refresher()
    refresher.refresh()
    with live_service(pipeline.database, clock=pipeline.now) as client:
        last = rows(client, limit=200)[-1]
        pipeline.now.pass_by(seconds=60)
        pipeline.tell(*({"type": "activity", "account_id": last["account_id"], "kind": "site_visit"} for _ in range(9)))
        assert refresher.refresh() == "followed"
        after = {row["account_id"]: row for row in rows(client, limit=200)}[last["account_id"]]
    assert after["need_probability_90d"] > last["need_probability_90d"]
    assert after["as_of"] > last["as_of"]
    assert micros(pd.DatetimeIndex([after["as_of"]])) > micros(pd.DatetimeIndex([CUTOFF]))


def test_without_a_learned_need_no_account_is_listed(database: Database) -> None:
    pipeline = Pipeline(database)
    pipeline.account("x")
    pipeline.refresher().refresh()
    with live_service(database, clock=pipeline.now) as client:
        assert rows(client) == []
