"""An opportunity scored alone, straight from the records of a request, is its row in a batch: to the last bit."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from api.champion import score_live
from api.schemas import ScoreRequest
from features.as_of import known_as_of
from features.history.history import History
from features.history.live import live_request, request_body
from features.instants import micros
from features.snapshots import build_snapshots
from models.artifact import Artifact
from scoring.score import Score, score_opportunities
from tests.random_histories import random_history
from training.grid import open_at
from training.pipeline import train

CUTOFF = pd.Timestamp("2024-12-01", tz="UTC")
INSTANTS = [pd.Timestamp(day, tz="UTC").as_unit("us") for day in ("2024-06-20T09:00:00.000001", "2024-12-01")]
HORIZONS = [14.0, 30.0, 90.5]


@pytest.fixture(scope="module")
def recorded() -> History:
    return random_history(11, opportunities=220)


@pytest.fixture(scope="module")
def artifact(recorded: History) -> Artifact:
    return train(recorded, CUTOFF, seed=0, most=2_000).artifact


def plain(opportunities: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Read opportunities as the door reads them."""
    read = ScoreRequest.model_validate_json(json.dumps({"opportunities": opportunities}, allow_nan=False))
    return [opportunity.plain() for opportunity in read.opportunities]


def asked(known: History, as_of: pd.Timestamp, artifact: Artifact) -> tuple[pd.DataFrame, list[dict[str, Any]]]:
    """The open opportunities of a history, and the request that asks about them."""
    keys = open_at(known, micros(pd.Index([as_of])))
    body = request_body(known, keys["opportunity_id"].tolist(), as_of, artifact.catalogue)
    return keys, body["opportunities"]


def in_tables(opportunity: dict[str, Any], as_of: pd.Timestamp, artifact: Artifact) -> History:
    """The history of one opportunity of a request, in tables that know nothing of where they come from."""
    live = live_request([opportunity], as_of, artifact.processes, artifact.catalogue).groups[0].history
    return replace(live, tables=dict(live.tables))


def from_tables(opportunity: dict[str, Any], as_of: pd.Timestamp, artifact: Artifact) -> Score:
    keys = pd.DataFrame({"opportunity_id": [opportunity["opportunity_id"]], "as_of": pd.DatetimeIndex([as_of])})
    past, history = artifact.past, in_tables(opportunity, as_of, artifact)
    return score_opportunities(history, keys, artifact, horizons=HORIZONS, past=past, reasons=True)[0]


@pytest.mark.parametrize("as_of", INSTANTS, ids=str)
def test_every_feature_of_an_opportunity_sent_alone_is_that_of_the_whole_history(
    recorded: History, artifact: Artifact, as_of: pd.Timestamp
) -> None:
    known = known_as_of(recorded, as_of)
    keys, opportunities = asked(known, as_of, artifact)
    batch = build_snapshots(known, keys, artifact.catalogue, artifact.past)
    for row, opportunity in enumerate(plain(opportunities)):
        live = live_request([opportunity], as_of, artifact.processes, artifact.catalogue).groups[0].history
        alone = build_snapshots(live, keys.iloc[[row]], artifact.catalogue, artifact.past)
        pd.testing.assert_frame_equal(alone, batch.iloc[[row]], check_exact=True)
    assert len(keys) > 30


@pytest.mark.parametrize("as_of", INSTANTS, ids=str)
def test_every_field_of_a_score_given_alone_is_that_of_the_batch(
    recorded: History, artifact: Artifact, as_of: pd.Timestamp
) -> None:
    _, opportunities = asked(known_as_of(recorded, as_of), as_of, artifact)
    sent = plain(opportunities)
    batch = score_live(artifact, sent, as_of, HORIZONS, reasons=True)
    for opportunity, (score, notes) in zip(sent, batch, strict=True):
        alone = score_live(artifact, [opportunity], as_of, HORIZONS, reasons=True)
        assert alone == [(score, notes)]
        assert score == from_tables(opportunity, as_of, artifact)
    assert len({score.win_probability for score, _ in batch}) > 20
    assert all(score.reasons for score, _ in batch if score.status != "forgotten")


def test_a_batch_of_a_history_gives_the_probabilities_of_each_alone(recorded: History, artifact: Artifact) -> None:
    known = known_as_of(recorded, CUTOFF)
    keys, opportunities = asked(known, CUTOFF, artifact)
    batch = score_opportunities(known, keys, artifact, horizons=HORIZONS, past=artifact.past)
    for score, opportunity in zip(batch, plain(opportunities), strict=True):
        if score.status == "forgotten":  # of an activity that was corrected only the last record is sent
            continue
        (alone, _) = score_live(artifact, [opportunity], CUTOFF, HORIZONS)[0]
        for name in ("win_probability", "interval", "horizons", "expected_close", "opportunity_class", "evidence"):
            assert getattr(alone, name) == getattr(score, name), name


def test_whatever_is_not_collected_is_missing_alike(recorded: History, artifact: Artifact) -> None:
    draw = np.random.default_rng(5)
    known = known_as_of(recorded, CUTOFF)
    _, opportunities = asked(known, CUTOFF, artifact)
    patterns = set()
    for opportunity in opportunities:
        for table in ("activities", "field_history", "contacts"):
            if draw.random() < 0.3:
                opportunity[table] = [] if draw.random() < 0.3 else None
        left_out = [name for name in ("meeting", "call", "email_opened", "amount", "contacts") if draw.random() < 0.2]
        since = {name: "2024-09-01T00:00:00+08:00" for name in ("site_visit", "need", "demo") if draw.random() < 0.4}
        sent = plain([opportunity | {"not_collected": left_out, "collected_since": since}])[0]
        (alone, _) = score_live(artifact, [sent], CUTOFF, HORIZONS, reasons=True)[0]
        assert alone == from_tables(sent, CUTOFF, artifact)
        patterns.add(tuple(sent[table] is None for table in ("activities", "field_history", "contacts")))
    assert len(patterns) > 5
