"""The section of a card that says what the classes are, and what became of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from api.card.document import Block, Bullets, Paragraph, Section, Table, Text, same
from api.card.words import NO, YES, percent
from models.artifact import Artifact
from scoring.account_classification import account_criteria_from_dict
from scoring.classification import CLASSES, criteria_from_dict

Record = Mapping[str, Any]


def class_section(artifact: Artifact) -> Section:
    """Give the class criteria, and what became of each class."""
    criteria = criteria_from_dict(artifact.classification)
    days, limit = f"{criteria.recent_days:.0f}", percent(criteria.need_threshold)
    active = Text(
        f"Active: intent is expressed, with a sign of it within {days} days.",
        f"活跃机会：已表达意向，且 {days} 天内有迹象。",
    )
    if criteria.need_threshold is None:
        hidden = Text("Hidden: not told, as too little is known of needs.", "隐性机会：对需求所知太少，暂不判断。")
    else:
        hidden = Text(
            f"Hidden: no need identified, yet confirmed within 90 days with a probability above {limit}.",
            f"隐性机会：尚未识别需求，但 90 天内确认需求的概率高于 {limit}。",
        )
    own = account_criteria_from_dict(artifact.classification).threshold
    said, zh_said = (
        (f"({percent(own)})", f"（{percent(own)}）") if own is not None else ("(not told yet)", "（尚未给出）")
    )
    accounts = Text(
        "These are open opportunities on record; accounts without one are in none of them, and are hidden by a "
        f"threshold of their own {said}.",
        f"以上均为已记录的在途商机；没有在途商机的客户不计入，隐性与否另有阈值{zh_said}。",
    )
    rest = Text("Potential: every other open opportunity.", "潜在机会：其余在途商机。")
    blocks: list[Block] = [Bullets([active, rest, hidden, accounts])]
    report = artifact.classification.get("report") or {}
    if report:
        lead = Text(
            "What became of each class on later data, by criteria chosen before:",
            "按此前选定的标准，各分类后来的结果：",
        )
        blocks += [Paragraph(lead), _class_table(report)]
    reasons = (artifact.card or {}).get("lost_reasons") or []
    if reasons:
        lead = Text("Why the lost of each class were lost, as recorded:", "各分类丢单商机的丢单原因（按记录）：")
        heads = [Text("class", "机会分类"), Text("lost", "丢单数"), Text("reasons", "原因")]
        blocks += [Paragraph(lead), Table(heads, _reason_rows(reasons))]
    return Section(Text("Classes", "机会分类"), blocks)


def _reason_rows(records: Sequence[Record]) -> list[list[Text]]:
    rows = []
    for name, names in CLASSES.items():
        mine = [r for r in records if r["group"] == name]
        if mine:
            en = ", ".join(f"{r['reason'] or 'not recorded'} {percent(r['share'])}" for r in mine)
            zh = "、".join(f"{r['reason'] or '未记录'} {percent(r['share'])}" for r in mine)
            few = "" if mine[0]["enough"] else " (?)"
            rows.append([Text(names["en"], names["zh-CN"]), same(f"{mine[0]['of']:,}{few}"), Text(en, zh)])
    return rows


def _class_table(report: Record) -> Table:
    heads = [
        Text("class", "机会分类"),
        Text("snapshots", "快照数"),
        Text("won, of those closed", "已关闭中赢单"),
        Text("advanced in 30 days", "30 天内推进"),
        Text("enough to tell", "数量足够"),
    ]
    rows = [
        [
            Text(names["en"], names["zh-CN"]),
            same(f"{report[name]['snapshots']:,}"),
            same(percent(report[name]["share_won"])),
            same(percent(report[name]["share_advanced_in_30_days"])),
            YES if report[name]["enough"] else NO,
        ]
        for name, names in CLASSES.items()
        if name in report
    ]
    return Table(heads, rows)
