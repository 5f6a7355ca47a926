"""Every route beside every scope and no key: nothing is readable or writable outside its scope."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pandas as pd
import pytest

from api.app import create_app
from api.openapi import routes_with_scopes
from api.store.keys import SCOPES
from tests.databases import upgraded
from tests.services import NOW, serving

OPEN = {
    ("/healthz", "GET"),
    ("/readyz", "GET"),
    ("/openapi.json", "GET"),
    ("/docs", "GET"),
    ("/login", "GET"),
}
"""The only routes that are open to everybody."""
LEADING = {("/", "GET"), ("/assets/{name}", "GET"), ("/docs/{name}", "GET"), ("/login", "POST"), ("/logout", "POST")}
"""Routes of the pages that are open too, and say nothing: they lead on, give the style, or check a form."""
PAGES = (
    "/pipeline",
    "/opportunities/",
    "/hidden-accounts",
    "/forecast",
    "/learned-vs-fixed",
    "/funnel",
    "/people",
    "/classes",
    "/model",
    "/login",
)
"""Pages are for people, and not described to programs."""
SCORING = {"/v1/scores", "/v1/scores/change", "/v1/scores/what-if", "/v1/accounts/scores", "/v1/models/champion"}
KEYS = {scope: f"key-of-{scope}" for scope in SCOPES}
Routes = list[tuple[str, str, str | None]]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[httpx.Client, Routes]]:
    folder: Path = tmp_path_factory.mktemp("scopes")
    given = [f"{key}:{scope}" for scope, key in KEYS.items()]
    with upgraded(f"sqlite:///{folder}/deals.db") as database:
        app = create_app(None, api_keys=given, authenticate=True, clock=lambda: NOW, database=database)
        with serving(app) as client:
            del client.headers["Authorization"]
            yield client, list(routes_with_scopes(app))


def _asked(client: httpx.Client, path: str, method: str, key: str | None) -> httpx.Response:
    headers = {} if key is None else {"X-API-Key": key}
    return client.request(method, path.replace("{", "").replace("}", ""), headers=headers)


def test_only_the_named_routes_are_open_to_everybody(service: tuple[httpx.Client, Routes]) -> None:
    client, routes = service
    assert {(path, method) for path, method, scope in routes if scope is None} == OPEN | LEADING
    assert [_asked(client, path, method, None).status_code for path, method in sorted(OPEN)] == [200] * len(OPEN)


def test_every_route_beside_every_scope_and_no_key(service: tuple[httpx.Client, Routes]) -> None:
    client, routes = service
    table: dict[tuple[str, str], dict[str | None, int]] = {}
    for path, method, needed in routes:
        if needed is not None:
            answers = {key: _asked(client, path, method, KEYS.get(str(key))) for key in (None, *SCOPES)}
            table[path, method] = {key: answer.status_code for key, answer in answers.items()}
            expected = {None: 401} | {scope: 403 for scope in SCOPES if scope != needed}
            assert table[path, method] == expected | {needed: table[path, method][needed]}, pd.DataFrame(table).T
            assert table[path, method][needed] not in (401, 403), pd.DataFrame(table).T
            refused = [answers[key] for key in expected]
            assert {answer.headers["content-type"] for answer in refused} == {"application/problem+json"}
            assert all("www-authenticate" in answer.headers for answer in refused)
    assert {path for path, _, scope in routes if scope == "score"} == SCORING


def test_the_description_names_the_scope_and_the_problems_of_keys(service: tuple[httpx.Client, Routes]) -> None:
    client, routes = service
    described = client.get("/openapi.json").json()["paths"]
    for path, method, needed in routes:
        if path.startswith(PAGES):
            assert path not in described
        elif needed is not None:
            operation = described[path][method.lower()]
            assert operation["x-required-scope"] == needed
            assert {"401", "403", "429", "503"} <= set(operation["responses"])
