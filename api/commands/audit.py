"""The command that audits a history: nothing that knows the future gets in."""

from __future__ import annotations

import json
from pathlib import Path

import click
import pandas as pd

from api.history_source import Source, history_at
from api.options import FILE, INSTANT, history_option
from api.progress import Progress
from features.errors import UnreadableSourceError

_FLAGS = "flags.csv"


@click.command("audit")
@history_option
@click.option("--as-of", type=INSTANT, help="Audit what was known at this instant; all of it when not given.")
@click.option("--json", "json_file", type=FILE, help="Also write all figures and findings into this file.")
@click.option("--language", type=click.Choice(["en", "zh-CN"]), default="en", show_default=True, help="Of the text.")
def audit_command(source: Source, as_of: pd.Timestamp | None, json_file: Path | None, language: str) -> None:
    """Say of every column when it was known, what it predicts alone, and whether it may be trained on."""
    # Imported here: other commands do without it.
    from training.audit import audit
    from training.audit_report import audit_lines, audit_to_dict

    history = history_at(source)
    with Progress(1) as report:
        found = audit(history, as_of, flags=_flags_in(source), report=report)
    if json_file is not None:
        json_file.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps(audit_to_dict(found), ensure_ascii=False, indent=1, allow_nan=False)
        json_file.write_text(text + "\n", encoding="utf-8")
    click.echo("\n".join(audit_lines(found, "en" if language == "en" else "zh-CN")))
    if json_file is not None:
        click.echo(f"\nwritten to {json_file}")


def _flags_in(source: Source) -> pd.DataFrame | None:
    """Read what the import assumed; None for a history that was not imported."""
    path = source / _FLAGS if isinstance(source, Path) else None
    if path is None or not path.is_file():
        return None
    try:
        return pd.read_csv(path, dtype={"key": str, "flag": str})
    except ValueError as problem:
        raise UnreadableSourceError(f"{path}: {problem}", "the flags of an import", "import again") from problem
