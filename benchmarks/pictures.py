"""The pictures of the README: the demonstration's pages as Chromium shows them.

    dealodds demo --no-serve
    python benchmarks/pictures.py

Serves what the demonstration left in ``dealodds-data/demo`` (another folder may be named) with uvicorn on a free
port, waits for the work list, and writes ``api/pages/pictures/NAME.LANGUAGE.png``. With ``--all FOLDER`` every page
is written there too, in whole.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from PIL import Image
from playwright.sync_api import Browser, sync_playwright

sys.path.insert(0, str(Path(__file__).parents[1]))

from api.app import create_app
from api.settings import Settings
from features.history.database.engine import Database
from tests.services import GOOD_FOR_ALL, KEY, serving

OUT = Path(__file__).parents[1] / "api" / "pages" / "pictures"
LANGUAGES = ("en", "zh-CN")
SIZE = {"width": 1180, "height": 2000}
PICTURES = {"pipeline": "/pipeline?class=active&sort=-expected_value", "learned-vs-fixed": "/learned-vs-fixed"}
LAST = {"pipeline": "table.list tbody tr >> nth=5", "learned-vs-fixed": ".findings"}
"""What is the last to be in the picture."""
PAGES = {
    "pipeline": "/pipeline",
    "forecast": "/forecast",
    "forecast-stage": "/forecast?by=stage&measure=count",
    "learned-vs-fixed": "/learned-vs-fixed",
    "funnel": "/funnel",
    "classes": "/classes",
    "people": "/people",
    "hidden-accounts": "/hidden-accounts",
    "model": "/model",
}
LARGEST = 200_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("home", nargs="?", type=Path, default=Path("dealodds-data/demo"))
    parser.add_argument("--all", dest="everything", type=Path)
    asked = parser.parse_args()
    with served(asked.home) as client, sync_playwright() as playwright:
        options = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=options)
        for language in LANGUAGES:
            take(browser, client, language, PICTURES, OUT, whole=False)
            if asked.everything is not None:
                first = client.get("/v1/opportunities", params={"sort": "-expected_value", "limit": 1}).json()
                own = {"opportunity": f"/opportunities/{first['opportunities'][0]['opportunity_id']}"}
                take(browser, client, language, PAGES | own, asked.everything, whole=True)
        browser.close()


@contextmanager
def served(home: Path) -> Iterator[httpx.Client]:
    """Serve the demonstration's database and champion, and wait until it has a work list."""
    database = Database(f"sqlite:///{home.absolute()}/dealodds.db")
    app = create_app(
        home / "champion",
        api_keys=[GOOD_FOR_ALL],
        authenticate=True,
        database=database,
        settings=Settings(DEALODDS_HOME=home),
        keeps_lists=True,
    )
    with serving(app) as client:
        while client.get("/v1/opportunities").status_code == 503:
            time.sleep(1)
        yield client
    database.close()


def take(
    browser: Browser, client: httpx.Client, language: str, pages: dict[str, str], folder: Path, whole: bool
) -> None:
    """Sign in and write a picture of each page."""
    folder.mkdir(parents=True, exist_ok=True)
    context = browser.new_context(base_url=str(client.base_url), viewport=SIZE, locale=language, color_scheme="light")
    page = context.new_page()
    page.goto("/login")
    page.fill("#key", KEY)
    page.press("#key", "Enter")
    page.wait_for_url("**/pipeline")
    for name, path in pages.items():
        answer = page.goto(path)
        assert answer is not None
        assert answer.ok, f"{path}: {answer.status}"
        file = folder / f"{name}.{language}.png"
        if whole:
            page.screenshot(path=file, full_page=True)
        else:
            last = page.locator(LAST[name]).bounding_box()
            assert last is not None
            page.screenshot(
                path=file, clip={"x": 0, "y": 0, "width": SIZE["width"], "height": last["y"] + last["height"]}
            )
            # Few colours, and the rare ones count: a palette is a third of the size.
            found = Image.open(file).convert("RGB").quantize(256, Image.Quantize.MAXCOVERAGE)
            found.save(file, optimize=True)
        size = file.stat().st_size
        assert whole or size <= LARGEST, f"{file}: {size:,} bytes"
        print(f"{size:,} bytes in {file}")
    context.close()


if __name__ == "__main__":
    main()
