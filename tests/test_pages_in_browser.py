"""The pages in a real Chromium without a window: as a manager uses them, with axe looking on, and pictures kept.

Pictures of every page are written to ``DEALODDS_SCREENSHOTS``, or ``build/screenshots``.
"""

from __future__ import annotations

import csv
import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.managers import JUDGED, managers_service
from tests.services import KEY

ROOT = Path(__file__).parents[1]
AXE = ROOT / "tests" / "vendored" / "axe-core" / "axe.min.js"
PICTURES = Path(os.environ.get("DEALODDS_SCREENSHOTS", ROOT / "build" / "screenshots"))
PAGES = {
    "pipeline": "/pipeline",
    "opportunity": f"/opportunities/{JUDGED}",
    "forecast": "/forecast?by=team",
    "learned-vs-fixed": "/learned-vs-fixed",
    "forecast-by-owner": "/forecast?by=owner",
    "funnel": "/funnel",
    "classes": "/classes?capacity=20",
    "people": "/people",
    "hidden-accounts": "/hidden-accounts?class=hidden",
    "model": "/model",
    "nothing": "/nothing",
    "filtered-to-nothing": "/pipeline?owner=nobody",
}
DESK, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
Visit = Callable[..., AbstractContextManager[Page]]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with managers_service(tmp_path_factory.mktemp("managers")) as (client, _):
        yield str(client.base_url)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        pytest.skip("CHROMIUM IS NOT INSTALLED: no page is tested in a browser; as root: apt-get install chromium")
    with sync_playwright() as playwright:
        # Its own sandbox does not run as root, as in a container of CI.
        options = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=found, args=options)
        yield browser
        browser.close()


@pytest.fixture
def visit(chromium: Browser, address: str) -> Visit:
    """Open a window; nothing may be asked of another machine, and nothing may be written to the console."""

    @contextmanager
    def opened(sign_in: bool = True, **about: Any) -> Iterator[Page]:
        context = chromium.new_context(base_url=address, viewport=about.pop("viewport", DESK), **about)
        page, asked, complaints = context.new_page(), [], []
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: complaints.append(message.text) if message.type != "log" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        if sign_in:
            page.goto("/login")
            page.fill("#key", KEY)
            page.press("#key", "Enter")
            page.wait_for_url("**/pipeline")
        yield page
        assert [url for url in asked if not url.startswith((address, "blob:"))] == []
        assert [text for text in complaints if "Failed to load resource" not in text] == []
        context.close()

    return opened


