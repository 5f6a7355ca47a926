"""The command that says what each field tells of winning."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import click
import pandas as pd

from api.history_source import Source, history_at
from api.options import INSTANT, history_option, include_option, seed_option
from api.progress import Progress
from features.history.history import History
from training.field_insight import field_insight
from training.loss_reasons import lost_reasons as reasons_of

MOST = 15

_NOT_RECORDED = "not recorded 未记录"
_GROUPINGS = {
    "all": "all 全部",
    "stage": "stage reached 到达阶段",
    "product": "product 产品",
    "source": "source 来源",
    "channel": "channel 渠道",
    "team": "team 团队",
    "process": "process 销售流程",
}


@click.command("fields")
@history_option
@click.option("--as-of", type=INSTANT, help="As it was known at this instant; at the end when not given.")
@click.option("--json", "as_json", is_flag=True, help="Print every record as JSON.")
@click.option("--lost-reasons", is_flag=True, help="Say instead why opportunities were lost, by stage and segment.")
@click.option("--all", "everything", is_flag=True, help=f"List every feature, not only the {MOST} that tell most.")
@include_option
@seed_option
def fields_command(
    source: Source,
    as_of: pd.Timestamp | None,
    as_json: bool,
    lost_reasons: bool,
    everything: bool,
    include: tuple[str, ...],
    seed: int,
) -> None:
    """Say of each column and feature how often it is known, who wins by its value, and whether it is trained on."""
    history = history_at(source)
    if lost_reasons:
        _say_lost_reasons(history, as_of, as_json)
        return
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


def _say_lost_reasons(history: History, as_of: pd.Timestamp | None, as_json: bool) -> None:
    records = reasons_of(history, as_of)
    if as_json:
        click.echo(json.dumps(records, ensure_ascii=False, indent=1, allow_nan=False))
        return
    simulated = "simulated: " if history.origin == "simulated" else ""
    click.echo(f"{simulated}why opportunities were lost 丢单原因; (?) fewer than 30 lost 丢单不足30个")
    click.echo("\n".join(reason_lines(records)))


def reason_lines(records: Sequence[Mapping[str, Any]]) -> list[str]:
    """Lay out the reasons of each group: a line for the group, then one for each reason.

    Examples
    --------
    >>> shares = {"opportunities": 3, "of": 4, "share": 0.75, "enough": False}
    >>> for line in reason_lines([{"by": "stage", "group": "proposal", "reason": "price"} | shares]):
    ...     print(line)
    <BLANKLINE>
    stage reached 到达阶段: proposal, 4 lost 丢单 (?)
      price                           75 %        3
    """
    lines, last = [], None
    for record in records:
        of = record["by"], record["group"]
        if of != last:
            name = _GROUPINGS.get(of[0], of[0].removeprefix("attribute_"))
            said = name if of[0] == "all" else f"{name}: {of[1] or _NOT_RECORDED}"
            few = "" if record["enough"] else " (?)"
            lines += ["", f"{said}, {record['of']:,} lost 丢单{few}"]
            last = of
        share = f"{100 * record['share']:.0f} %"
        lines.append(f"  {record['reason'] or _NOT_RECORDED:<30} {share:>5} {record['opportunities']:>8,}")
    return lines


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
