"""The report to mail: one file that a browser opens without any network, with the figures of the pages."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner, Result
from playwright.sync_api import Browser, expect

from api.cli import commands
from api.pages.language import language
from features.as_of import known_as_of
from features.errors import DataError, UnreadableSourceError
from features.history.directory import write_history
from features.history.simulated import simulate
from models.artifact import write_artifact
from models.exported import export_artifact
from models.kept_promotions import FILE, keep_promotions
from models.promotions import Decision
from scoring.standing import standing_at
from tests.test_pages_in_browser import PICTURES, chromium, violations
from training.candidate import make_candidate

__all__ = ["chromium"]

AS_OF = pd.Timestamp("2025-09-01", tz="UTC")
LANGUAGES = ("en", "zh-CN")
QUICK = ("--weeks", "3", "--retrain-every", "3")


def run(home: Path, *words: object) -> Result:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DEALODDS_HOME", str(home))
        return CliRunner().invoke(commands, [str(word) for word in words])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A champion, a promotion log, the reports of the pages, and the same mailed in both languages."""
    folder = tmp_path_factory.mktemp("mailed")
    home, history = folder / "home", folder / "history"
    write_history(simulate(400, seed=4), history)
    write_artifact(make_candidate(simulate(700, seed=4), AS_OF, None, lambda: 0.0).artifact, home / "made")
    export_artifact(home / "made", home / "champion", "1")
    later = Decision(AS_OF + pd.Timedelta(days=1), "2", "1", "not promoted", "gate", "decided after the report")
    keep_promotions(home / FILE, [Decision(AS_OF, "1", "0", "promoted", "gate", "it was better"), later])
    asked = ("--history", history, "--as-of", AS_OF.isoformat(), *QUICK)
    for tag in LANGUAGES:
        written = run(home, "report", *asked, "--language", tag, "--out", folder / f"report.{tag}.html")
        assert written.exit_code == 0, written.output
    assert not (home / "reports").exists()  # the pages' own stay as they are
    assert run(home, "reports", *asked).exit_code == 0
    return folder


@pytest.fixture(scope="module")
def opened(folder: Path, chromium: Browser) -> Iterator[dict[str, Any]]:
    """The files as Chromium shows them without a network; what was asked for and complained of is written down."""
    context = chromium.new_context(offline=True, viewport={"width": 1280, "height": 900})
    found: dict[str, Any] = {"asked": [], "said": []}
    for tag in LANGUAGES:
        page = context.new_page()
        page.on("request", lambda request: found["asked"].append(request.url))
        page.on("console", lambda message: found["said"].append(message.text))
        page.goto((folder / f"report.{tag}.html").as_uri())
        found[tag] = page
    yield found
    context.close()


def kept(folder: Path, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "home" / "reports" / f"{name}.json").read_text(encoding="utf-8"))
    return found


def test_nothing_is_asked_of_anybody_and_nothing_leads_out_of_the_file(opened: dict[str, Any], folder: Path) -> None:
    files = [(folder / f"report.{tag}.html").as_uri() for tag in LANGUAGES]
    assert [url for url in opened["asked"] if not url.startswith("data:image/svg+xml")] == files
    assert opened["said"] == []
    for tag in LANGUAGES:
        text = (folder / f"report.{tag}.html").read_text(encoding="utf-8")
        assert re.findall(r'\s(?:href|action|srcset)="(?!#)[^"]*"', text) == []
        assert re.findall(r'\ssrc="(?!data:)[^"]*"', text) == []
        assert not re.search(r"<script|<link|@import|url\(", text)
        assert len(text) < 2_000_000
        links = opened[tag].locator("a").evaluate_all("all => all.map(one => one.hash.slice(1))")
        assert [name for name in links if not opened[tag].locator(f"[id='{name}']").count()] == []


@pytest.mark.parametrize("tag", LANGUAGES)
def test_axe_finds_nothing_and_a_picture_is_kept(opened: dict[str, Any], tag: str) -> None:
    page = opened[tag]
    PICTURES.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=PICTURES / f"mailed-report.{tag}.png", full_page=True)
    expect(page.locator("html")).to_have_attribute("lang", tag)
    assert violations(page) == []
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.set_viewport_size({"width": 1280, "height": 900})


