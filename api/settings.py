"""Every setting of the product: one list, read from the environment."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import limits
from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from api.home import home
from features.errors import DealoddsError
from features.reporting_calendar import ReportingCalendar

MEGABYTE = 1024 * 1024
Positive = Annotated[float, Field(gt=0)]
Bytes = Annotated[int, Field(ge=1024)]


class Settings(BaseSettings):
    """What the environment says; what it does not say has its default.

    Examples
    --------
    >>> Settings(rate_limit="5/minute").rate_limit
    '5/minute'
    """

    model_config = SettingsConfigDict(
        case_sensitive=True, populate_by_name=True, env_ignore_empty=True, extra="ignore", frozen=True
    )

    home: Path = Field(
        Path("dealodds-data"),
        alias="DEALODDS_HOME",
        description="folder of the installation: models, embedded databases",
    )
    database_url: SecretStr | None = Field(
        None,
        alias="DEALODDS_DATABASE_URL",
        description="sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME; dealodds.db in the home folder if not set",
    )
    api_keys: SecretStr = Field(
        SecretStr(""),
        alias="DEALODDS_API_KEYS",
        description="keys beside those of `dealodds keys`, separated by commas; scope score, or KEY:score+read",
    )
    mlflow_tracking_uri: SecretStr | None = Field(
        None, alias="MLFLOW_TRACKING_URI", description="an MLflow server; mlflow.db in the home folder if not set"
    )
    model: Path | None = Field(
        None, alias="DEALODDS_MODEL", description="folder of a model to serve instead of the exported champion"
    )
    no_auth: bool = Field(
        False, alias="DEALODDS_NO_AUTH", description="ask for no key; on loopback only, as `serve --no-auth`"
    )
    session_secret: SecretStr = Field(
        SecretStr(""),
        alias="DEALODDS_SESSION_SECRET",
        description="what the pages' session cookies are signed with; made in the home folder if not set",
    )
    shadow_model: Path | None = Field(
        None,
        alias="DEALODDS_SHADOW_MODEL",
        description="folder of a challenger that is scored beside the model in service, and never served",
    )
    webhooks_private: bool = Field(
        False,
        alias="DEALODDS_WEBHOOKS_PRIVATE",
        description="1: webhooks may be sent to private addresses: receivers in your own network",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", alias="DEALODDS_LOG_LEVEL", description="debug, info (a line a request), warning or error"
    )
    rate_limit: str = Field(
        "60000/minute",
        alias="DEALODDS_RATE_LIMIT",
        description="requests of one key in each worker, such as 100/second; none: unlimited",
    )
    body_bytes: Bytes = Field(8 * MEGABYTE, alias="DEALODDS_BODY_BYTES", description="longest body, in bytes")
    events_bytes: Bytes = Field(
        32 * MEGABYTE, alias="DEALODDS_EVENTS_BYTES", description="longest body of POST /v1/events, in bytes"
    )
    body_seconds: Positive = Field(
        30.0, alias="DEALODDS_BODY_SECONDS", description="seconds that a body may take to arrive"
    )
    shutdown_seconds: Annotated[int, Field(ge=1)] = Field(
        30, alias="DEALODDS_SHUTDOWN_SECONDS", description="seconds that requests may take to finish at the end"
    )
    time_zone: str = Field(
        "UTC",
        alias="DEALODDS_TIME_ZONE",
        description="time zone that days, weeks and months are reported in, such as Asia/Shanghai",
    )
    fiscal_start: str = Field(
        "01-01",
        alias="DEALODDS_FISCAL_START",
        description="month and day on which the fiscal year starts, such as 04-01",
    )
    multiprocess: Path | None = Field(
        None,
        alias="PROMETHEUS_MULTIPROC_DIR",
        description="folder where workers add up their metrics; `serve --workers` makes one if not set",
    )
    numba_cache: Path | None = Field(
        None, alias="NUMBA_CACHE_DIR", description="folder for compiled loops, where the installation is read-only"
    )
    numba_threads: Annotated[int, Field(ge=1)] | None = Field(
        None, alias="NUMBA_NUM_THREADS", description="threads of a batch; as many as processors if not set"
    )

    @field_validator("rate_limit")
    @classmethod
    def _is_rate(cls, text: str) -> str:
        if text != "none":
            limits.parse(text)
        return text

    @field_validator("time_zone")
    @classmethod
    def _is_zone(cls, text: str) -> str:
        return _checked(text, lambda: ReportingCalendar(text))

    @field_validator("fiscal_start")
    @classmethod
    def _is_day(cls, text: str) -> str:
        return _checked(text, lambda: ReportingCalendar(fiscal_start=text))

    def calendar(self) -> ReportingCalendar:
        """Give the calendar that figures are reported by."""
        return ReportingCalendar(self.time_zone, self.fiscal_start)

    def database(self) -> str:
        """Give the URL of the database."""
        if self.database_url is not None:
            return self.database_url.get_secret_value()
        return f"sqlite:///{(home() / 'dealodds.db').absolute()}"


def _checked(text: str, make: Callable[[], object]) -> str:
    """Turn what the domain refuses into what pydantic reports."""
    try:
        make()
    except DealoddsError as error:
        raise ValueError(f"expected {error.expected}") from None
    return text


@dataclass(frozen=True)
class Setting:
    """One setting as it is listed; ``value`` is None where it is not set, and never a secret."""

    variable: str
    meaning: str
    default: str
    value: str | None


def read_settings() -> Settings:
    """Read the environment.

    Raises
    ------
    DealoddsError
        A value is none that the setting may have; secrets are not told.
    """
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        found = f"a value of {first['loc'][0]} that cannot be used ({first['msg']})"
        raise DealoddsError(found, "a value as `dealodds settings` describes it", "correct the variable") from None


def listed(settings: Settings) -> Iterator[Setting]:
    """List every setting in order."""
    for name, field in Settings.model_fields.items():
        default, value = field.default, getattr(settings, name)
        is_set = name in settings.model_fields_set
        yield Setting(str(field.alias), str(field.description), _shown(default), _shown(value) if is_set else None)


def _shown(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, SecretStr):
        return _without_secrets(value.get_secret_value())
    return str(value).lower() if isinstance(value, bool) else str(value)


def _without_secrets(text: str) -> str:
    """Show an address without password and parameters; anything else only as set.

    Examples
    --------
    >>> _without_secrets("postgresql://me:word@host/deals?password=word"), _without_secrets("a-key")
    ('postgresql://me:***@host/deals', '(hidden)')
    """
    if not text:
        return ""
    try:
        return make_url(text).set(query={}).render_as_string(hide_password=True)
    except (ArgumentError, ValueError):
        return "(hidden)"