def violations(page: Page) -> list[str]:
    """What axe finds on a page, every rule of it."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
    return [f"{rule['id']}: {node['html'][:200]}" for rule in found for node in rule["nodes"]]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_axe_finds_nothing_on_any_page_and_pictures_are_kept(visit: Visit, language: str, scheme: str) -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    with visit(sign_in=False, locale=language, color_scheme=scheme) as page:
        page.goto("/login")
        assert violations(page) == []
        page.screenshot(path=PICTURES / f"login.{language}.{scheme}.png")
    with visit(locale=language, color_scheme=scheme) as page:
        for name, path in PAGES.items():
            page.goto(path)
            assert violations(page) == [], name
            page.screenshot(path=PICTURES / f"{name}.{language}.{scheme}.png", full_page=True)


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_a_phone_shows_every_page_without_scrolling_sideways(visit: Visit, language: str) -> None:
    with visit(locale=language, viewport=PHONE, has_touch=True, is_mobile=True) as page:
        for name, path in PAGES.items():
            page.goto(path)
            wide = page.evaluate("document.documentElement.scrollWidth")
            assert wide <= PHONE["width"], name
            assert violations(page) == [], name
            page.screenshot(path=PICTURES / f"{name}.{language}.phone.png", full_page=True)


def test_a_manager_signs_in_filters_opens_an_opportunity_and_follows_a_reason(visit: Visit) -> None:
    with visit(sign_in=False, locale="en") as page:
        page.goto("/pipeline?sort=-amount")
        expect(page).to_have_url(re.compile(r"/login\?next="))
        page.fill("#key", "a wrong key")
        page.press("#key", "Enter")
        expect(page.get_by_role("alert")).to_contain_text("not accepted")
        page.fill("#key", KEY)
        page.get_by_role("button", name="Sign in").click()
        expect(page).to_have_url(re.compile(r"/pipeline\?sort=-amount$"))
        expect(page.locator("table.list tbody th a").first).to_have_text(JUDGED)  # a million in one deal
        page.get_by_label("Team").select_option("north")
        page.get_by_role("button", name="Show").click()
        expect(page).to_have_url(re.compile(r"team=north"))
        expect(page.locator("table.list tbody tr")).to_have_count(1)
        page.get_by_role("button", name="why?").click()
        expect(page.locator("tr.reasons li").first).to_be_visible()
        page.get_by_role("link", name=JUDGED, exact=True).click()
        expect(page.get_by_role("heading", name=JUDGED)).to_be_visible()
        first = page.locator(".waterfall details").first
        expect(first.locator("li").first).to_be_hidden()
        first.locator("summary").click()
        expect(first.locator("li").first).to_be_visible()
        expect(page.get_by_text("the budget is cut")).to_be_visible()
        page.get_by_role("button", name="Sign out").click()
        page.goto("/pipeline")
        expect(page).to_have_url(re.compile("/login"))


def test_what_is_shown_of_reasons_adds_up_from_the_typical_opportunity_to_this_one(visit: Visit) -> None:
    with visit(locale="en") as page:
        page.goto(f"/opportunities/{JUDGED}")
        shown = page.locator(".waterfall tbody .figure").all_inner_texts()
        points = [round(10 * float(text.replace("\u2212", "-"))) for text in shown]
        assert sum(points[:-1]) == points[-1]
        assert f"{points[-1] / 10:.1f}%" in page.locator(".tile.main .big").inner_text()
        for row, whole in zip(page.locator(".waterfall tbody tr:not(.sum)").all(), points[1:-1], strict=True):
            parts = row.locator("li b").evaluate_all("all => all.map(one => one.textContent)")
            assert sum(round(10 * float(text.replace("\u2212", "-"))) for text in parts) == whole
        changes = page.locator("section[aria-labelledby=changed] > .sentences > li > b").all_inner_texts()
        said = re.findall(r"(\d+\.\d) points", page.locator("section[aria-labelledby=changed] > p").first.inner_text())
        moved = sum(round(10 * float(text.replace("\u2212", "-"))) for text in changes)
        assert round(10 * float(said[0])) + moved == round(10 * float(said[1]))
        assert moved != 0
        page.goto(f"/opportunities/{JUDGED}/reasons")
        named = page.locator("li b").all_inner_texts()
        lines = sum(round(10 * float(text.replace("\u2212", "-"))) for text in named)
        assert points[0] + lines == points[-1], "what is not named stands as everything else"


def test_the_forecast_is_compared_with_the_fixed_weights_and_shows_what_its_json_says(visit: Visit) -> None:
    with visit(locale="en") as page:
        page.get_by_role("link", name="Forecast", exact=True).click()
        page.get_by_role("link", name="number of wins").click()
        twin = page.request.get(page.get_by_role("link", name="This page as JSON").get_attribute("href") or "").json()
        total = twin["totals"]["count"]
        expect(page.locator(".tile.main .big")).to_have_text(f"{total['median']:,.1f}".removesuffix(".0"))
        page.get_by_role("link", name="by team").click()
        expect(page.locator("table.list tbody tr")).to_have_count(5)
        page.get_by_role("link", name="Learned vs fixed").click()
        expect(page.locator("section h2").first).to_have_text("Where the learned forecast lost")
        expect(page.get_by_text("too few weeks to judge")).to_be_visible()
        said = page.request.get("/v1/reports/comparison").json()["findings"]
        whole = [one for one in said if one["by"] is None]
        assert whole
        for one in whole:
            expect(page.locator(".findings")).to_contain_text(one["en"])


def test_every_past_week_is_drawn_with_its_band_and_taken_along_as_a_table(visit: Visit) -> None:
    with visit(locale="en") as page:
        page.goto("/learned-vs-fixed")
        twin = page.request.get("/v1/reports/comparison").json()
        figures = page.locator("figure.weekly")
        expect(figures).to_have_count(len(twin["series"]))
        for at in range(len(twin["series"])):
            for kind in ("polygon.band", "polyline.came", "polyline.learned", "polyline.fixed_weights"):
                corners = (figures.nth(at).locator(kind).get_attribute("points") or "").split()
                assert len(corners) == len(twin["series"][at]["weeks"]) * (2 if "band" in kind else 1)
        expect(page.get_by_text("independent periods among 3 weeks: about 1")).to_be_visible()
        expect(page.locator("section[aria-labelledby=whole]")).to_contain_text(twin["rule_counted"]["en"])
        page.get_by_text("Week by week: number of wins").click()
        shown = page.locator("details[open] tbody tr")
        counts = [week for one in twin["series"] if one["measure"] == "count" for week in one["weeks"]]
        expect(shown).to_have_count(len(counts))
        for measure in ("count", "amount"):
            for kind in ("csv", "xlsx"):
                assert page.request.get(f"/learned-vs-fixed/weeks-{measure}.{kind}").ok
        text = page.request.get("/learned-vs-fixed/weeks-count.csv").text()
        assert len(text.strip().splitlines()) == len(counts) + 1
        assert text.splitlines()[0].endswith(
            "Week,Scope,Came,Learned forecast,80% low,80% high,Fixed weights,Stage rates"
        )


def test_the_funnel_plans_the_worked_example_to_the_unit_beside_what_is_learned(visit: Visit) -> None:
    with visit(locale="en") as page:
        page.get_by_role("link", name="Funnel", exact=True).click()
        rows = page.locator("section[aria-labelledby=plan] table").first.locator("tbody tr")
        chained = [row.locator("td").nth(1).inner_text() for row in rows.all()]
        assert chained == ["51", "102", "102", "408", "408"]
        expect(page.locator("section[aria-labelledby=plan]")).to_contain_text("both cannot be true")
        page.locator("#size-1").fill("4")
        page.locator("#size-2").fill("0")
        page.get_by_role("button", name="Plan", exact=True).click()
        expect(page.locator("section[aria-labelledby=plan]")).to_contain_text("To win 7 deals")
        chained = [row.locator("td").nth(1).inner_text() for row in rows.all()]
        assert chained == ["10", "20", "20", "80", "80"]
        page.get_by_role("link", name="by customer type").click()
        expect(page.locator("section[aria-labelledby=cut] tbody th", has_text="existing customer")).to_be_visible()
        page.get_by_role("link", name="People", exact=True).click()
        expect(page.get_by_text("no judgement of a person")).to_be_visible()
        twin = page.request.get("/v1/reports/people").json()
        expect(page.locator("section[aria-labelledby=owners] tbody tr")).to_have_count(len(twin["owners"]))
        page.locator("section[aria-labelledby=owners] tbody th a").first.click()
        expect(page).to_have_url(re.compile(r"/pipeline\?owner="))


def test_the_language_is_switched_by_a_link_and_stays(visit: Visit) -> None:
    with visit(locale="en") as page:
        page.goto("/pipeline?sort=-amount")
        page.get_by_role("link", name="简体中文").click()
        expect(page).to_have_url(re.compile(r"/pipeline\?sort=-amount$"))
        expect(page.get_by_role("heading", level=1)).to_have_text("商机清单")
        page.goto("/model")
        expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
        page.get_by_role("link", name="English").click()
        expect(page.locator("html")).to_have_attribute("lang", "en")


def test_a_table_is_taken_along_in_chinese(visit: Visit) -> None:
    with visit(locale="zh-CN") as page:
        page.goto("/pipeline?sort=-amount")
        with page.expect_download() as waiting:
            page.locator(".files").get_by_role("link", name="CSV").click()
        assert waiting.value.suggested_filename == "pipeline.csv"
        content = Path(waiting.value.path()).read_bytes()
        assert content.startswith("\ufeff".encode())
        rows = list(csv.reader(content.decode("utf-8-sig").splitlines()))
        assert rows[0][0] == "商机"
        assert (rows[1][0], rows[1][2]) == (JUDGED, "'=cmd()")


def test_every_page_is_used_with_the_keyboard_alone(visit: Visit) -> None:
    with visit(locale="en") as page:
        page.goto("/pipeline")
        page.keyboard.press("Tab")
        expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.locator("main")).to_be_focused()
        button = page.locator("button.why").first
        button.focus()
        page.keyboard.press("Enter")
        expect(page.locator("tr.reasons")).to_be_visible()
        expect(button).to_have_attribute("aria-expanded", "true")
        page.keyboard.press("Enter")
        expect(page.locator("tr.reasons")).to_have_count(0)


def test_pages_work_without_scripts(visit: Visit) -> None:
    with visit(locale="en", java_script_enabled=False) as page:
        page.goto("/pipeline")
        expect(page.locator("button.why").first).to_be_hidden()
        page.locator("table.list tbody th a").first.click()
        expect(page.locator(".waterfall")).to_be_visible()


def test_a_page_is_printed_clean(visit: Visit, tmp_path: Path) -> None:
    with visit(locale="en") as page:
        page.goto("/pipeline")
        page.emulate_media(media="print")
        for hidden in (".filters", ".top nav", "footer", "button.why >> nth=0"):
            expect(page.locator(hidden)).to_be_hidden()
        expect(page.locator("table.list thead")).to_be_visible()
        assert page.pdf(format="A4").startswith(b"%PDF")


def test_the_pictures_of_the_model_are_drawn(visit: Visit) -> None:
    with visit(locale="zh-CN") as page:
        page.goto("/model")
        pictures = page.locator("figure.picture img")
        expect(pictures.first).to_be_visible()
        widths = pictures.evaluate_all("all => Promise.all(all.map(one => one.decode().then(() => one.naturalWidth)))")
        assert len(widths) >= 2
        assert all(width > 100 for width in widths)
        log = page.locator("section[aria-labelledby=log] tbody tr")
        expect(log).to_have_count(2)
        expect(log.first).to_contain_text("未升级")