@pytest.mark.parametrize("tag", LANGUAGES)
def test_the_open_opportunities_stand_first_by_expected_value_with_what_all_come_to(
    opened: dict[str, Any], tag: str
) -> None:
    known = known_as_of(simulate(400, seed=4), AS_OF)
    standing = standing_at(known, AS_OF).open()
    pipeline = opened[tag].locator("#pipeline")
    rows = pipeline.locator("tbody tr")
    expect(rows).to_have_count(min(20, len(standing)))
    values = [re.sub(r"\D", "", rows.nth(place).locator("td").last.inner_text()) for place in range(5)]
    assert [int(value) for value in values] == sorted((int(value) for value in values), reverse=True)
    total = language(tag).formats.money(float(np.nansum(standing.amount)), "EUR")
    expect(pipeline.locator("dl.facts")).to_contain_text(total)


@pytest.mark.parametrize("tag", LANGUAGES)
def test_what_is_bad_comes_first_and_the_figures_are_those_of_the_pages(
    opened: dict[str, Any], folder: Path, tag: str
) -> None:
    page, formats = opened[tag], language(tag).formats
    comparison = kept(folder, "comparison")
    bad = page.locator("main > section.first")
    lost = [one for one in comparison["findings"] if one["by"] is None and one["lost"]]
    for one in lost:
        expect(bad).to_contain_text(one[tag])
    assert (
        page.locator("main section h2").first.inner_text()
        == {"en": "What is bad comes first", "zh-CN": "不足在先"}[tag]
    )
    assert bad.locator("li").count() > len(lost)
    for one in (one for one in comparison["findings"] if one["by"] is None):
        expect(page.locator("#learned-vs-fixed")).to_contain_text(one[tag])
    for period in ("month", "next-month", "quarter", "next-quarter"):
        total = kept(folder, f"forecast-{period}-team")["totals"]["amount"]
        forecast = page.locator(f"#forecast-{period}")
        expect(forecast.locator(".tile.main .big")).to_have_text(formats.money(total["median"], "EUR"))
        expect(forecast.locator(".tile .big").nth(1)).to_have_text(formats.money(total["fixed_weights"], "EUR"))
    funnel = kept(folder, "funnel-quarter")["processes"][0]["funnel"]
    shown = page.locator("#funnel-0 .tile .big").all_inner_texts()
    assert shown[:3] == [formats.number(funnel[name]) for name in ("created", "won", "lost")]
    owners = kept(folder, "people")["owners"]
    expect(page.locator("#people table.list tbody tr")).to_have_count(len(owners))
    expect(page.locator("#people")).to_contain_text(owners[0]["patterns"][0]["said"][tag])
    (classes,) = page.locator("#classes table").all()
    expect(classes.locator("tbody tr")).to_have_count(len(kept(folder, "classes")["classes"]))
    assert page.locator("#hidden-accounts table tbody tr").count() > 0


@pytest.mark.parametrize("tag", LANGUAGES)
def test_the_card_has_its_reliability_drawn_and_the_log_ends_at_the_instant(opened: dict[str, Any], tag: str) -> None:
    pictures = opened[tag].locator("#model figure.picture img")
    widths = pictures.evaluate_all("all => Promise.all(all.map(one => one.decode().then(() => one.naturalWidth)))")
    assert len(widths) >= 2
    assert all(width > 100 for width in widths)
    expect(opened[tag].locator("#model")).to_contain_text("it was better")
    expect(opened[tag].locator("#model")).not_to_contain_text("decided after the report")


def test_forecasts_are_named_as_the_pages_name_them(opened: dict[str, Any]) -> None:
    names = opened["en"].locator("ul.contents a").all_inner_texts()[1:5]
    said = ("this quarter (2025-Q3)", "this month (2025-09)", "next quarter (2025-Q4)", "next month (2025-10)")
    assert names == [f"Forecast: {one}" for one in said]
    assert opened["en"].locator("article > h1").all_inner_texts()[1:5] == names


