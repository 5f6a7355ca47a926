"""The command line. Exit code 0: done; 1: the data or the model do not allow it; 2: wrong usage."""

from __future__ import annotations

import sys

import click

from api.commands.audit import audit_command
from api.commands.card import card_command
from api.commands.change import change_command
from api.commands.compare import compare_command
from api.commands.data import import_command, mapping_group, simulate_command
from api.commands.database import database_group
from api.commands.demo import demo_command
from api.commands.fields import fields_command
from api.commands.forecast import forecast_command
from api.commands.inputs import inputs_group
from api.commands.keys import keys_group
from api.commands.model import backtest_command, train_command
from api.commands.promotion import promote_command, promotions_command, rollback_command, versions_command
from api.commands.rebuild import rebuild_command
from api.commands.recalibration import recalibrate_command
from api.commands.report import report_command
from api.commands.reports import reports_command
from api.commands.scoring import score_command
from api.commands.serving import serve_command
from api.commands.settings import settings_command
from features.errors import DealoddsError


@click.group()
@click.version_option(package_name="dealodds")
def commands() -> None:
    """Learned win probabilities for a sales pipeline, beside the fixed 25/50/75 % stage weights."""


for command in (
    simulate_command,
    import_command,
    mapping_group,
    audit_command,
    train_command,
    recalibrate_command,
    backtest_command,
    score_command,
    forecast_command,
    compare_command,
    reports_command,
    report_command,
    change_command,
    card_command,
    fields_command,
    promote_command,
    rollback_command,
    promotions_command,
    versions_command,
    serve_command,
    database_group,
    keys_group,
    inputs_group,
    settings_command,
    rebuild_command,
    demo_command,
):
    commands.add_command(command)


def main() -> None:
    """Run a command; an error that a user can act on ends with its three parts and exit code 1."""
    try:
        commands(standalone_mode=True)
    except DealoddsError as error:
        _end(error.found, error.expected, error.do)
    except OSError as error:
        _end(str(error), "files and addresses that can be used", "correct the path, the rights or the address")
    except Exception as error:
        if not type(error).__module__.startswith("mlflow"):
            raise
        _end(f"MLflow: {error}", "an MLflow that answers", "check MLFLOW_TRACKING_URI")


def _end(found: str, expected: str, do: str) -> None:
    """Say what is wrong in three parts, and end."""
    click.echo(f"Found:    {found}\nExpected: {expected}\nDo:       {do}", err=True)
    sys.exit(1)
