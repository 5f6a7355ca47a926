"""The sections of a card that say what a model is: data, comparison, classes, members, features, limits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import exp
from typing import Any

from api.card.document import Block, Bullets, Paragraph, Section, Table, Text, same
from api.card.unjudged_segments import unjudged_segments
from api.card.words import (
    METHODS,
    NO,
    YES,
    attribute_name,
    group_name,
    grouping_name,
    number,
    percent,
)
from features.feature import GROUPS
from models.artifact import Artifact
from scoring.forgotten import limits_from
from training.field_insight import REASONS

Record = Mapping[str, Any]

_INTERVAL = Text("90 % interval", "90 %区间")
_METRICS = {
    "log_loss": Text("log loss", "对数损失"),
    "brier": Text("Brier", "Brier 分数"),
    "auc": Text("AUC", "AUC"),
    "calibration_error": Text("calibration error", "校准误差"),
    "expected_over_actual": Text("expected / actual wins", "预期／实际赢单"),
}
_MOST_SHOWN = 5


def data_section(artifact: Artifact) -> Section:
    """Say where the data are from, how many, and who was trained on."""
    training, card = artifact.training, artifact.card
    origin = str(training["origin"])
    if origin == "simulated":
        first = Text("Origin: simulated. No real customer is in it.", "来源：模拟数据，不含任何真实客户。")
    else:
        first = Text(f"Origin: {origin}. Not simulated.", f"来源：{origin}，非模拟数据。")
    if "opportunities" not in training:
        return Section(_DATA, [Paragraph(Text("No data: nothing was trained.", "没有数据：未经训练。"))])
    counts = Text(
        f"{training['opportunities']:,} opportunities, {training['snapshots']:,} snapshots of open ones: "
        f"{training['won']:,} later won, {training['lost']:,} lost, {training['open']:,} still open.",
        f"{training['opportunities']:,} 个商机，{training['snapshots']:,} 个在途时的快照："
        f"其后赢单 {training['won']:,} 个，丢单 {training['lost']:,} 个，仍在途 {training['open']:,} 个。",
    )
    items = [first, counts, *_forgotten(training), *_period(artifact)]
    blocks: list[Block] = [Bullets(items)]
    if card and card["population"]:
        lead = Text("Who it was trained on, by share of opportunities:", "训练所用的商机构成（按商机比例）：")
        heads = [Text("segment", "细分"), Text("values", "取值")]
        blocks += [
            Paragraph(lead),
            Table(heads, [_population(by, card, artifact) for by in sorted(card["population"])]),
        ]
    return Section(_DATA, blocks)


_DATA = Text("Data", "数据")


def _forgotten(training: Record) -> list[Text]:
    limits = limits_from(training)
    if limits is None:
        return []
    days = f"{limits.silent_days:.0f}"
    return [
        Text(
            f"Forgotten, and not learned from any more: open opportunities of which nothing was recorded for more than "
            f"{days} days. {limits.count:,} are open now; of {limits.seen:,} that ever were, {limits.won:,} were won.",
            f"已被遗忘、不再用于学习：超过 {days} 天没有任何记录的在途商机，目前 {limits.count:,} 个；"
            f"曾被遗忘的 {limits.seen:,} 个中赢单 {limits.won:,} 个。",
        )
    ]


def _period(artifact: Artifact) -> list[Text]:
    cutoff = str(artifact.training["cutoff"])[:10]
    if artifact.card is None:
        return [Text(f"Known up to {cutoff}.", f"数据截至 {cutoff}。")]
    start = artifact.card["period"]["from"]
    return [Text(f"Created from {start} on, known up to {cutoff}.", f"自 {start} 起创建，数据截至 {cutoff}。")]


def _population(by: str, card: Record, artifact: Artifact) -> list[Text]:
    shown = card["population"][by][:_MOST_SHOWN]
    names = [(group_name(by, part["group"], artifact), percent(part["share"])) for part in shown]
    en, zh = ", ".join(f"{n.en} {share}" for n, share in names), "、".join(f"{n.zh} {share}" for n, share in names)
    more = len(card["population"][by]) > _MOST_SHOWN
    return [grouping_name(by, artifact), Text(en + ", …" if more else en, zh + " 等" if more else zh)]


def performance_section(artifact: Artifact) -> Section:
    """Compare with the rules it replaces, and give the verdict row by row."""
    title = Text("Beside the rules it replaces", "与所替代的规则比较")
    figures = artifact.training.get("figures") or {}
    if not figures:
        return Section(title, [Paragraph(Text("Nothing was measured.", "没有测量结果。"))])
    methods = [method for method in METHODS if method in figures]
    heads = [Text("method", "方法"), *_METRICS.values()]
    rows = [[METHODS[m], *(same(_figure(figures[m][metric])) for metric in _METRICS)] for m in methods]
    note = Text(
        "On snapshots that closed after the training of the judged model; in brackets 90 %. Lower is better for all "
        "but AUC; expected / actual is best at 1. Where wins are quicker than losses, those that closed by the end of "
        "the data were won more often than the rest will be: judge expected / actual by the next section instead.",
        "基于被评判模型训练之后关闭的快照；括号内为 90 %区间。除 AUC 外均越低越好；预期／实际以 1 为最佳。"
        "若赢单比丢单快，到数据结束时已关闭的商机赢单比例会高于其余商机：预期／实际请以下一节为准。",
    )
    blocks: list[Block] = [Paragraph(note), Table(heads, rows)]
    checks = artifact.card["checks"] if artifact.card else []
    unjudged = unjudged_segments(artifact) if checks else None
    return Section(title, [*blocks, *_verdict(checks), *([Paragraph(unjudged)] if unjudged else [])])


def _figure(found: Record) -> str:
    digits = 3 if abs(found["value"] or 0) < 1 else 2
    value, low, high = (number(found[part], digits) for part in ("value", "low", "high"))
    return f"{value} ({low}–{high})"


def _verdict(checks: Sequence[Record]) -> list[Block]:
    if not checks:
        return []
    lead = Text(
        "The verdict row by row. Against a rule the figure is the loss (censored negative log-likelihood, open ones "
        "included) of this model less that of the rule: below 0 this model is better. The comparison with the model "
        "in service at the time is in MLflow.",
        "逐行评判结果。与规则比较时，数值为本模型的损失（含在途商机的删失负对数似然）减去规则的损失："
        "小于 0 表示本模型更好。与当时现役模型的比较见 MLflow。",
    )
    heads = [Text("check", "检查"), Text("figure", "数值"), _INTERVAL, Text("limit", "限值"), Text("passed", "通过")]
    rows = [
        [
            Text(check["en"], check["zh-CN"]),
            same(_signed(check["figure"])),
            same("–" if check["low"] is None else f"{_signed(check['low'])} … {_signed(check['high'])}"),
            Text(check["limit"] or "–", (check["limit"] or "–").replace("high", "上限")),
            _PASSED[check["passed"]],
        ]
        for check in checks
    ]
    return [Paragraph(lead), Table(heads, rows)]


_PASSED = {True: YES, False: NO, None: Text("reported only", "仅供参考")}


def _signed(figure: float | None) -> str:
    return "–" if figure is None else f"{figure:+.4f}".replace("-", "−")


_HOW = {
    "fixed_weights": Text("the rule's percentage of the stage", "规则给每个阶段的百分比"),
    "stage_rates": Text("how often opportunities of this stage and age were won", "同阶段、同时长的商机过去的赢单比例"),
    "ridge_hazards": Text("a linear model of how soon opportunities are won or lost", "赢单、丢单快慢的线性模型"),
    "lightgbm_hazards": Text("decision trees of how soon opportunities are won or lost", "赢单、丢单快慢的决策树模型"),
}


def member_section(artifact: Artifact) -> Section:
    """Say in words what members answer and with what weight."""
    described = artifact.win.to_dict()
    weights, clocks = described["weights"], described["clock_weights"]
    heads = [
        Text("member", "成员"),
        Text("how it answers", "如何作答"),
        Text("weight in whether", "“是否赢单”权重"),
        Text("weight in when", "“何时”权重"),
    ]
    rows = [
        [METHODS[m], _HOW.get(m, same("–")), same(percent(weights[m])), same(percent(clocks[m]))]
        for m in METHODS
        if m in weights
    ]
    half = percent(1 / (1 + exp(-described["level"])), 1)
    level = Text(
        f"After blending, the level moves every probability the same way: 50 % becomes {half}.",
        f"融合后，水平项把所有概率朝同一方向调整：50 % 变为 {half}。",
    )
    return Section(Text("How it answers", "如何作答"), [Table(heads, rows), Paragraph(level)])


def feature_section(artifact: Artifact) -> Section:
    """List what the model was given, what was never recorded, and what it was not given, with reasons."""
    card = artifact.card
    missing = set(card["unrecorded"]) if card else set()
    heads = [Text("group", "类别"), Text("features", "特征数"), Text("never recorded in these data", "数据中从未记录")]
    rows = [_feature_row(group, names, artifact, missing) for group, names in GROUPS.items()]
    blocks: list[Block] = [Table(heads, [row for row in rows if row[1].en != "0"])]
    if card is None:
        return Section(_FEATURES, [*blocks, Paragraph(Text("Fields left out: not kept.", "未采用字段：未保存。"))])
    if card["attributes"]:
        columns = [Text("column", "自定义字段"), Text("trained on", "用于训练"), Text("why", "原因")]
        blocks.append(Table(columns, [_attribute_row(a, artifact) for a in card["attributes"]]))
    chosen = artifact.training.get("excluded", [])
    if chosen:
        by_choice = Text(f"Left out by choice: {', '.join(chosen)}.", f"按指定不采用：{'、'.join(chosen)}。")
        blocks.append(Paragraph(by_choice))
    names = Text(
        "Not given to the model at all: names of people, customers and owners. Of an owner it knows past results only.",
        "模型完全不使用：个人、客户和负责人的姓名。对负责人只使用历史业绩。",
    )
    return Section(_FEATURES, [*blocks, Paragraph(names)])


_FEATURES = Text("What it is given, and what not", "采用与未采用的信息")


def _feature_row(group: str, names: Mapping[str, str], artifact: Artifact, missing: set[str]) -> list[Text]:
    mine = [f for f in artifact.catalogue.learned if f.group == group]
    never = [f for f in mine if f.name in missing]
    en, zh = ", ".join(f.en for f in never) or "–", "、".join(f.zh for f in never) or "–"
    return [Text(names["en"], names["zh-CN"]), same(len(mine)), Text(en, zh)]


_REASONS = {("creation", True): "creation", ("unknown", True): "chosen"}


def _attribute_row(attribute: Record, artifact: Artifact) -> list[Text]:
    key, used, measured = str(attribute["name"]), bool(attribute["used"]), str(attribute["measured"])
    if f"attribute_{key}" in artifact.catalogue.excluded:
        why = "excluded"
    elif key in artifact.training.get("left_out", {}):
        why = "doubted"
    else:
        why = _REASONS.get((measured, used), measured)
    return [attribute_name(key, attribute["names"]), YES if used else NO, Text(*REASONS[why])]
