"""The command that says what each field tells of winning."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
import pandas as pd

from api.options import INSTANT, history_option, include_option, seed_option
from api.progress import Progress
from features.history.directory import read_history
from training.field_insight import field_insight

MOST = 15


@click.command("fields")
@history_option
@click.option("--as-of", type=INSTANT, help="As it was known at this instant; at the end when not given.")
@click.option("--json", "as_json", is_flag=True, help="Print every record as JSON.")
@click.option("--all", "everything", is_flag=True, help=f"List every feature, not only the {MOST} that tell most.")
@include_option
@seed_option
def fields_command(
    folder: Path, as_of: pd.Timestamp | None, as_json: bool, everything: bool, include: tuple[str, ...], seed: int
) -> None:
    """Say of each column and feature how often it is known, who wins by its value, and whether it is trained on."""
    history = read_history(folder)
    with Progress(1) as report:
        records = field_insight(history, as_of, include=include, seed=seed, report=report)
    if as_json:
        click.echo(json.dumps(records, ensure_ascii=False, indent=1, allow_nan=False))
        return
    own = [r for r in records if r["group"] == "attribute"]
    others = [r for r in records if r["group"] != "attribute"]
    simulated = "simulated: " if history.origin == "simulated" else ""
    click.echo(f"{simulated}win rate of snapshots that closed, 90 % in brackets; (?) fewer than 30 opportunities")
    for record in own + (others if everything else others[:MOST]):
        click.echo("\n".join(field_lines(record)))
    if not everything and len(others) > MOST:
        click.echo(f"\n{len(others) - MOST} more features tell less; --all lists them")


def field_lines(record: Mapping[str, Any]) -> list[str]:
    """Lay out one field: what it is and whether it is in, then a line for each value.

    Examples
    --------
    >>> bin_ = {"value": "", "opportunities": 7, "win_rate": 0.5, "low": 0.2, "high": 0.8, "enough": False}
    >>> field = {"field": "visits_7d", "en": "visits", "zh": "访问", "used": True, "reason": "known", "coverage": 0.9}
    >>> for line in field_lines(field | {"reason_zh": "已知", "bins": [bin_]}):
    ...     print(line)
    <BLANKLINE>
    visits · 访问 (visits_7d): in, known 已知; known for 90 %
      not recorded 未记录                50 % (20–80)        7 opportunities (?)
    """
    state = "in" if record["used"] else "OUT"
    head = f"\n{record['en']} · {record['zh']} ({record['field']}): {state}, {record['reason']} {record['reason_zh']}"
    lines = [f"{head}; known for {100 * record['coverage']:.0f} %"]
    for part in record["bins"]:
        value = part["value"] or "not recorded 未记录"
        share = f"{100 * part['win_rate']:.0f} % ({100 * part['low']:.0f}–{100 * part['high']:.0f})"
        few = "" if part["enough"] else " (?)"
        lines.append(f"  {value:<30} {share:<15} {part['opportunities']:>5,} opportunities{few}")
    return lines
