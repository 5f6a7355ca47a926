"""The HTTP door: routes, problems, keys, the database and the model put together."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pandas as pd
from anyio import to_thread
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from api import clock as real_clock
from api import documentation
from api.background.service import Background
from api.background.telling import Tell
from api.background.work import Work
from api.key_ring import KeyRing
from api.loopback import LoopbackOnly
from api.metrics import Metrics
from api.openapi import describe
from api.pages import (
    assets,
    classes_page,
    comparison_page,
    forecast_page,
    funnel_page,
    hidden_accounts_page,
    model,
    opportunity,
    people_page,
    pipeline,
    sign_in,
)
from api.pages.problem_pages import for_browsers
from api.pages.rendering import SeeOtherError, prepare, see_other
from api.problems import (
    HTTP_SORTS,
    HttpError,
    Part,
    of_domain,
    of_http,
    of_several,
    respond,
)
from api.rate_limits import RateLimits
from api.reading import WrongBodyError, of_wrong_body
from api.receivers import describe_receivers
from api.routes import (
    accounts,
    audit_log,
    changes,
    classes,
    collection,
    health,
    hidden_accounts,
    inputs,
    judgements,
    metrics,
    model_card,
    models,
    opportunities,
    personal_data,
    pushes,
    recorded,
    reports,
    score_history,
    scores,
    shadow,
    webhooks,
    work_list,
)
from api.security import Access
from api.sessions import Sessions
from api.settings import Settings
from api.store.figures import Figures
from api.store.list_choices import ListChoices
from api.traffic import Traffic
from api.validation import parameter_parts_of
from features.errors import DealoddsError
from features.history.database.engine import Database

_ABOUT = """Learned, calibrated win probabilities for a sales pipeline, beside the fixed 25/50/75 % stage weights.

