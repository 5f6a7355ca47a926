"""What managers stated, and the scores that were kept, reach the pages and their JSON through ``dealodds reports``."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Iterator
from dataclasses import replace
from html import escape
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from sqlalchemy import insert

from api.cli import commands
from api.commands.class_reports import class_report
from api.pages.language import language
from api.settings import Settings
from api.store.inputs import write_inputs
from api.store.past_scores import past_scores
from api.store.tables import SCORES
from features.as_of import known_as_of
from features.history.database.engine import Database
from features.history.database.import_history import write_into
from features.history.history import History
from features.history.simulated import simulate
from features.instants import micros_of
from scoring.pipeline import pipeline_of
from tests.databases import upgraded
from tests.pipelines import Pipeline, Present
from tests.services import live_service

NOW = pd.Timestamp("2025-09-10", tz="UTC")
QUARTER = {"period_start": "2025-07-01", "period_end": "2025-09-30", "currency": "EUR"}
TOLD = NOW - pd.Timedelta(days=30)
LATER = NOW + pd.Timedelta(days=3)
HTML = {"Accept": "text/html"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the database and the home folder are."""
    return tmp_path_factory.mktemp("reports")


@pytest.fixture(scope="module")
def client(folder: Path) -> Iterator[httpx.Client]:
    """A service over a database with a history, inputs told before and after the report, and a kept score."""
    url, home = f"sqlite:///{folder}/deals.db", folder / "home"
    with upgraded(url) as database:
        pipeline = Pipeline(database, Present(LATER))
        with database.writing("test", "import", pipeline.now) as writing:
            write_into(writing, _history())
        _state(database, pipeline.now)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("DEALODDS_HOME", str(home))
            words = ["reports", "--history", url, "--as-of", NOW.isoformat(), "--weeks", "0"]
            run = CliRunner().invoke(commands, words)
        assert run.exit_code == 0, run.output
        pipeline.refresher().refresh()
        settings = Settings(DEALODDS_HOME=home)
        with live_service(database, clock=pipeline.now, settings=settings) as client:
            yield client


def _history() -> History:
    """A simulated history in which nobody assessed competitors."""
    known = known_as_of(simulate(300, seed=4), NOW)
    fields = known.tables["field_history"]
    return replace(known, tables={**known.tables, "field_history": fields[fields["field"] != "competitor"]})


def _state(database: Database, now: Present) -> None:
    told = {"valid_from": TOLD, "recorded_at": TOLD}
    rows: dict[str, list[dict[str, Any]]] = {
        "targets": [
            {"scope": "company", "name": None, "amount": 1000.0, "wins": 2.0} | QUARTER | told,
            {"scope": "company", "name": None, "amount": 9.9e9, "wins": 999.0}
            | QUARTER
            | told
            | {"recorded_at": LATER},
            {"scope": "team", "name": "team_2", "amount": 1.0, "wins": None} | QUARTER | told,
            {"scope": "team", "name": "team_1", "amount": 5e5, "wins": None}
            | QUARTER
            | told
            | {"period_end": "2025-09-29"},
        ],
        "commits": [{"owner_id": "owner_03", "amount": 5000.0, "wins": None} | QUARTER | told],
        "teams": [{"owner_id": "owner_03", "team": "team_of_one"} | told],
    }
    for kind, found in rows.items():
        with database.writing("test", "put inputs", now) as writing:
            write_inputs(writing, kind, pd.DataFrame(found))


def _twin(client: httpx.Client, path: str) -> dict[str, Any]:
    found: dict[str, Any] = client.get(path, headers={"Accept": "application/json"}).json()
    return found


