"""A forecast laid out as lines of text, English and Chinese."""

from __future__ import annotations

from scoring.forecast import Forecast
from scoring.forecast_lines import Line, Measure
from scoring.words import Words

_HEADS = {
    "amount": ("amount", "金额"),
    "count": ("wins", "赢单数"),
}
_COLUMNS = ("won", "open", "new", "expected", "median", "80 % low", "80 % high", "fixed", "st.rates", "commit")
_COLUMNS_ZH = "已赢单 · 在途 · 尚未创建 · 合计 · 中位数 · 80%下限 · 80%上限 · 固定权重 · 阶段赢率 · 承诺"

_OF_TARGET, _OF_TARGET_ZH = ("target", "reached"), " · 目标 · 达成概率"
"""Columns that are there where a group has a target of its own."""


def forecast_text(found: Forecast, origin: str) -> list[str]:
    """Lay out a forecast: all together, the groups, the chance of the target, and what a reader must know."""
    period = found.period
    start, end = (at.tz_convert(period.zone) for at in (period.start, period.end))
    lines = [
        f"{period.name}, {start:%Y-%m-%d} up to {end:%Y-%m-%d} ({period.zone}), as of {found.as_of:%Y-%m-%d %H:%M} UTC "
        f"({origin})"
    ]
    for measure, total in found.totals.items():
        lines += _table(found, measure, total)
    for measure, total in found.totals.items():
        lines += _of_target(measure, total) + _of_commit(measure, total)
    due = [one for one in found.slippage if not one.overdue]
    if found.slippage:
        expected, late = sum(one.met for one in due), len(found.slippage) - len(due)
        lines += [
            f"of {len(due):,} stated close dates to come {expected:,.1f} are expected to be met; {late:,} have passed",
            f"未到期的预计成交日{len(due):,}个，预计按期赢单{expected:,.1f}个；{late:,}个已过期",
        ]
    for note in found.notes:
        lines += [f"- {note.en}", f"  {note.zh}"]
    return lines


def _of_target(measure: Measure, total: Line) -> list[str]:
    if total.target is None or total.target_probability is None:
        return []
    (en, zh), chance = _HEADS[measure], f"{100 * total.target_probability:.0f}"
    return [
        f"target {total.target:,.0f} ({en}): reached with probability {chance} %",
        f"目标{total.target:,.0f}（{zh}）：达成概率{chance}%",
    ]


def _of_commit(measure: Measure, total: Line) -> list[str]:
    """Say what some committed to: it is no commit of all."""
    if total.commit_given is None or total.commit is not None:
        return []
    en, zh = _HEADS[measure]
    return [
        f"{total.committed} of {total.owners} owners committed, to {total.commit_given:,.0f} together ({en})",
        f"{total.owners}位负责人中有{total.committed}位作出承诺，共{total.commit_given:,.0f}（{zh}）",
    ]


def _table(found: Forecast, measure: Measure, total: Line) -> list[str]:
    en, zh = _HEADS[measure]
    aimed = any(line.target is not None for line in found.lines.get(measure, ()))
    unit = f", {found.currency}" if measure == "amount" and found.currency else ""
    head = f"{en} · {zh}{unit}"
    columns, zh_columns = (*_COLUMNS, *(_OF_TARGET if aimed else ())), _COLUMNS_ZH + (_OF_TARGET_ZH if aimed else "")
    lines = [head, " " * 30 + "".join(f"{name:>12}" for name in columns), f"  ({zh_columns})"]
    for line in found.lines.get(measure, ()):
        lines.append(_row(_name(found.names[line.group]), line, aimed))
    return [*lines, _row("total · 合计", total, aimed)]


def _name(words: Words) -> str:
    return words.en if words.en == words.zh else f"{words.en} · {words.zh}"


def _row(name: str, line: Line, aimed: bool) -> str:
    numbers = (
        *(line.won, line.expected_open, line.expected_new, line.expected, line.median),
        *(*line.eighty, line.fixed_weights, line.stage_rates, line.commit),
    )
    chance = "–" if line.target_probability is None else f"{100 * line.target_probability:.0f} %"
    aim = f"{_number(line.target):>12}{chance:>12}" if aimed else ""
    # A Chinese character is two columns wide.
    width = 28 - sum(ord(letter) > 0x2E7F for letter in name)
    return f"  {name:<{width}}" + "".join(f"{_number(x):>12}" for x in numbers) + aim


def _number(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:,.1f}"
