"""An error that nobody expected, as a browser is told of it: on a page, in the language, with nothing of the inside."""

from __future__ import annotations

import pandas as pd
import pytest

from api.app import create_app
from features.errors import DealoddsError
from features.history.database.engine import Database
from tests.services import GOOD_FOR_ALL, serving

MARK = "Acme-4711"
BROWSER = {"Accept": "text/html,application/xhtml+xml"}
SAYS = {"en": "Something unexpected happened", "zh-CN": "发生了意外错误"}


def _broken() -> pd.Timestamp:
    raise ZeroDivisionError(f"division by {MARK}")


def _refused() -> pd.Timestamp:
    raise DealoddsError(f"{MARK} of the customer", "another", "ask again")


@pytest.mark.parametrize("clock", [_broken, _refused])
@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_a_browser_is_told_on_a_page_in_its_language_and_nothing_of_what_failed_or_was_asked(
    database: Database, language: str, clock: object
) -> None:
    app = create_app(None, api_keys=[GOOD_FOR_ALL], authenticate=True, clock=clock, database=database)  # type: ignore[arg-type]
    with serving(app) as client:
        headers = BROWSER | {"Accept-Language": language}
        answer = client.get(f"/opportunities/{MARK}?since=2026-01-01T00:00:00Z", headers=headers)
        assert (answer.status_code, answer.headers["content-type"]) == (500, "text/html; charset=utf-8")
        assert f'<html lang="{language}">' in answer.text
        assert SAYS[language] in answer.text
        assert answer.headers["x-request-id"] in answer.text
        for secret in (MARK, "since=", "ZeroDivisionError", "division", "Traceback", "Found:"):
            assert secret not in answer.text, secret
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        for_programs = client.get(f"/v1/opportunities/{MARK}/score", headers=headers)
        assert (for_programs.status_code, for_programs.headers["content-type"]) == (500, "application/problem+json")


def test_when_pages_are_what_fails_the_answer_is_a_problem_document(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = create_app(None, api_keys=[GOOD_FOR_ALL], authenticate=True, clock=_broken, database=database)
    with serving(app) as client:
        monkeypatch.delattr(app.state, "access")
        answer = client.get("/", headers=BROWSER)
        assert answer.status_code == 307  # this one needs nobody's key
        answer = client.get("/pipeline", headers=BROWSER)
        assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")
        assert answer.json()["detail"].startswith("Found: an error in the service.")
