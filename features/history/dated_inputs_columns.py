"""Columns of the files that managers keep of targets, commits, teams and rates: names in both languages, examples."""

from __future__ import annotations

from features.history.dated_inputs import KINDS
from features.history.schema import Column

CHINESE = {
    "scope": "范围",
    "name": "名称",
    "period_start": "开始日期",
    "period_end": "结束日期",
    "amount": "金额",
    "currency": "币种",
    "wins": "赢单数",
    "owner_id": "负责人",
    "team": "团队",
    "to_currency": "目标币种",
    "rate": "汇率",
    "valid_from": "生效时间",
    "recorded_at": "记录时间",
}
"""The Chinese name of each column."""
_ALSO = {
    "owner_id": ("owner", "负责人编号", "负责人ID", "销售", "销售员", "销售人员", "业务员"),
    "amount": ("target", "commit", "目标", "承诺", "目标金额", "承诺金额"),
    "period_start": ("from", "起始日期", "期间开始", "开始"),
    "period_end": ("to", "截止日期", "期间结束", "结束"),
    "currency": ("货币", "货币代码"),
    "to_currency": ("目标货币", "兑换币种"),
    "wins": ("赢单数量", "赢单个数", "number of wins"),
    "team": ("销售团队", "小组"),
}
"""What else people and our own tables call them."""
HEADERS = {zh: name for name, zh in CHINESE.items()} | {
    other.lower(): name for name, others in _ALSO.items() for other in others
}
"""Other headers, each beside the column that it means."""
SCOPES = {"公司": "company", "团队": "team", "负责人": "owner", "产品": "product", "区域": "region", "地区": "region"}
"""What a target is set for, in Chinese."""
_EXAMPLES = {
    "targets": {
        "scope": "team",
        "name": "team_1",
        "period_start": "2026-04-01",
        "period_end": "2026-06-30",
        "amount": "500000",
        "currency": "CNY",
    },
    "commits": {
        "owner_id": "owner_03",
        "period_start": "2026-04-01",
        "period_end": "2026-04-30",
        "amount": "80000",
        "currency": "CNY",
    },
    "teams": {"owner_id": "owner_03", "team": "team_1", "valid_from": "2026-04-01"},
    "rates": {"currency": "EUR", "to_currency": "CNY", "rate": "7.8", "valid_from": "2026-04-01"},
}


def column_named(header: str) -> str:
    """Find the column that a header means, in English or Chinese; the header itself when it is none we know.

    Examples
    --------
    >>> column_named("负责人"), column_named(" Owner "), column_named("period start"), column_named("colour")
    ('owner_id', 'owner_id', 'period_start', 'colour')
    """
    text = header.strip().lower()
    return HEADERS.get(text, text.replace(" ", "_"))


def both_names(kind: str) -> str:
    """List the columns of a kind with both names.

    Examples
    --------
    >>> both_names("teams")
    'owner_id (负责人), team (团队), valid_from (生效时间), recorded_at (记录时间)'
    """
    return ", ".join(f"{name} ({CHINESE[name]})" for name in KINDS[kind].table.column_names)


def example_of(kind: str) -> tuple[str, str]:
    """Write a header and one row of a kind.

    Examples
    --------
    >>> example_of("rates")
    ('currency,to_currency,rate,valid_from', 'EUR,CNY,7.8,2026-04-01')
    """
    return ",".join(_EXAMPLES[kind]), ",".join(_EXAMPLES[kind].values())


def help_lines(kind: str) -> list[str]:
    """Lay out the columns of a kind and an example as lines of help."""
    found = KINDS[kind]
    lines = [f"{kind} · {found.zh}"]
    lines += [f"  {column.name} · {CHINESE[column.name]}: {_meaning(column)}" for column in found.table.columns]
    return [*lines, f"  such as: {example_of(kind)[0]}", f"           {example_of(kind)[1]}"]


def _meaning(column: Column) -> str:
    if column.name == "valid_from":
        return "from when it holds; now when the column is left out"
    if column.name == "recorded_at":
        return "when it was known; now when the column is left out"
    return column.meaning + (" (needed)" if column.required else "")
