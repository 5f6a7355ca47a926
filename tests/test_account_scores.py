"""Scores of accounts: class, evidence, rank, the file of the command line, and the HTTP door."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pandas as pd
import pytest

from api.account_schemas import AccountScoreRequest
from api.cli import main
from features.account_snapshots import build_account_snapshots
from features.as_of import known_as_of
from features.history.directory import write_history
from features.history.history import History
from features.history.live_account import live_accounts
from features.history.live_account_request import account_request_body
from features.history.simulated import simulate
from models.artifact import Artifact, read_artifact, write_artifact
from scoring.account_classification import AccountCriteria, account_evidence, is_hidden, untouched
from scoring.accounts import score_accounts
from scoring.version_zero import version_zero
from tests.histories import account, activity, at, history, opportunity, stage
from tests.services import service
from training.account_need import learn_account_need

CUTOFF = pd.Timestamp("2025-09-01", tz="UTC")


@dataclass(frozen=True)
class World:
    known: History
    folder: Path
    artifact: Artifact


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """A history as known at a cutoff, and a model of its accounts beside the fixed weights."""
    known = known_as_of(simulate(1_000, seed=4), CUTOFF)
    learned = learn_account_need(known, (), CUTOFF, 30, 0, lambda line: None)
    zero = version_zero(known.processes)
    # The threshold of so small a history may be missing; what is tested here is what follows from one.
    criteria = {**zero.classification, "accounts": {**learned.criteria, "threshold": 0.15}}
    training = {**zero.training, "origin": known.origin}
    artifact = replace(zero, account_need=learned.model, classification=criteria, training=training)
    folder = tmp_path_factory.mktemp("champion") / "model"
    write_artifact(artifact, folder)
    return World(known, folder, read_artifact(folder))


@pytest.fixture(scope="module")
def client(world: World) -> Iterator[httpx.Client]:
    with service(world.folder, CUTOFF) as client:
        yield client


def _ask(client: httpx.Client, *accounts: dict[str, Any], **more: Any) -> httpx.Response:
    base = {"account_id": "x", "created_at": "2025-01-01T00:00:00Z"}
    return client.post("/v1/accounts/scores", json={"accounts": [base | a for a in accounts]} | more)


def _row(known: History, day: float) -> pd.DataFrame:
    return build_account_snapshots(known, pd.DataFrame({"account_id": ["x"], "as_of": [at(day)]}))


COLLECTED = dict.fromkeys(("site_visit", "call", "meeting", "email_replied", "email_opened", "email_sent"))


def test_hidden_is_a_likely_need_in_an_account_that_nobody_talks_with() -> None:
    silent = history(account("x"), collected=COLLECTED)
    talked = history(account("x"), activity("call", 50, of=None, account_id="x"), collected=COLLECTED)
    closed = history(
        account("x"), opportunity("o1", account_id="x"), stage("won", 55), activity("call", 50), collected=COLLECTED
    )
    unknown = history(account("x"), activity("site_visit", 50, of=None, account_id="x"))
    found = {}
    for name, known in {"silent": silent, "talked": talked, "closed": closed, "unknown": unknown}.items():
        row = _row(known, 60)
        found[name] = [bool(is_hidden(row, np.array([p]), AccountCriteria(0.3))[0]) for p in (0.4, 0.3)]
    assert found == {
        "silent": [True, False],
        "talked": [False, False],
        "closed": [True, False],
        "unknown": [False, False],
    }
    assert untouched(_row(talked, 90), 30).tolist() == [True]
    assert not is_hidden(_row(silent, 60), np.array([0.9]), AccountCriteria()).any()


def test_evidence_names_visits_beside_the_usual_contact_and_purchases_in_both_languages() -> None:
    visits = [activity("site_visit", day, of=None, account_id="x") for day in (290, 291, 292, 293, 294)]
    opened = activity("email_opened", 295, of=None, account_id="x")
    known = history(
        account("x"), opportunity("o1", account_id="x"), stage("won", 90), opened, *visits, collected=COLLECTED
    )
    criteria = AccountCriteria(0.3, usual={"visits_30d": 1.02, "emails_opened_human_30d": 0.25})
    found = account_evidence(_row(known, 300).iloc[0], 0.42, criteria)
    assert [e.en for e in found] == [
        "the need is confirmed within 90 days with probability 42 %, above 30 %",
        "5 visits in 30 days; usual is 1",
        "1 e-mail opening in 30 days; usual is 0.2",
        "no two-way contact",
        "bought before, 210 days ago",
    ]
    assert [e.zh for e in found][1:] == [
        "30天内访问5次；通常为1次",
        "30天内打开邮件1次；通常为0.2次",
        "尚无双向沟通",
        "曾经成交，在210天前",
    ]


def test_evidence_says_what_is_not_recorded_or_not_known() -> None:
    keys = pd.DataFrame({"account_id": ["x"], "as_of": [at(9)]})
    row = build_account_snapshots(history(account("x"), collected={}), keys, results_known=False).iloc[0]
    codes = [e.code for e in account_evidence(row, float("nan"), AccountCriteria())]
    assert codes == ["need_not_estimated", "visits_not_recorded", "contact_not_recorded", "past_not_known"]
    lost = history(
        account("x"), opportunity("o1", account_id="x"), stage("lost", 8), activity("call", 7), collected=COLLECTED
    )
    assert [e.en for e in account_evidence(_row(lost, 9).iloc[0], 0.1, AccountCriteria())][2:] == [
        "last two-way contact 2 days ago",
        "lost before, 1 day ago",
    ]


def test_accounts_are_ranked_and_those_with_an_open_opportunity_left_out(world: World) -> None:
    scores = score_accounts(world.known, CUTOFF, world.artifact)
    chances = [score.need_probability for score in scores]
    assert None not in chances
    assert chances == sorted(chances, reverse=True, key=lambda chance: chance or 0)
    assert [score.rank for score in scores] == list(range(1, len(scores) + 1))
    assert {score.status for score in scores} == {"ok"}
    assert {score.account_class for score in scores} == {"hidden", None}
    assert all((score.need_probability or 0) > 0.15 for score in scores if score.account_class)
    assert {score.model_version for score in scores} == {world.artifact.version}
    assert 300 < len(scores) < len(world.known.accounts)


def test_a_model_without_accounts_says_little_data_and_what_is_missing() -> None:
    known = history(account("x"), account("y"), opportunity("o1", account_id="y"))
    (score,) = score_accounts(known, at(9), version_zero())
    assert (score.account_id, score.status, score.need_probability, score.rank) == ("x", "little_data", None, None)
    assert score.status_reason == (
        "the model needs 30 more accounts whose need was confirmed",
        "模型还需要30个已确认需求的客户",
    )
    assert score_accounts(known, at(-1), version_zero()) == []


def test_a_model_written_before_there_were_accounts_still_loads(tmp_path: Path) -> None:
    write_artifact(version_zero(), tmp_path / "old")
    described = json.loads((tmp_path / "old" / "model.json").read_text())
    assert "accounts" not in described["models"]
    assert "accounts" not in described["classification"]
    assert read_artifact(tmp_path / "old").account_need is None


def test_the_model_of_accounts_is_stored_with_its_criteria(world: World) -> None:
    assert {"accounts_win.txt", "accounts_loss.txt"} <= {file.name for file in world.folder.iterdir()}
    assert world.artifact.account_need is not None
    assert world.artifact.classification["accounts"]["usual"]["visits_30d"] > 0


@pytest.mark.parametrize("suffix", [".csv", ".json", ".jsonl", ".parquet", ".xlsx"])
def test_the_command_ranks_the_accounts_into_a_file(
    suffix: str, world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_history(world.known, tmp_path / "history")
    out, accounts = tmp_path / "scores.csv", tmp_path / f"accounts{suffix}"
    assert _run("score", "--history", tmp_path / "history", "--as-of", "2025-09-01", "--out", out, "--model",
                world.folder, "--accounts", accounts) == 0  # fmt: skip
    expected = score_accounts(world.known, CUTOFF, world.artifact)
    read = {".csv": pd.read_csv, ".parquet": pd.read_parquet, ".xlsx": pd.read_excel, ".json": pd.read_json}
    rows = pd.read_json(accounts, lines=True) if suffix == ".jsonl" else read[suffix](accounts)
    assert rows["account_id"].tolist() == [score.account_id for score in expected]
    assert np.allclose(rows["need_probability_90d"], [score.need_probability or 0 for score in expected], atol=1e-9)
    assert set(rows["class"].dropna()) == {"hidden"}
    assert f"{len(expected):,} accounts without an open opportunity" in capsys.readouterr().out


def test_a_file_of_accounts_of_unknown_format_is_wrong_usage(tmp_path: Path) -> None:
    words = ("score", "--history", tmp_path, "--as-of", "2025-09-01", "--out", "a.csv", "--accounts", "a.doc")
    assert _run(*words) == 2


def _run(*words: object) -> int:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["dealodds", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main()
    return int(ended.value.code or 0)


def test_scores_of_accounts_over_http_equal_those_of_the_history_exactly(world: World, client: httpx.Client) -> None:
    expected = score_accounts(world.known, CUTOFF, world.artifact)
    ids = sorted(score.account_id for score in expected)
    body = account_request_body(world.known, ids, CUTOFF, world.artifact.catalogue)
    answer = client.post("/v1/accounts/scores", json=body)
    assert answer.status_code == 200, answer.text
    scores = {score["account_id"]: score for score in answer.json()["scores"]}
    assert list(scores) == ids
    for score in expected:
        got = scores[score.account_id]
        assert (got["need_probability_90d"], got["rank"]) == (score.need_probability, score.rank)
        assert (got["class"] or {}).get("key") == score.account_class
        assert [e["en"] for e in got["evidence"]] == [e.en for e in score.evidence]
        assert (got["status"], got["notes"], got["as_of"]) == ("ok", [], "2025-09-01T00:00:00Z")
    assert (answer.json()["origin"], answer.json()["model_version"]) == ("simulated", world.artifact.version)


def test_snapshots_of_accounts_in_a_request_equal_those_of_the_history_in_every_feature(world: World) -> None:
    ids = sorted(score.account_id for score in score_accounts(world.known, CUTOFF, world.artifact))
    keys = pd.DataFrame({"account_id": ids, "as_of": CUTOFF})
    body = account_request_body(world.known, ids, CUTOFF, world.artifact.catalogue)
    asked = AccountScoreRequest.model_validate_json(json.dumps(body)).accounts
    live = live_accounts([a.model_dump() for a in asked], CUTOFF, world.known.processes, world.artifact.catalogue)
    assert len(live.groups) == 1
    got = build_account_snapshots(live.groups[0].history, keys)
    pd.testing.assert_frame_equal(got, build_account_snapshots(world.known, keys), check_exact=True)


def test_what_is_not_sent_of_an_account_is_missing_and_an_empty_list_is_not(client: httpx.Client) -> None:
    asked = [
        {"account_id": "unknown"},
        {"account_id": "null", "activities": None, "opportunities": None},
        {"account_id": "silent", "activities": []},
        {"account_id": "new", "opportunities": []},
    ]
    scores = _ask(client, *asked).json()["scores"]
    codes = {score["account_id"]: {e["code"] for e in score["evidence"]} for score in scores}
    assert codes["unknown"] == codes["null"]
    assert {"visits_not_recorded", "past_not_known"} <= codes["unknown"]
    assert {"visits", "no_contact_yet", "past_not_known"} <= codes["silent"]
    assert {"visits_not_recorded", "no_earlier_close"} <= codes["new"]
    chance = {score["account_id"]: score["need_probability_90d"] for score in scores}
    assert chance["unknown"] == chance["null"] != chance["silent"]


def test_an_account_alone_scores_as_in_a_batch_but_for_its_rank(client: httpx.Client) -> None:
    visit = {"activities": [{"kind": "site_visit", "occurred_at": "2025-08-20T00:00:00Z"}], "region": "north"}
    bought = {"opportunities": [{"outcome": "won", "closed_at": "2025-02-01T00:00:00Z"}]}
    asked = [{"account_id": "a"} | visit, {"account_id": "b"} | bought, {"account_id": "c"}]
    together = _ask(client, *asked).json()["scores"]
    alone = [_ask(client, one).json()["scores"][0] for one in asked]
    assert [score | {"rank": None} for score in together] == [score | {"rank": None} for score in alone]
    assert sorted(score["rank"] for score in together) == [1, 2, 3]
    assert "bought before, 212 days ago" in {e["en"] for e in together[1]["evidence"]}


def test_the_same_event_of_an_account_twice_counts_once_and_a_close_too(client: httpx.Client) -> None:
    visit = {"activity_id": "v", "kind": "site_visit", "occurred_at": "2025-08-20T00:00:00Z"}
    won = {"opportunity_id": "o", "outcome": "won", "closed_at": "2025-02-01T00:00:00Z"}
    (score,) = _ask(client, {"activities": [visit, visit], "opportunities": [won, won]}).json()["scores"]
    assert [note["code"] for note in score["notes"]] == ["sent_twice"]
    assert score["evidence"][1]["en"].startswith("1 visit in 30 days")


WRONG: dict[str, tuple[dict[str, Any], str, str]] = {
    "an unknown field": ({"industri": "x"}, "/industri", "did you mean 'industry'?"),
    "an unknown field of an activity": (
        {"activities": [{"kind": "call", "occurred_at": "2025-08-01T00:00:00Z", "length": 1}]},
        "/activities/0/length",
        "leave",
    ),
    "an unknown kind": (
        {"activities": [{"kind": "cal", "occurred_at": "2025-08-01T00:00:00Z"}]},
        "/activities/0/kind",
        "did you mean 'call'?",
    ),
    "an event in the future": (
        {"activities": [{"kind": "call", "occurred_at": "2025-09-02T00:00:00Z"}]},
        "/activities/0/occurred_at",
        "planned",
    ),
    "a close in the future": (
        {"opportunities": [{"outcome": "won", "closed_at": "2025-09-02T00:00:00Z"}]},
        "/opportunities/0/closed_at",
        "correct",
    ),
    "an open opportunity": (
        {"opportunities": [{"outcome": "open", "closed_at": "2025-08-02T00:00:00Z"}]},
        "/opportunities/0/outcome",
        "correct",
    ),
    "a close without its instant": ({"opportunities": [{"outcome": "won"}]}, "/opportunities/0/closed_at", "add"),
    "an unknown field of a close": (
        {"opportunities": [{"outcome": "won", "closed": "2025-08-02T00:00:00Z"}]},
        "/opportunities/0/closed",
        "did you mean 'closed_at'?",
    ),
    "a naive time": ({"created_at": "2025-01-01T00:00:00"}, "/created_at", "add Z"),
    "a creation in the future": ({"created_at": "2025-12-01T00:00:00Z"}, "/created_at", "correct"),
    "a number for a word": ({"size": 5}, "/size", "correct"),
    "something not collected that nobody collects": (
        {"not_collected": ["visits"], "activities": []},
        "/not_collected/0",
        "site_visit",
    ),
    "the same account twice": ({"account_id": "fine"}, "/account_id", "remove"),
}


@pytest.mark.parametrize("sort", WRONG)
def test_what_is_wrong_with_an_account_is_named_with_what_to_do(client: httpx.Client, sort: str) -> None:
    wrong, pointer, advice = WRONG[sort]
    answer = _ask(client, {"account_id": "fine"}, wrong)
    assert answer.status_code == 422, answer.text
    problem = answer.json()
    found = {error["pointer"]: error["do"] for error in problem["errors"]}
    assert f"/accounts/1{pointer}" in found
    assert advice in found[f"/accounts/1{pointer}"] or sort.startswith("something")
    assert answer.headers["content-type"] == "application/problem+json"


def test_one_id_with_two_bodies_is_a_conflict(client: httpx.Client) -> None:
    closes = [{"opportunity_id": "o", "outcome": word, "closed_at": "2025-02-01T00:00:00Z"} for word in ("won", "lost")]
    answer = _ask(client, {"opportunities": closes})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (
        409,
        "/accounts/0/opportunities/1/opportunity_id",
    )


def test_a_request_needs_one_to_a_thousand_accounts_json_and_a_key(client: httpx.Client) -> None:
    url = "/v1/accounts/scores"
    many = [{"account_id": f"a{i}", "created_at": "2025-01-01T00:00:00Z"} for i in range(1001)]
    assert client.post(url, json={"accounts": []}).status_code == 422
    assert client.post(url, json={"accounts": many}).status_code == 422
    assert client.post(url, json={"accounts": many[:1000]}).status_code == 200
    assert client.post(url, content=b"{", headers={"Content-Type": "application/json"}).status_code == 400
    assert client.post(url, content=b"{}", headers={"Content-Type": "text/plain"}).status_code == 415
    assert client.post(url, json={"accounts": many[:1]}, headers={"Authorization": "Bearer no"}).status_code == 401
    assert _ask(client, {}, as_of="2025-09-01T00:05:01Z").json()["errors"][0]["pointer"] == "/as_of"


def test_the_service_describes_accounts_and_the_champion_its_criteria(client: httpx.Client) -> None:
    described = client.get("/openapi.json").json()["paths"]["/v1/accounts/scores"]["post"]
    body = described["requestBody"]["content"]["application/json"]["schema"]
    assert body == {"$ref": "#/components/schemas/AccountScoreRequest"}
    assert {"200", "400", "401", "409", "413", "415", "422", "503"} <= set(described["responses"])
    criteria = client.get("/v1/models/champion").json()["classification"]["accounts"]
    assert (criteria["threshold"], criteria["recent_days"]) == (0.15, 30)
    assert set(criteria["report"]) >= {"above", "below", "threshold"}