Everything is asked as of an instant. Instants are RFC 3339 with a zone; answers are in UTC."""

_USES_WRITTEN_SECONDS = 60.0
_PARTS = (
    health,
    scores,
    changes,
    accounts,
    models,
    model_card,
    pushes,
    collection,
    inputs,
    recorded,
    opportunities,
    work_list,
    score_history,
    hidden_accounts,
    shadow,
    judgements,
    webhooks,
    audit_log,
    personal_data,
    reports,
    classes,
    metrics,
    assets,
    sign_in,
    pipeline,
    opportunity,
    forecast_page,
    comparison_page,
    funnel_page,
    classes_page,
    people_page,
    hidden_accounts_page,
    model,
)


def create_app(
    model_folder: Path | None,
    *,
    api_keys: Sequence[str],
    authenticate: bool,
    clock: Callable[[], pd.Timestamp] = real_clock.now,
    database: Database | None = None,
    settings: Settings | None = None,
    background: Sequence[Work] = (),
    keeps_lists: bool = False,
    shadow_folder: Path | None = None,
    tell: Tell | None = None,
) -> FastAPI:
    """Make the HTTP application.

    Parameters
    ----------
    model_folder
        Folder of the champion, followed while it serves: what is promoted takes over, what
        does not load is refused and the one before serves on. None, or one that does not exist:
        version 0, the fixed weights. One that does not load: the service starts and
        answers 503.
    api_keys
        Keys that are accepted beside those of the database, as ``DEALODDS_API_KEYS``.
    authenticate
        Whether a key is asked for. If not, only requests from this machine are answered.
    clock
        Gives the present instant, UTC.
    database
        What the service remembers; None: it answers for what it is sent, and nothing else.
        Closed by the caller.
    settings
        Limits; those of the environment when None.
    background
        Work that begins and ends with the service, such as ``api.background.deliveries.Deliveries``.
    keeps_lists
        Whether this worker keeps the work list fresh, when no other does.
    shadow_folder
        Folder of a challenger that is scored in the shadow of the champion.
    tell
        Who is told of scores and champions that changed; nobody when None.

    Raises
    ------
    DealoddsError
        Keys are asked for and there can be none.

    Examples
    --------
    >>> app = create_app(None, api_keys=["secret"], authenticate=True)
    >>> "/v1/scores" in app.openapi()["paths"]
    True
    """
    settings = settings if settings is not None else Settings()
    keys = _key_ring(api_keys, database) if authenticate else None

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        beside = Background(
            app.state,
            model_folder,
            database if keeps_lists else None,
            clock,
            tell=tell,
            refused=app.state.metrics.count_failed_load,
            shadow_folder=shadow_folder,
        )
        app.state.background = beside
        if app.state.champion.model is None:
            app.state.metrics.count_failed_load()
        writing = asyncio.create_task(_write_uses(keys)) if keys is not None else None
        # Half a second of the start, or of the first reader of a page.
        await to_thread.run_sync(prepare)
        for work in (beside, *background):
            work.start()
        yield
        for work in (*background, beside):
            await to_thread.run_sync(work.stop)
        if writing is not None and keys is not None:
            writing.cancel()
            with suppress(asyncio.CancelledError):
                await writing
            await to_thread.run_sync(keys.write_uses)

    # The page of documentation is served from here: nothing is loaded from elsewhere.
    no_pages: dict[str, None] = {"docs_url": None, "redoc_url": None, "swagger_ui_oauth2_redirect_url": None}
    app = FastAPI(title="dealodds", version="1", description=_ABOUT, lifespan=lifespan, **no_pages)  # type: ignore[arg-type]
    app.state.clock, app.state.database, app.state.settings = clock, database, settings
    app.state.access = Access(
        keys, RateLimits(settings.rate_limit), Sessions(settings.home, settings.session_secret.get_secret_value())
    )
    app.state.metrics = Metrics()
    app.state.choices = ListChoices()
    app.state.figures = Figures(database, real_clock.seconds) if database is not None else None
    for part in _PARTS:
        app.include_router(part.router)
    app.include_router(documentation.router)
    describe_receivers(app)
    _add_handlers(app)
    if not authenticate:
        app.add_middleware(LoopbackOnly)
    app.add_middleware(Traffic, metrics=app.state.metrics)  # the outermost
    app.openapi = lambda: describe(app)  # type: ignore[method-assign]
    return app


def _key_ring(given: Sequence[str], database: Database | None) -> KeyRing:
    if not any(given) and database is None:
        # A service that nobody can use, or worse, that anybody can.
        raise DealoddsError(
            "no API key",
            "at least one key in the environment variable DEALODDS_API_KEYS, separated by commas",
            "set DEALODDS_API_KEYS, or serve without authentication on loopback",
        )
    return KeyRing(given, database)


async def _write_uses(keys: KeyRing) -> None:
    """Write when keys were last used, now and then, in nobody's way."""
    while True:
        await asyncio.sleep(_USES_WRITTEN_SECONDS)
        await to_thread.run_sync(keys.write_uses)


def _add_handlers(app: FastAPI) -> None:
    app.add_exception_handler(DealoddsError, for_browsers(of_domain))
    app.add_exception_handler(ExceptionGroup, for_browsers(of_several))
    app.add_exception_handler(HttpError, for_browsers(of_http))
    app.add_exception_handler(HTTPException, for_browsers(_of_routing))
    app.add_exception_handler(RequestValidationError, for_browsers(_of_parameters))
    app.add_exception_handler(WrongBodyError, for_browsers(of_wrong_body))
    app.add_exception_handler(SeeOtherError, see_other)


def _of_routing(request: Request, error: Exception) -> Response:
    """Answer for a path or a method that is not there."""
    assert isinstance(error, HTTPException)
    sort = HTTP_SORTS.get(error.status_code, HTTP_SORTS[500 if error.status_code >= 500 else 400])
    part = Part(
        pointer="",
        found=f"{request.method} {request.url.path[:200]}",
        expected="a path and a method named in /openapi.json",
        do="correct the path or the method",
    )
    return respond(sort, [part], error.headers)


def _of_parameters(_: Request, error: Exception) -> Response:
    """Answer for parameters in the path or after it that are wrong."""
    assert isinstance(error, RequestValidationError)
    return respond(HTTP_SORTS[422], parameter_parts_of(error.errors()))
