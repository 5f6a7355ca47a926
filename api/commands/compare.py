"""The command that plays past weeks again and says who was right."""

from __future__ import annotations

import json
from pathlib import Path

import click
import pandas as pd

from api.history_source import Source, history_at, inputs_at
from api.options import FILE, INSTANT, history_option, rate_option, rates_of, seed_option, zone_option
from api.progress import Progress
from scoring.calendar_periods import Calendar
from scoring.comparison import FEWEST_WEEKS, Comparison
from scoring.words import stage_names
from training.earlier_answers import weeks_before
from training.replay import BY, replay


@click.command("compare")
@history_option
@click.option("--weeks", type=click.IntRange(1, 520), default=26, show_default=True, help="Past weeks to play again.")
@click.option(
    "--days", type=click.IntRange(1, 999), default=30, show_default=True, help="Length of each forecast, days."
)
@click.option("--final", "is_final", is_flag=True, help="Judge the final outcome instead, whenever it came.")
@click.option("--until", type=INSTANT, help="Take the last weeks before this instant; before the end when not given.")
@click.option(
    "--retrain-every", type=click.IntRange(1, 52), default=1, show_default=True, help="Train at every so many weeks."
)
@click.option("--by", default=",".join(BY), show_default=True, metavar="COLUMN,…", help="Columns to cut by.")
@zone_option
@rate_option
@click.option("--out", type=FILE, required=True, help="File to write everything to (JSON).")
@seed_option
def compare_command(
    source: Source,
    weeks: int,
    days: int,
    is_final: bool,
    until: pd.Timestamp | None,
    retrain_every: int,
    by: str,
    zone: str,
    rates: tuple[tuple[str, float], ...],
    out: Path,
    seed: int,
) -> None:
    """Judge the learned forecast beside the fixed weights over past weeks, each with a model trained as of then."""
    history = history_at(source)
    asked = None if is_final else float(days)
    with Progress(weeks) as report:
        played = replay(
            history,
            weeks_before(history, weeks, asked, until),
            asked,
            by=[column.strip() for column in by.split(",") if column.strip()],
            retrain_every=retrain_every,
            calendar=Calendar(zone),
            rates=rates_of(rates),
            inputs=inputs_at(source),
            seed=seed,
            report=report,
        )
    found = played.compared(stage_names(history.processes), seed)
    out.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(found.to_dict(), indent=1, allow_nan=False, ensure_ascii=False)
    out.write_text(text + "\n", encoding="utf-8")
    for line in compared_lines(found):
        click.echo(line)


_HELD = {"open": "当时在途商机", "all": "全部", "committed": "承诺期间", "amount": "金额", "count": "数量"}


def compared_lines(found: Comparison) -> list[str]:
    """Lay out a comparison: where the learned forecast lost, then all together, then single opportunities."""
    period = "the final outcome" if found.days is None else f"the next {found.days:g} days"
    zh_period = "最终结果" if found.days is None else f"此后{found.days:g}天"
    lines = [
        f"{found.weeks} weeks, each asked for {period} ({found.origin})",
        f"{found.weeks}周，每周预测{zh_period}（{found.origin}）",
    ]
    if found.left_out:
        lines += [
            f"weeks that could not be played again (too little on record then, or nothing open): {found.left_out}",
            f"无法重演的周（当时记录不足，或没有在途商机）：{found.left_out}",
        ]
    if found.weeks < FEWEST_WEEKS:
        lines += ["too few weeks to judge", "周数过少，不足以判断"]
    lines += [
        f"weeks overlap; independent periods among them: about {found.independent}",
        f"各周互相重叠：约相当于{found.independent}个独立期间",
    ]
    if found.rule_counted is not None:
        lines += [f"- {found.rule_counted.words.en}", f"  {found.rule_counted.words.zh}"]
    for finding in found.findings:
        if finding.by is None:
            lines += [f"- {finding.words.en}", f"  {finding.words.zh}"]
    lost = [one for one in found.findings if one.lost and one.by is not None]
    if lost:
        lines += [f"it also lost in {len(lost)} groups, such as", f"在{len(lost)}个分组中也更差，例如"]
        lines += [text for one in lost[:3] for text in (f"- {one.words.en}", f"  {one.words.zh}")]
    for one in found.held:
        lines += [
            f"80 % interval ({one['scope']}, {one['measure']}): held in {one['held']} of {one['weeks']} weeks",
            f"80%区间（{_HELD[one['scope']]}，{_HELD[one['measure']]}）：{one['weeks']}周中命中{one['held']}周",
        ]
    lines.append(
        f"more than 20 points apart: learned right {found.right['learned']} times, fixed weights "
        f"{found.right['fixed_weights']} times"
    )
    lines.append(
        f"相差超过20个百分点的商机：学习概率更准{found.right['learned']}次，固定权重更准{found.right['fixed_weights']}次"
    )
    for example in found.disagreements[:5]:
        lines += [f"- {example.opportunity_id}, {example.words.en}", f"  {example.opportunity_id}，{example.words.zh}"]
    return lines
