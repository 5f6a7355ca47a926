"""The managers' pages over HTTP: who may see them, what they say, and what can be taken along."""

from __future__ import annotations

import csv
import io
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import openpyxl
import pytest

from api.app import create_app
from api.sessions import COOKIE
from api.settings import Settings
from api.store.keys import create_key, revoke_key
from features.history.database.engine import Database
from tests.databases import upgraded
from tests.pipelines import Pipeline
from tests.services import live_service, serving

BROWSER = {"Accept": "text/html,application/xhtml+xml"}
PAGES = ("/pipeline", "/classes", "/hidden-accounts", "/model", "/opportunities/a")


@pytest.fixture
def pipeline(tmp_path: Path) -> Iterator[Pipeline]:
    with upgraded(f"sqlite:///{tmp_path}/deals.db") as database:
        yield Pipeline(database)


@contextmanager
def browser(pipeline: Pipeline, home: Path, **more: Any) -> Iterator[httpx.Client]:
    """Somebody without a key, who asks as browsers do."""
    settings = Settings(DEALODDS_HOME=home)
    with live_service(pipeline.database, clock=pipeline.now, settings=settings, **more) as client:
        del client.headers["Authorization"]
        client.headers.update(BROWSER)
        yield client


def sign_in(client: httpx.Client, key: str, **more: str) -> httpx.Response:
    form = client.get("/login")
    token = re.search(r'name="token" value="([^"]+)"', form.text)
    assert token is not None
    return client.post("/login", data={"token": token[1], "key": key, "next": "/pipeline"} | more)


@pytest.fixture
def reader(pipeline: Pipeline, tmp_path: Path) -> Iterator[httpx.Client]:
    """Somebody signed in, in front of a list of four."""
    pipeline.open("a", "proposal", 1000.0, currency="EUR", owner_id="kim", team="north")
    pipeline.open("b", "negotiation", 1_000_000.0, currency="CNY", owner_id="=1+1", team="south")
    pipeline.open("c/d", "contacted", None)
    pipeline.open("<script>alert(1)</script>", "contacted", 5.0)
    pipeline.refresher().refresh()
    _, key = create_key(pipeline.database, "reader", ["read"], "test", pipeline.now)
    with browser(pipeline, tmp_path / "home") as client:
        assert sign_in(client, key).status_code == 303
        yield client