def test_it_prints(opened: dict[str, Any]) -> None:
    page = opened["en"]
    page.emulate_media(media="print")
    assert page.pdf(format="A4").startswith(b"%PDF")
    expect(page.locator("#people table.list thead")).to_be_visible()
    page.emulate_media(media="screen")


def test_without_a_champion_the_fixed_weights_answer_and_the_file_says_so(folder: Path, tmp_path: Path) -> None:
    asked = ("--history", folder / "history", "--as-of", AS_OF.isoformat(), "--weeks", "0", "--zone", "Asia/Shanghai")
    refused = run(tmp_path / "home", "report", *asked, "--out", tmp_path / "report.html")
    assert refused.exit_code != 0
    assert "DEALODDS_HOME" in str(refused.exception) + refused.output
    written = run(tmp_path / "home", "report", *asked, "--fixed-weights", "--out", tmp_path / "report.html")
    assert written.exit_code == 0, written.output
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "version 0 of the model" in text
    assert "From 1 Jul 2025 to 30 Sept 2025 (Asia/Shanghai)" in text
    assert "Learned vs fixed is not in this report" in text
    assert "It has learned nothing" in text


def test_when_nothing_was_recorded_yet_it_is_refused_in_three_parts(folder: Path, tmp_path: Path) -> None:
    refused = run(
        tmp_path, "report", "--history", folder / "history", "--as-of", "1999-01-01", "--out", tmp_path / "report.html"
    )
    assert isinstance(refused.exception, UnreadableSourceError)
    assert refused.exception.found.startswith("no opportunity recorded by 1999-01-01")
    assert not (tmp_path / "report.html").exists()
    wrong = run(tmp_path, "report", "--history", folder, "--as-of", "2025-09-01", "--out", tmp_path / "report.pdf")
    assert (wrong.exit_code, "is not .html" in wrong.output) == (2, True)


def test_several_currencies_are_ranked_and_summed_in_that_of_the_report(tmp_path: Path) -> None:
    whole = simulate(150, seed=4)
    deals = whole.opportunities
    others = deals["opportunity_id"].iloc[::2]
    deals["currency"] = deals["currency"].where(~deals["opportunity_id"].isin(others), "JPY")
    unpriced = known_as_of(whole, AS_OF).opportunities["opportunity_id"].iloc[-1]
    fields = whole.field_history
    no_amount = (fields["field"] == "amount") & (fields["opportunity_id"] == unpriced)
    history = replace(whole, tables={**whole.tables, "field_history": fields[~no_amount].reset_index(drop=True)})
    write_history(history, tmp_path / "history")
    asked = ("report", "--history", tmp_path / "history", "--as-of", AS_OF.isoformat(), "--weeks", "0")
    asked += ("--fixed-weights", "--out", tmp_path / "report.html")
    assert isinstance(run(tmp_path, *asked).exception, DataError), "euros and yen without a rate"
    written = run(tmp_path, *asked, "--rate", "EUR", "1", "--rate", "JPY", "0.006")
    assert written.exit_code == 0, written.output
    standing = standing_at(history, AS_OF).open()
    amount = standing.amount * np.where(standing.currency == "JPY", 0.006, 1.0)
    value, counted = standing.weight * amount, ~np.isnan(amount)
    assert (unpriced in standing.ids, (~counted).sum()) == (True, 1)
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    pipeline = text[text.index('id="pipeline"') : text.index('id="forecast-quarter"')]
    rows = [re.findall(r"<td[^>]*>(.*?)</td>", row) for row in re.findall(r"<tr>(.*?)</tr>", pipeline, re.DOTALL)[1:]]
    money = language("en").formats.money
    assert [row[-1] for row in rows] == [money(one, "EUR") for one in sorted(value[counted], reverse=True)[:20]]
    assert {"JP¥", "€"} <= {row[-2].strip("0123456789,") for row in rows}, "amounts are in their own"
    for total in (amount[counted].sum(), value[counted].sum()):
        assert f"<dd>{money(total, 'EUR')}</dd>" in pipeline
    assert "1 without an amount" in pipeline
    assert "Expected values and sums are in EUR" in pipeline
