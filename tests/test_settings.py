"""One list of every setting, and no secret in it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from api.cli import commands
from api.settings import Settings, listed, read_settings
from features.errors import DealoddsError

ROOT = Path(__file__).parents[1]
SECRETS = {
    "DEALODDS_API_KEYS": "one-secret,another:read",
    "DEALODDS_DATABASE_URL": "postgresql://me:one-secret@host/deals?password=one-secret",
    "MLFLOW_TRACKING_URI": "https://me:one-secret@mlflow.example",
}


def test_the_list_tells_meaning_default_and_present_value_and_hides_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable, value in (SECRETS | {"DEALODDS_BODY_SECONDS": "12"}).items():
        monkeypatch.setenv(variable, value)
    printed = CliRunner().invoke(commands, ["settings"]).output
    assert "one-secret" not in printed
    assert "another" not in printed
    assert "DEALODDS_BODY_SECONDS\n    seconds that a body may take to arrive\n    default: 30.0; now: 12.0" in printed
    assert "now: postgresql://me:***@host/deals\n" in printed
    assert "DEALODDS_RATE_LIMIT\n" in printed
    assert all(one.meaning and one.variable for one in listed(Settings()))


def test_every_variable_that_the_product_reads_is_in_the_list() -> None:
    known = {one.variable for one in listed(Settings())}
    sources = [
        file for part in ("features", "models", "scoring", "training", "api") for file in (ROOT / part).rglob("*.py")
    ]
    text = "\n".join(file.read_text(encoding="utf-8") for file in sources)
    read = set(re.findall(r"\b(?:DEALODDS|NUMBA|PROMETHEUS|MLFLOW)_[A-Z_]+[A-Z]\b", text))
    # Told to MLflow and to PostgreSQL's programs, not read.
    told = {"MLFLOW_DISABLE_TELEMETRY", "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR"}
    assert read - told == known


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("DEALODDS_RATE_LIMIT", "often"),
        ("DEALODDS_BODY_SECONDS", "0"),
        ("DEALODDS_BODY_BYTES", "10"),
        ("DEALODDS_LOG_LEVEL", "loud"),
        ("DEALODDS_NO_AUTH", "perhaps"),
    ],
)
def test_a_value_that_means_nothing_is_refused_by_name(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(DealoddsError, match=variable):
        read_settings()


def test_the_database_is_a_file_in_the_home_folder_unless_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DEALODDS_HOME", str(tmp_path))
    monkeypatch.delenv("DEALODDS_DATABASE_URL", raising=False)
    assert Settings().database() == f"sqlite:///{tmp_path}/dealodds.db"
    monkeypatch.setenv("DEALODDS_DATABASE_URL", "postgresql://host/deals")
    assert Settings().database() == "postgresql://host/deals"