def test_the_target_that_was_known_then_has_its_probability_in_json_page_and_file(client: httpx.Client) -> None:
    total = _twin(client, "/v1/reports/forecast?by=team")["totals"]
    assert (total["amount"]["target"], total["count"]["target"]) == (1000, 2)
    chance = total["amount"]["target_probability"]
    assert chance is not None
    page = client.get("/forecast?by=team", headers=HTML).text
    assert f'<span class="big">{escape(language("en").formats.chance(chance))}</span>' in page
    answer = client.get("/forecast/forecast.csv?by=team", headers=HTML)
    rows = {row["by team"]: row for row in csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")))}
    assert float(rows["total"]["Target"]) == 1000
    assert float(rows["team_2"]["Target"]) == 1
    assert rows["team_1"]["Target"] == ""


@pytest.mark.parametrize(
    ("asked", "name", "en", "zh"),
    [
        ("month", "2025-09", "this month", "本月"),
        ("next-month", "2025-10", "next month", "下月"),
        ("quarter", "2025-Q3", "this quarter", "本季度"),
        ("next-quarter", "2025-Q4", "next quarter", "下季度"),
    ],
)
def test_this_and_the_next_month_and_quarter_are_pages_with_their_json(
    client: httpx.Client, asked: str, name: str, en: str, zh: str
) -> None:
    found = _twin(client, f"/v1/reports/forecast?period={asked}&by=team")
    assert found["period"]["name"] == name
    assert (found["totals"]["count"]["won"] == 0) == asked.startswith("next")
    # Version 0 does not know when opportunities close: it counts all of them, in a period to come as well.
    this = _twin(client, "/v1/reports/forecast?period=month")["totals"]["count"]
    assert found["totals"]["count"]["expected_open"] == pytest.approx(this["expected_open"])
    page = client.get(f"/forecast?period={asked}&by=team", headers=HTML).text
    assert f"<h1>Forecast: {en} ({name})</h1>" in page
    assert "Figures of 10 Sept 2025, 00:00:00 UTC; the pipeline list is of now." in page
    assert all(f"period={other}" in page for other in ("month", "next-month", "quarter", "next-quarter"))
    chinese = client.get(f"/forecast?period={asked}&by=team", headers=HTML | {"Accept-Language": "zh-CN"}).text
    assert f"<h1>销售预测：{zh}（{name}）</h1>" in chinese
    assert "商机清单为当前数据" in chinese


@pytest.mark.parametrize("path", ["/funnel", "/people", "/classes"])
def test_every_page_of_a_report_says_of_which_instant_its_figures_are(client: httpx.Client, path: str) -> None:
    page = client.get(path, headers=HTML).text
    assert "Figures of 10 Sept 2025, 00:00:00 UTC; the pipeline list is of now." in page


def test_a_target_of_days_that_no_period_has_is_said_on_the_page(client: httpx.Client) -> None:
    said = "a target of 500,000 EUR for 2025-07-01 to 2025-09-29 matches no month, quarter or year and is not counted"
    page = client.get("/forecast?period=quarter", headers=HTML).text
    assert f"<li>{said}: it would have to end on 2025-09-30</li>" in page
    assert said not in client.get("/forecast?period=next-quarter", headers=HTML).text
    chinese = client.get("/forecast?period=month", headers=HTML | {"Accept-Language": "zh-CN"}).text
    assert "与任何月、季、年都不一致，未计入：应于2025-09-30结束" in chinese


def test_the_command_shows_the_target_of_each_team_beside_that_of_the_company(
    client: httpx.Client, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEALODDS_HOME", str(folder / "home"))
    words = [
        "forecast",
        "--history",
        f"sqlite:///{folder}/deals.db",
        "--as-of",
        NOW.isoformat(),
        "--by",
        "team",
        "--past-weeks",
        "0",
    ]
    run = CliRunner().invoke(commands, words)
    assert run.exit_code == 0, run.output
    head, amounts = run.output.split("amount · 金额", 1)[1].splitlines()[1], run.output.split("wins · 赢单数")[0]
    assert head.split()[-2:] == ["target", "reached"]
    rows = {line.split()[0]: line.split()[-3:] for line in amounts.splitlines() if line.startswith("  team_")}
    assert (rows["team_2"][0], rows["team_2"][-1]) == ("1.0", "%")
    assert rows["team_1"][-2:] == ["–", "–"]


def test_a_commit_of_some_is_shown_as_theirs_and_not_as_that_of_all(client: httpx.Client) -> None:
    found = _twin(client, "/v1/reports/forecast?by=owner")
    total = found["totals"]["amount"]
    assert (total["commit"], total["commit_given"], total["committed"]) == (None, 5000, 1)
    assert {line["group"]: line["commit"] for line in found["groups"]["amount"]}["owner_03"] == 5000
    page = client.get("/forecast?by=owner", headers=HTML).text
    assert f"1 of {total['owners']} owners committed, to €5,000 together; of the others it is not known" in page
    chinese = client.get("/forecast?by=owner", headers=HTML | {"Accept-Language": "zh-CN"}).text
    assert f"{total['owners']}位负责人中有1位作出承诺" in chinese


def test_the_team_is_that_of_the_owner_as_stated(client: httpx.Client) -> None:
    lines = {line["group"]: line for line in _twin(client, "/v1/reports/forecast?by=team")["groups"]["amount"]}
    own = {line["group"]: line for line in _twin(client, "/v1/reports/forecast?by=owner")["groups"]["amount"]}
    assert lines["team_of_one"]["open"] == own["owner_03"]["open"]
    assert lines["team_of_one"]["commit"] == 5000


def test_classes_have_outcomes_and_thresholds_for_the_time_there_is(client: httpx.Client) -> None:
    found = _twin(client, "/v1/reports/classes?capacity=7")
    chance, value = found["thresholds"]["probability"], found["thresholds"]["expected_value"]
    rows = _twin(client, "/v1/opportunities?limit=200&sort=-expected_value")["opportunities"]
    values = np.array([row["expected_value"] for row in rows if row["expected_value"] is not None])
    assert value["worked"] == 7
    assert value["threshold"] == values[6]
    assert (value["of"], value["share"]) == (len(values), pytest.approx(values[:7].sum() / values.sum()))
    # Version 0 says the same of all in a stage: a threshold never leaves more than there is time for.
    assert chance["worked"] <= 7
    outcomes = found["outcomes"]
    assert outcomes["classes_from"] == "worked_out_again"
    active = next(one for one in outcomes["classes"] if one["class_key"] == "active")
    assert active["watched"] > 0
    assert sum(active["within"].values()) == active["watched"]
    assert 0 < active["rate"]["low"] < active["rate"]["high"] < 1
    assert active["mean_probability"] is None


def test_the_page_of_the_classes_says_what_its_json_says(client: httpx.Client) -> None:
    said = _twin(client, "/v1/reports/classes?capacity=7")["thresholds"]["expected_value"]["said"]
    page = client.get("/classes?capacity=7", headers=HTML).text
    assert said["en"] in page
    assert re.search(r"expected value of [\d,]+ EUR or more, 7", said["en"])
    assert "Hidden counts open opportunities on record" in page
    assert "Hidden counts accounts without an open opportunity" in client.get("/hidden-accounts", headers=HTML).text
    assert "Nobody saw them then" in page
    assert 'value="7"' in page
    chinese = client.get("/classes?capacity=7", headers=HTML | {"Accept-Language": "zh-CN"}).text
    assert said["zh-CN"] in chinese
    assert "各类机会的结果" in chinese
    for table in ("thresholds", "outcomes"):
        for kind in ("csv", "xlsx"):
            assert client.get(f"/classes/{table}.{kind}?capacity=7", headers=HTML).status_code == 200
    assert client.get("/classes/else.csv").status_code == 404
    assert client.get("/classes?capacity=0", headers=HTML).status_code == 422


def test_each_threshold_leads_to_as_many_in_the_pipeline_as_can_be_worked(client: httpx.Client) -> None:
    found = _twin(client, "/v1/reports/classes?capacity=7")["thresholds"]
    page = client.get("/classes?capacity=7", headers=HTML).text
    links = [one.replace("&amp;", "&") for one in re.findall(r'href="(/pipeline\?[^"]+)"', page)]
    asked = {one.split("?")[1].split("=")[0]: one for one in links}
    assert "currency=EUR" in asked["min_expected_value"]
    for key in ("probability", "expected_value"):
        if found[key]["threshold"] is not None:
            url = asked[f"min_{key}"]
            twin = _twin(client, url.replace("/pipeline", "/v1/opportunities"))
            assert len(twin["opportunities"]) == found[key]["worked"]
            rows = client.get(url.replace("/pipeline", "/pipeline.csv"), headers=HTML).content.decode("utf-8-sig")
            assert len(list(csv.DictReader(io.StringIO(rows)))) == found[key]["worked"]
    shown = client.get(asked["min_expected_value"], headers=HTML).text
    assert "Expected value at least" in shown
    assert "Clear all filters" in shown


def test_kept_scores_are_followed_where_they_are_old_enough(tmp_path: Path) -> None:
    known = known_as_of(simulate(60, seed=4), NOW)
    first = str(known.opportunities["opportunity_id"].iloc[0])
    with upgraded(f"sqlite:///{tmp_path}/deals.db") as database:
        with database.changing() as connection:
            row = {"opportunity_id": first, "as_of": micros_of(NOW - pd.Timedelta(days=100)), "model_version": "1"}
            said = {"through_seq": 1, "status": "ok", "probability": 0.4, "opportunity_class": "active"}
            connection.execute(insert(SCORES), [row | said | {"is_shadow": False}])
        with database.reading() as connection:
            found = class_report(pipeline_of(known, NOW), past_scores(connection, NOW))
    assert found["classes_from"] == "kept"
    active = found["classes"][0]
    assert (active["rate"]["began"], active["mean_probability"]) == (1, 0.4)


def test_sales_have_mean_median_and_trend_and_two_segments_stand_beside_each_other(client: httpx.Client) -> None:
    found = _twin(client, "/v1/reports/funnel?period=quarter&by=team&first=team_1&second=team_of_one")
    (process,) = found["processes"]
    last = process["sales"]["periods"][-1]
    assert (last["first_day"], last["days"]["count"]) == ("2025-07-01", process["funnel"]["won"])
    assert last["deals"]["mean"] > last["deals"]["median"] > 0
    assert process["sales"]["median_days"]["direction"] in ("rising", "falling", "steady")
    assert len(process["sales"]["periods"]) <= 8
    beside = found["compared"]
    assert [beside[side]["value"] for side in ("first", "second")] == ["team_1", "team_of_one"]
    success = beside["differences"][0]
    shares = [beside[side]["funnel"]["success"] for side in ("first", "second")]
    assert success["difference"] == pytest.approx(shares[0] - shares[1])
    assert _twin(client, "/v1/reports/funnel?by=team&first=team_1&second=nobody")["compared"] is None
    page = client.get("/funnel?by=team&first=team_1&second=team_of_one", headers=HTML).text
    assert '<option value="team_of_one" selected>' in page
    assert f"€{last['deals']['median']:,.0f}" in page
    twin = re.search(r'href="(/v1/reports/funnel[^"]*)"', page)
    assert twin is not None
    assert _twin(client, twin[1].replace("&amp;", "&"))["compared"] == beside
    for link in set(re.findall(r'href="(/funnel/[^"]+\.(?:csv|xlsx)[^"]*)"', page)):
        assert client.get(link.replace("&amp;", "&"), headers=HTML).status_code == 200, link


def test_a_cut_by_what_nobody_recorded_says_so(client: httpx.Client) -> None:
    found = _twin(client, "/v1/reports/funnel?period=quarter")
    cuts, uncut = found["processes"][0]["cuts"], {one["cut"]: one["only"] for one in found["uncut"]}
    assert {"priority", "repeat_purchase", "customer_type"} <= set(cuts)
    assert {one["value"] for one in cuts["repeat_purchase"]} == {"first", "repeat"}
    # Nobody assessed competitors here: it is not that there are none.
    assert uncut == {"competitor": None}
    assert "competitor present: not in the data" in client.get("/funnel", headers=HTML).text
    chinese = client.get("/funnel", headers=HTML | {"Accept-Language": "zh-CN"}).text
    assert "有竞争对手: 数据中没有" in chinese
    page = client.get("/funnel?by=repeat_purchase", headers=HTML).text
    assert "repeat purchase" in page


def test_a_manager_plans_for_a_target_of_his_own_on_page_and_in_json(client: httpx.Client) -> None:
    asked = "size_1=20&size_4=4"
    (plan,) = _twin(client, f"/v1/reports/funnel?period=quarter&{asked}")["plans"]
    example = _twin(client, "/v1/reports/funnel?period=quarter")
    assert (plan["wins"], [band["deals"] for band in plan["bands"]]) == (24, [20, 0, 0, 4])
    assert (example["plans"][0]["wins"], example["plan_is_example"]) == (38, True)
    first, usual = plan["stages"][-1], example["plans"][0]["stages"][-1]
    assert (first["rate"], first["in_hand"]) == (usual["rate"], usual["in_hand"])
    assert first["learned"] == math.ceil(24 / first["rate"]["rate"])
    page = client.get(f"/funnel?{asked}", headers=HTML).text
    assert "To win 24 deals" in page
    assert "an example, not yours" not in page
    assert re.search(r'name="size_1"[^>]*value="20"', page)
    table = client.get(f"/funnel/plan.csv?{asked}", headers=HTML).text
    assert str(first["chained"]) in table.splitlines()[-1]
    nothing = client.get("/v1/reports/funnel?size_1=0")
    assert nothing.status_code == 422
    assert "a target of 0 deals" in nothing.json()["detail"]
