"""The HTTP door on good requests, keys, readiness and its own description."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pandas as pd
import pytest

from api.app import create_app
from api.problems import SORTS
from features.errors import DealoddsError
from models.artifact import write_artifact
from scoring.version_zero import version_zero
from tests.services import KEY, NOW, ask, opportunity, service, serving


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    with service(None) as client:
        yield client


def test_without_a_model_the_answer_is_the_fixed_weight_and_says_so(client: httpx.Client) -> None:
    asked = [opportunity(opportunity_id=stage, stage=stage) for stage in ("identified", "proposal", "negotiation")]
    answer = ask(client, *asked).json()
    assert [score["win_probability"] for score in answer["scores"]] == [0.25, 0.5, 0.75]
    assert {score["status"] for score in answer["scores"]} == {"little_data"}
    assert (answer["model_version"], answer["as_of"], answer["origin"]) == ("0", "2026-03-31T12:00:00Z", "untrained")


def test_every_field_of_an_answer_is_there_and_languages_stand_side_by_side(client: httpx.Client) -> None:
    need = {"need": {"value": "yes", "assessed_at": "2026-03-30T12:00:00Z"}}
    answer = ask(client, opportunity(stage="contacted", assessments=need), horizons_days=[30])
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["scores"] == [
        {
            "opportunity_id": "o1",
            "as_of": "2026-03-31T12:00:00Z",
            "status": "little_data",
            "status_reason": {
                "en": "the model needs 40 more won and 40 more lost opportunities",
                "zh-CN": "模型还需要40个赢单、40个丢单商机",
            },
            "outcome": "open",
            "win_probability": 0.25,
            "interval": {"low": pytest.approx(0.0061, abs=1e-4), "high": pytest.approx(0.9477, abs=1e-4)},
            "fixed_weight_probability": 0.25,
            "horizons": [{"days": 30, "by": "2026-04-30T12:00:00Z", "win_probability": None, "loss_probability": None}],
            "expected_close": None,
            "class": {
                "key": "active",
                "names": {"en": "active", "zh-CN": "活跃机会"},
                "evidence": [
                    {
                        "en": "the need (N) is assessed as yes; last sign 1 day ago",
                        "zh-CN": "需求(N)评估为“有”；最近迹象在1天前",
                        "code": "need_confirmed",
                    }
                ],
            },
            "man": {
                "code": "??N",
                "advice": {"en": "find out first: money, authority", "zh-CN": "先了解：资金、决策权"},
            },
            "reasons": {
                "base": pytest.approx(25.0),
                "base_shown": 25.0,
                "probability_shown": 25.0,
                "groups": [],
                "features": [],
                "up": [],
                "down": [],
            },
            "model_version": "0",
            "segment": None,
            "context_as_of": None,
            "notes": [],
        }
    ]


def test_a_closed_opportunity_has_an_outcome_and_no_probability(client: httpx.Client) -> None:
    score = ask(client, opportunity(stage="won")).json()["scores"][0]
    assert (score["status"], score["outcome"], score["win_probability"], score["class"]) == (
        "closed",
        "won",
        None,
        None,
    )


def test_horizons_may_be_dates_which_mean_midnight_utc(client: httpx.Client) -> None:
    dates = ["2026-04-30", "2026-04-30T14:00:00+02:00"]
    horizons = ask(client, opportunity(), horizon_dates=dates).json()["scores"][0]["horizons"]
    assert [(h["days"], h["by"]) for h in horizons] == [(29.5, "2026-04-30T00:00:00Z"), (30.0, "2026-04-30T12:00:00Z")]


def test_as_of_may_lie_in_the_past_and_later_records_then_do_not_count(client: httpx.Client) -> None:
    stages = [
        {"stage": "identified", "occurred_at": "2026-01-02T00:00:00Z"},
        {"stage": "negotiation", "occurred_at": "2026-01-05T00:00:00Z", "recorded_at": "2026-02-01T00:00:00Z"},
    ]
    early = ask(client, opportunity(stage_history=stages), as_of="2026-01-10T01:00:00+01:00").json()
    late = ask(client, opportunity(stage_history=stages), as_of="2026-02-01T00:00:00Z").json()
    assert (early["as_of"], early["scores"][0]["win_probability"]) == ("2026-01-10T00:00:00Z", 0.25)
    assert [note["code"] for note in early["scores"][0]["notes"]] == ["recorded_after_as_of"]
    assert (late["scores"][0]["win_probability"], late["scores"][0]["notes"]) == (0.75, [])


def test_the_same_event_twice_counts_once_and_the_answer_says_so(client: httpx.Client) -> None:
    visit = {"activity_id": "e1", "kind": "site_visit", "occurred_at": "2026-03-01T00:00:00Z"}
    same = visit | {"occurred_at": "2026-03-01T08:00:00+08:00"}
    score = ask(client, opportunity(activities=[visit, same])).json()["scores"][0]
    assert [note["en"] for note in score["notes"]] == ["the same event was sent twice, counted once"]


def test_1000_opportunities_are_answered_in_order_whatever_of_them_is_collected(client: httpx.Client) -> None:
    kinds: list[dict[str, Any]] = [{}, {"activities": []}, {"contacts": []}, {"field_history": []}]
    asked = [opportunity(opportunity_id=f"o{i}", stage="proposal", **kinds[i % 4]) for i in range(1000)]
    scores = ask(client, *asked).json()["scores"]
    assert [score["opportunity_id"] for score in scores] == [f"o{i}" for i in range(1000)]


def test_a_key_is_needed_and_either_header_will_do() -> None:
    with service(None) as client:
        del client.headers["Authorization"]
        refused = [ask(client, opportunity()), client.get("/v1/models/champion", headers={"X-API-Key": "wrong"})]
        accepted = [client.get("/v1/models/champion", headers={"X-API-Key": KEY})]
        accepted += [client.get("/v1/models/champion", headers={"Authorization": f"bearer {KEY}"})]
        open_to_all = [client.get("/healthz"), client.get("/readyz"), client.get("/openapi.json")]
    assert [answer.status_code for answer in refused] == [401, 401]
    assert [answer.headers["www-authenticate"] for answer in refused] == ["Bearer", 'Bearer error="invalid_token"']
    assert [answer.headers["content-type"] for answer in refused] == ["application/problem+json"] * 2
    assert [answer.status_code for answer in accepted + open_to_all] == [200] * 5


def test_a_key_outside_ascii_is_compared_and_refused() -> None:
    with service(None) as client:
        answer = client.get("/v1/models/champion", headers={"X-API-Key": "schlüssel".encode(), "Authorization": ""})
    assert answer.status_code == 401


def test_keys_are_never_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG), service(None) as client:
        client.get("/v1/models/champion")
        client.get("/v1/models/champion", headers={"Authorization": "Bearer another-key"})
    ours = [record.getMessage() for record in caplog.records if not record.name.startswith(("httpx", "httpcore"))]
    assert not [line for line in ours if KEY in line or "another-key" in line]


def test_a_service_without_keys_refuses_to_start_unless_told_to_ask_for_none() -> None:
    with pytest.raises(DealoddsError, match="DEALODDS_API_KEYS"):
        create_app(None, api_keys=[], authenticate=True)
    with serving(create_app(None, api_keys=[], authenticate=False, clock=lambda: NOW)) as client:
        del client.headers["Authorization"]
        assert ask(client, opportunity()).status_code == 200


def test_a_folder_that_does_not_exist_is_version_0(tmp_path: Path) -> None:
    with service(tmp_path / "nothing") as client:
        assert client.get("/readyz").json() == {"status": "ready", "model_version": "0"}


def test_a_model_with_a_changed_byte_is_alive_but_not_ready_and_says_what_to_do(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    write_artifact(version_zero(), folder)
    described = folder / "model.json"
    described.write_bytes(described.read_bytes().replace(b"0.25", b"0.26", 1))
    with service(folder) as client:
        answers = [client.get("/readyz"), ask(client, opportunity()), client.get("/v1/models/champion")]
        assert client.get("/healthz").status_code == 200
    assert [answer.status_code for answer in answers] == [503, 503, 503]
    assert "restore the folder or promote again" in answers[1].json()["detail"]


def test_a_folder_that_is_no_model_is_503(tmp_path: Path) -> None:
    with service(tmp_path) as client:
        assert client.get("/readyz").json()["type"] == "urn:dealodds:problem:artifact"


def test_what_nobody_expected_is_a_500_without_the_inside() -> None:
    def broken() -> pd.Timestamp:
        raise ZeroDivisionError("the secret inside")

    with serving(create_app(None, api_keys=[KEY], authenticate=True, clock=broken)) as client:
        answer = ask(client, opportunity())
    assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")
    assert "secret" not in answer.text
    assert "ZeroDivision" not in answer.text


def test_every_field_is_described_and_has_an_example(client: httpx.Client) -> None:
    schemas = client.get("/openapi.json").json()["components"]["schemas"]
    assert {"ScoreRequest", "Opportunity", "Activity", "ScoresAnswer", "ScoreAnswer", "Problem"} <= set(schemas)
    bare = [
        f"{name}.{field}"
        for name, schema in schemas.items()
        for field, described in schema.get("properties", {}).items()
        if not described.get("description") or "examples" not in described
    ]
    assert bare == []


def test_every_field_of_an_answer_is_required(client: httpx.Client) -> None:
    schemas = client.get("/openapi.json").json()["components"]["schemas"]
    answers = {name: s for name, s in schemas.items() if name.endswith("Answer") or name in ("Words", "Man", "Reason")}
    assert len(answers) > 8
    assert {name for name, s in answers.items() if set(s["required"]) != set(s["properties"])} == set()


def test_the_description_of_scores_names_the_request_the_keys_and_the_problems(client: httpx.Client) -> None:
    described = client.get("/openapi.json").json()["paths"]["/v1/scores"]["post"]
    body = described["requestBody"]["content"]["application/json"]["schema"]
    assert body == {"$ref": "#/components/schemas/ScoreRequest"}
    assert {"200", "400", "401", "409", "413", "415", "422", "503"} <= set(described["responses"])
    assert described["security"] == [{"HTTPBearer": []}, {"APIKeyHeader": []}]


def test_the_page_of_documentation_loads_nothing_from_elsewhere(client: httpx.Client) -> None:
    page = client.get("/docs")
    named = re.findall(r"""(?:src|href|url)\s*[=:]\s*["']([^"']+)""", page.text)
    assert len(named) >= 4
    for address in dict.fromkeys(named):
        assert address.startswith(("/", str(client.base_url))), address
        assert client.get(address).status_code == 200


def test_every_error_of_the_project_has_a_sort_of_problem() -> None:
    kinds, waiting = set(), [DealoddsError]
    while waiting:
        kind = waiting.pop()
        kinds.add(kind)
        waiting += kind.__subclasses__()
    ours = {kind for kind in kinds if kind.__module__ == "features.errors"}
    assert ours == set(SORTS)
    assert {kind for kind in kinds if not kind.__module__.startswith("tests")} == ours
    assert len({sort.name for sort in SORTS.values()}) == len(SORTS)