def test_without_a_session_every_page_leads_to_the_sign_in_and_from_there_back(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    pipeline.open("a")
    pipeline.refresher().refresh()
    _, key = create_key(pipeline.database, "reader", ["read"], "test", pipeline.now)
    with browser(pipeline, tmp_path) as client:
        for path in PAGES:
            answer = client.get(path)
            assert (answer.status_code, answer.headers["location"]) == (303, f"/login?next={path.replace('/', '%2F')}")
        assert client.get("/pipeline", headers={"Accept": "*/*"}).status_code == 401
        answer = sign_in(client, key, next="/pipeline?class=active")
        assert (answer.status_code, answer.headers["location"]) == (303, "/pipeline?class=active")
        assert [client.get(path).status_code for path in PAGES] == [200] * len(PAGES)
        assert client.get("/").headers["location"] == "/pipeline"


def test_the_cookie_is_guarded_and_has_nothing_of_the_key(pipeline: Pipeline, tmp_path: Path) -> None:
    _, key = create_key(pipeline.database, "reader", ["read"], "test", pipeline.now)
    with browser(pipeline, tmp_path / "home") as client:
        written = sign_in(client, key).headers.get_list("set-cookie")
        (session,) = [text for text in written if text.startswith(COOKIE)]
    assert "HttpOnly" in session
    assert "SameSite=lax" in session
    assert key not in session
    assert stat.S_IMODE((tmp_path / "home" / "session-secret").stat().st_mode) == 0o600


def test_over_https_the_cookie_is_sent_over_https_only(pipeline: Pipeline, tmp_path: Path) -> None:
    with browser(pipeline, tmp_path) as client:
        client.headers["X-Forwarded-Proto"] = "https"  # as a proxy on this machine says it
        form = client.get("/login")
        (kept,) = form.headers.get_list("set-cookie")
    assert "Secure" in kept
    assert "SameSite=strict" in kept


def test_a_key_that_is_revoked_ends_its_sessions(
    pipeline: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.key_ring.FRESH_SECONDS", 0.0)
    pipeline.refresher().refresh()
    key_id, key = create_key(pipeline.database, "reader", ["read"], "test", pipeline.now)
    with browser(pipeline, tmp_path) as client:
        sign_in(client, key)
        assert client.get("/pipeline").status_code == 200
        revoke_key(pipeline.database, key_id, "test", pipeline.now)
        assert client.get("/pipeline").headers["location"].startswith("/login")


def test_a_key_that_may_not_read_or_is_unknown_is_refused_in_words(pipeline: Pipeline, tmp_path: Path) -> None:
    _, key = create_key(pipeline.database, "scorer", ["score", "write", "admin"], "test", pipeline.now)
    with browser(pipeline, tmp_path) as client:
        answer = sign_in(client, key)
        assert (answer.status_code, COOKIE in client.cookies) == (403, False)
        assert "lacks the scope read" in answer.text
        answer = sign_in(client, "unknown")
        assert (answer.status_code, COOKIE in client.cookies) == (403, False)
        assert "not accepted" in answer.text


def test_only_our_own_form_signs_in_and_out(reader: httpx.Client, pipeline: Pipeline) -> None:
    _, key = create_key(pipeline.database, "another", ["read"], "test", pipeline.now)
    with httpx.Client(base_url=reader.base_url, headers=BROWSER) as elsewhere:
        assert elsewhere.post("/login", data={"key": key, "token": "made up"}).status_code == 403
        token = re.findall(r'name="token" value="([^"]+)"', elsewhere.get("/login").text)[0]
        said = {"key": key, "token": token}
        assert httpx.post(f"{reader.base_url}/login", data=said, headers=BROWSER).status_code == 403
        crossed = elsewhere.post("/login", data=said, headers={"Sec-Fetch-Site": "cross-site"})
        assert crossed.status_code == 403
        assert elsewhere.post("/login", data=said).status_code == 303
    assert reader.post("/logout", data={"token": token}).status_code == 403
    assert reader.get("/pipeline").status_code == 200
    own = re.findall(r'name="token" value="([^"]+)"', reader.get("/pipeline").text)[0]
    assert reader.post("/logout", data={"token": own}).headers["location"] == "/login"
    assert reader.get("/pipeline").status_code == 303


def test_a_session_changes_nothing_and_reads_nothing_but_what_its_key_may(reader: httpx.Client) -> None:
    assert reader.get("/v1/opportunities").status_code == 200
    refused = {
        ("POST", "/v1/events"): 401,
        ("POST", "/v1/scores"): 401,
        ("PUT", "/v1/opportunities/a"): 401,
        ("PUT", "/v1/opportunities/a/judgement"): 401,
        ("GET", "/v1/audit-log"): 401,
        ("GET", "/v1/models/champion"): 401,
    }
    found = {(m, p): reader.request(m, p, headers={"Accept": "*/*"}).status_code for m, p in refused}
    assert found == refused


def test_a_cookie_that_was_made_up_or_changed_is_no_session(reader: httpx.Client) -> None:
    cookie = reader.cookies[COOKIE]
    for wrong in ("", "x", cookie[:-2] + "xx", "." + cookie):
        answer = httpx.get(f"{reader.base_url}/pipeline", headers=BROWSER | {"Cookie": f"{COOKIE}={wrong}"})
        assert answer.status_code == 303, wrong


@pytest.mark.parametrize("target", ["//elsewhere.example", "https://elsewhere.example", "/\\elsewhere.example", "x"])
def test_sign_in_leads_nowhere_else(pipeline: Pipeline, tmp_path: Path, target: str) -> None:
    _, key = create_key(pipeline.database, "reader", ["read"], "test", pipeline.now)
    with browser(pipeline, tmp_path) as client:
        assert sign_in(client, key, next=target).headers["location"] == "/pipeline"


def test_every_page_forbids_scripts_and_styles_within_it_and_has_none(reader: httpx.Client) -> None:
    for path in (*PAGES, "/login", "/nothing"):
        answer = reader.get(path)
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy, path
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
        assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?! src=)|https?://", answer.text), path


def test_what_customers_wrote_is_shown_as_text(reader: httpx.Client) -> None:
    text = reader.get("/pipeline").text
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text


def test_the_page_shows_the_figures_of_its_json(reader: httpx.Client) -> None:
    page = reader.get("/pipeline?team=north").text
    twin = re.search(r'href="(/v1/opportunities[^"]*)"', page)
    assert twin is not None
    (row,) = reader.get(twin[1].replace("&amp;", "&"), headers={"Accept": "*/*"}).json()["opportunities"]
    assert row["opportunity_id"] == "a"
    assert f"<b>{100 * row['win_probability']:.0f}%</b>" in page
    assert f"€{row['expected_value']:,.0f}" in page
    own = reader.get("/opportunities/a").text
    score = reader.get("/v1/opportunities/a/score").json()["score"]
    assert f"{100 * score['win_probability']:.1f}%" in own


@pytest.mark.parametrize(
    ("asked", "language"),
    [("zh-CN,zh;q=0.9", "zh-CN"), ("zh-TW", "zh-CN"), ("en-US,zh;q=0.5", "en"), ("de", "en"), ("", "en")],
)
def test_the_language_is_what_the_browser_prefers(reader: httpx.Client, asked: str, language: str) -> None:
    text = reader.get("/pipeline", headers={"Accept-Language": asked}).text
    assert f'<html lang="{language}">' in text
    assert ("期望金额" in text) == (language == "zh-CN")


def test_a_language_that_was_chosen_stays_and_the_address_stays_what_can_be_shared(reader: httpx.Client) -> None:
    answer = reader.get("/pipeline?owner=&sort=-amount&lang=zh-CN&team=north")
    assert (answer.status_code, answer.headers["location"]) == (303, "/pipeline?sort=-amount&team=north")
    text = reader.get("/opportunities/a").text
    assert '<html lang="zh-CN">' in text
    assert "赢单概率" in text
    assert reader.get("/pipeline?lang=xx").headers["location"] == "/pipeline"


def test_filters_sorting_and_pages_are_links(reader: httpx.Client) -> None:
    text = reader.get("/pipeline?limit=2&sort=-amount").text
    assert 'aria-sort="descending"><a href="/pipeline?limit=2&amp;sort=amount">' in text
    after = re.search(r'<a href="([^"]+)" rel="next">', text)
    assert after is not None
    rest = reader.get(after[1].replace("&amp;", "&")).text
    names = re.compile(r'<th scope="row" data-label=""><a href="([^"]+)">')
    assert names.findall(text) == ["/opportunities/b", "/opportunities/a"]
    assert set(names.findall(rest)) == {
        "/opportunities/c%2Fd",
        "/opportunities/%3Cscript%3Ealert%281%29%3C%2Fscript%3E",
    }
    assert '<option value="north" selected>' in reader.get("/pipeline?team=north&class=active").text
    assert "No open opportunity is like this" in reader.get("/pipeline?owner=nobody").text


def test_all_rows_are_taken_along_and_no_spreadsheet_takes_words_for_formulas(reader: httpx.Client) -> None:
    answer = reader.get("/pipeline.csv?sort=-amount")
    assert answer.content.startswith("\ufeff".encode())
    assert 'filename="pipeline.csv"' in answer.headers["content-disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [row["Opportunity"] for row in rows[:2]] == ["b", "a"]
    assert len(rows) == 4
    assert rows[0]["Owner"] == "'=1+1"
    assert (float(rows[1]["Win probability"]), rows[1]["Amount (ISO 4217)"]) == (0.5, "EUR")
    book = openpyxl.load_workbook(io.BytesIO(reader.get("/pipeline.xlsx?sort=-amount").content))
    cells = list(book.active.iter_rows())
    assert [cell.value for cell in cells[0]][:3] == ["Opportunity", "Account", "Owner"]
    assert (cells[1][2].value, cells[1][2].data_type) == ("=1+1", "s")
    assert (cells[2][7].value, cells[2][7].number_format) == (0.5, "0.0%")
    heads = [cell.value for cell in cells[0]]
    assert cells[1][heads.index("Amount")].number_format == "#,##0"
    chinese = reader.get("/pipeline.csv", headers={"Accept-Language": "zh"}).content.decode("utf-8-sig")
    assert chinese.startswith("商机,客户,负责人")


def test_a_list_of_several_pages_is_taken_along_whole(reader: httpx.Client, pipeline: Pipeline) -> None:
    for number in range(205):
        pipeline.open(f"more-{number:03d}", None)
    pipeline.refresher().refresh()
    rows = list(csv.reader(io.StringIO(reader.get("/pipeline.csv").content.decode("utf-8-sig"))))
    assert len({row[0] for row in rows[1:]}) == len(rows) - 1 == 209


def test_every_table_of_every_page_can_be_taken_along(reader: httpx.Client) -> None:
    for path in PAGES:
        links = re.findall(r'href="([^"]+\.(?:csv|xlsx)[^"]*)"', reader.get(path).text)
        assert links or path == "/hidden-accounts", path
        for link in links:
            answer = reader.get(link.replace("&amp;", "&"))
            assert answer.status_code == 200, link
            assert "attachment" in answer.headers["content-disposition"]


def test_what_was_not_worked_out_yet_is_not_offered_and_says_how_it_is(reader: httpx.Client) -> None:
    text = reader.get("/pipeline").text
    assert 'href="/model"' in text
    assert 'href="/forecast"' not in text
    assert 'href="/learned-vs-fixed"' not in text
    for path in ("/forecast", "/learned-vs-fixed", "/funnel", "/people"):
        answer = reader.get(path)
        assert answer.status_code == 404
        assert "dealodds reports" in answer.text


def test_before_there_is_a_list_and_with_nothing_open_pages_say_so(pipeline: Pipeline, tmp_path: Path) -> None:
    _, key = create_key(pipeline.database, "reader", ["read"], "test", pipeline.now)
    with browser(pipeline, tmp_path) as client:
        sign_in(client, key)
        answer = client.get("/pipeline")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "10")
        assert "still being worked out" in answer.text
        pipeline.refresher().refresh()
        assert "No opportunity is open" in client.get("/pipeline").text
        assert "No account without an open opportunity is scored" in client.get("/hidden-accounts").text
        assert "No decision was made yet" in client.get("/model").text


def test_what_is_not_there_is_told_on_a_page_in_the_language(reader: httpx.Client) -> None:
    wanted = {"/opportunities/nobody": 404, "/nothing": 404, "/pipeline?who=1": 422, "/opportunities/a/x.csv": 404}
    for path, status in wanted.items():
        answer = reader.get(path, headers={"Accept-Language": "zh"})
        assert answer.status_code == status, path
        assert answer.headers["content-type"].startswith("text/html")
        assert '<html lang="zh-CN">' in answer.text
    assert reader.get("/v1/opportunities/nobody/score").headers["content-type"] == "application/problem+json"


def test_a_cursor_of_an_earlier_list_leads_to_the_first_page(reader: httpx.Client, pipeline: Pipeline) -> None:
    after = re.search(r'<a href="([^"]+)" rel="next">', reader.get("/pipeline?limit=2").text)
    assert after is not None
    pipeline.now.pass_by(days=2)
    pipeline.refresher().refresh()
    answer = reader.get(after[1].replace("&amp;", "&"))
    assert answer.status_code == 410
    assert '<a href="/pipeline">First page</a>' in answer.text


def test_a_closed_opportunity_has_no_probability_and_its_history_stays(
    reader: httpx.Client, pipeline: Pipeline
) -> None:
    pipeline.tell({"type": "stage_change", "opportunity_id": "a", "stage": "lost"})
    text = reader.get("/opportunities/a").text
    assert "it is lost" in text
    assert '<span class="label">Win probability</span>' not in text
    assert "Scores so far" in text


def test_the_close_date_that_was_stated_stands_on_the_page_beside_the_learned_one(
    reader: httpx.Client, pipeline: Pipeline
) -> None:
    assert "Stated close" not in reader.get("/opportunities/a").text
    change = {"type": "field_change", "opportunity_id": "a", "field": "expected_close_date"}
    pipeline.tell(change | {"value": "2031-03-31"})
    text = reader.get("/opportunities/a").text
    assert re.search(r"<dt>Stated close</dt><dd>31 Mar 2031</dd>", text)


def test_without_keys_this_machine_sees_the_pages_at_once(database: Database) -> None:
    pipeline = Pipeline(database)
    pipeline.open("a")
    pipeline.refresher().refresh()
    app = create_app(None, api_keys=[], authenticate=False, clock=pipeline.now, database=database)
    with serving(app) as client:
        client.headers.update(BROWSER)
        assert client.get("/pipeline").status_code == 200
        assert client.get("/login").headers["location"] == "/pipeline"
        assert client.get("/pipeline", headers={"Host": "elsewhere.example"}).status_code == 403


def test_a_key_in_a_header_takes_a_table_along_without_a_session(reader: httpx.Client, pipeline: Pipeline) -> None:
    _, key = create_key(pipeline.database, "script", ["read"], "test", pipeline.now)
    answer = httpx.get(f"{reader.base_url}/pipeline.csv", headers={"X-API-Key": key})
    assert answer.status_code == 200
    assert httpx.get(f"{reader.base_url}/pipeline.csv").status_code == 401


def test_files_of_the_pages_are_kept_by_browsers_and_change_their_address_with_their_content(
    reader: httpx.Client,
) -> None:
    (style,) = re.findall(r'href="(/assets/pages.css\?v=\w+)"', reader.get("/pipeline").text)
    answer = httpx.get(f"{reader.base_url}{style}")
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["content-type"].startswith("text/css")
    assert httpx.get(f"{reader.base_url}/assets/..%2Fheaders.py").status_code == 404


def test_the_pipeline_says_what_all_that_is_filtered_comes_to(reader: httpx.Client, pipeline: Pipeline) -> None:
    pipeline.open("e", "proposal", 3000.0, currency="EUR", owner_id="kim", team="north")
    pipeline.open("f", "identified", None, currency="EUR", owner_id="kim", team="north")
    pipeline.refresher().refresh()
    json = {"Accept": "application/json"}
    found = reader.get("/v1/opportunities?team=north&limit=1", headers=json).json()
    euro = {"currency": "EUR", "opportunities": 3, "without_amount": 1, "amount": 4000}
    (sums,) = found["totals"]["currencies"]
    # Version 0 says what the fixed weights say.
    assert sums == euro | {"expected_value": 2000, "by_fixed_weights": 2000}
    assert found["totals"]["opportunities"] == 3
    assert found["totals"]["expected_wins"] == pytest.approx(1.25)
    assert reader.get(f"/v1/opportunities?team=north&limit=1&cursor={found['next_cursor']}").json()["totals"] is None
    page = reader.get("/pipeline?team=north&limit=1").text
    for text in ("€4,000", "€2,000", "1 without an amount", "Expected by fixed weights"):
        assert text in page
    after = re.search(r'<a href="([^"]+)" rel="next">', page)
    assert after is not None
    assert "€4,000" in reader.get(after[1].replace("&amp;", "&")).text
    assert "期望金额（固定权重）" in reader.get("/pipeline", headers={"Accept-Language": "zh"}).text


def test_amounts_of_several_currencies_are_not_added_up(reader: httpx.Client) -> None:
    found = reader.get("/v1/opportunities", headers={"Accept": "application/json"}).json()["totals"]
    assert {one["currency"]: one["amount"] for one in found["currencies"]} == {"EUR": 1000, "CNY": 1e6, None: 5}
    assert found["opportunities"] == 4


def test_expected_values_of_several_currencies_are_ranked_in_the_one_that_is_chosen(reader: httpx.Client) -> None:
    json = {"Accept": "application/json"}
    value = reader.get("/v1/reports/classes?capacity=1", headers=json).json()["thresholds"]["expected_value"]
    assert (value["threshold"], value["worked"]) == (None, 0)
    assert "several currencies" in value["said"]["en"]
    found = reader.get("/v1/reports/classes?capacity=1&currency=CNY", headers=json).json()
    assert (found["thresholds"]["expected_value"]["threshold"], found["outcomes"]) == (750_000, None)
    page = reader.get("/classes?capacity=1&currency=CNY").text
    assert "<option selected>CNY</option>" in page
    assert "expected value of 750,000 CNY or more, 1" in page
    assert "run dealodds reports" in page
