"""The sections of a card that say whether probabilities came true, and for whom."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from api.card.document import Block, Bullets, Paragraph, Picture, Section, Table, Text, same
from api.card.shortcomings import learned_records
from api.card.words import (
    CAUSES,
    METHODS,
    NO,
    TOO_FEW,
    YES,
    band_name,
    between,
    group_name,
    grouping_name,
    horizon_name,
    number,
    percent,
    percent_between,
    stage_words,
)
from models.artifact import Artifact
from scoring.classification import CLASSES
from training.reliability import BAND, END
from training.reliability_plots import band_plot, group_plot, incidence_plot

Record = Mapping[str, Any]

_INTERVAL = Text("90 % interval", "90 %区间")
_ENOUGH = Text("enough to tell", "数量足够")
_OPPORTUNITIES = Text("opportunities", "商机数")
_EXPECTED, _ACTUAL = Text("expected", "预期"), Text("actually won", "实际赢单")


def reliability_sections(artifact: Artifact) -> list[Section]:
    """Calibration, timing and fairness; nothing when the model was never judged."""
    card = artifact.card
    if card is None or card["judged"] is None:
        return []
    return [_calibration(artifact, card), _groups(artifact, card), _incidence(card), _fairness(artifact, card)]


def band_sentence(record: Record) -> Text:
    """Say of a band how many of 100 were won."""
    band, won = band_name(record["group"]), f"{100 * record['actual']:.0f}"
    bounds = f"{100 * record['low']:.0f}–{100 * record['high']:.0f}"
    expected, count = f"{100 * record['expected']:.0f}", record["opportunities"]
    if not record["enough"]:
        return Text(
            f"Given {band}: {TOO_FEW.en} ({count} opportunities; {won} of 100 were won).",
            f"给出 {band}：{TOO_FEW.zh}（{count} 个商机；每 100 个赢单 {won} 个）。",
        )
    return Text(
        f"Of 100 opportunities given {band}, {won} were won ({bounds}); {expected} were expected by then.",
        f"给出 {band} 的每 100 个商机中，有 {won} 个赢单（{bounds}）；到那时预期为 {expected} 个。",
    )


def _calibration(artifact: Artifact, card: Record) -> Section:
    bands = learned_records(card, BAND, END)
    drawn = [r for r in card["reliability"] if r["by"] == BAND and r["horizon"] == END]
    judged = card["judged"]
    how = Paragraph(
        Text(
            f"A model trained by the same steps on the earlier data answered for {judged['snapshots']:,} snapshots of "
            f"{judged['opportunities']:,} opportunities from {judged['from']} to {judged['to']}. Each is judged by as "
            "long as it was watched, open ones included; in brackets what 90 % of repetitions would show.",
            f"用较早数据、按相同步骤训练的模型，对 {judged['from']} 至 {judged['to']} 的 "
            f"{judged['opportunities']:,} 个商机、{judged['snapshots']:,} 个快照作答。"
            "每个快照按其被观察的时长评判，包括在途商机；括号内为 90 %区间。",
        )
    )
    shows = Text(
        "Share won by the end of the data against the share expected, a point for each band of 10 %. On the line: as "
        "expected. Lines: 90 % for the learned. Hollow: too few.",
        "到数据结束时的赢单比例与预期比例，每 10 %一个点。在线上即与预期一致；"
        "竖线为学习模型的 90 %区间；空心表示数量太少。",
    )
    blocks: list[Block] = [how, Bullets([band_sentence(r) for r in bands])]
    blocks.append(Picture(lambda language: band_plot(drawn, language), shows))
    return Section(Text("Did the probabilities come true?", "概率是否应验（校准）"), [*blocks, *_by_horizon(card)])


def _by_horizon(card: Record) -> list[Block]:
    totals = [r for r in card["reliability"] if r["by"] == "all"]
    heads = [Text("won", "赢单"), Text("method", "方法"), _EXPECTED, _ACTUAL, _INTERVAL, _OPPORTUNITIES]
    rows = [
        [
            horizon_name(r["horizon"]),
            METHODS[r["method"]],
            same(percent(r["expected"], 1)),
            same(percent(r["actual"], 1)),
            same(percent_between(r["low"], r["high"])),
            same(f"{r['opportunities']:,}"),
        ]
        for r in totals
    ]
    biased = Text(
        "The last rows are those that closed by the end of the data. Where wins are quicker than losses they were won "
        "more often than the rest will be, so that even a true probability looks too low there.",
        "最后几行只含到数据结束时已关闭的商机。若赢单比丢单快，这些商机的赢单比例会高于其余商机，因此即使概率正确，在此也会显得偏低。",
    )
    error_heads = [
        Text("calibration error", "校准误差"),
        Text("method", "方法"),
        Text("measured", "实测"),
        Text("if perfectly calibrated", "若完全校准"),
        Text("seldom above", "很少超过"),
        _OPPORTUNITIES,
    ]
    errors = [
        [
            horizon_name(r["horizon"]),
            METHODS[r["method"]],
            *(same(number(r[name])) for name in ("value", "chance", "chance_high")),
            same(f"{r['opportunities']:,}"),
        ]
        for r in card["calibration"]
    ]
    small = Text(
        "On few opportunities even a perfect probability shows a calibration error: compare with the column beside it.",
        "商机数量少时，完全校准的概率也会显示校准误差：请与旁边一列比较。",
    )
    return [Table(heads, rows), Paragraph(biased), Paragraph(small), Table(error_heads, errors)]


def _groups(artifact: Artifact, card: Record) -> Section:
    blocks: list[Block] = []
    stages = _ordered("stage", learned_records(card, "stage", END), artifact)
    shows = Text(
        "By stage: expected (diamond) and actual share won by the end of the data, with 90 %.",
        "按阶段：到数据结束时的预期赢单比例（菱形）与实际比例及 90 %区间。",
    )

    def draw(language: str) -> str:
        names = {r["group"]: group_name("stage", r["group"], artifact).of(language) for r in stages}
        return group_plot(stages, names, language)

    if stages:
        blocks.append(Picture(draw, shows))
    for by in ("stage", "class"):
        rows = _ordered(by, learned_records(card, by, END), artifact)
        if rows:
            blocks.append(_group_table(by, rows, artifact))
    return Section(Text("By stage and class", "按阶段与机会分类"), blocks)


def _ordered(by: str, records: list[Record], artifact: Artifact) -> list[Record]:
    """Stages in the order of their process, classes in ours; the rest as they come."""
    order = stage_words(artifact) if by == "stage" else list(CLASSES)
    return sorted(records, key=lambda r: order.index(r["group"]) if r["group"] in order else len(order))


def _group_table(by: str, records: list[Record], artifact: Artifact) -> Table:
    heads = [grouping_name(by, artifact), _EXPECTED, _ACTUAL, _INTERVAL, _OPPORTUNITIES, _ENOUGH]
    rows = [
        [
            group_name(by, r["group"], artifact),
            same(percent(r["expected"], 1)),
            same(percent(r["actual"], 1)),
            same(percent_between(r["low"], r["high"])),
            same(f"{r['opportunities']:,}"),
            YES if r["enough"] else NO,
        ]
        for r in records
    ]
    return Table(heads, rows)


def _incidence(card: Record) -> Section:
    records = card["incidence"]
    title = Text("When it would be won or lost", "何时赢单或丢单")
    if not records:
        return Section(title, [Paragraph(TOO_FEW)])
    shows = Text(
        "Share won and lost by so many days: expected by the model (dashed), and as it happened, estimated by Aalen "
        "and Johansen with the open ones counted for as long as they were watched (solid, shaded 90 %).",
        "若干天内赢单与丢单的比例：模型预期（虚线）与实际（实线，阴影为 90 %区间）。"
        "实际值用 Aalen–Johansen 法估计，在途商机按观察时长计入。",
    )
    heads = [
        Text("cause", "结局"),
        Text("method", "方法"),
        Text("up to day", "截至天数"),
        Text("mean gap", "平均差距"),
        Text("by chance", "偶然差距"),
        Text("gap × days", "差距×天数"),
    ]
    rows = [
        [
            CAUSES[r["cause"]],
            METHODS[r["method"]],
            same(f"{r['until']:g}"),
            same(percent(r["mean"], 1)),
            same(percent(r["chance"], 1)),
            same(number(r["integrated"], 2)),
        ]
        for r in card["integrated"]
    ]
    days = [
        Text("days", "天数"),
        *(Text(f"{c.en}: {w.en}", f"{c.zh}：{w.zh}") for c in CAUSES.values() for w in _PARTS),
    ]
    table = Table(days, _days_rows([r for r in records if r["method"] == "learned"]))
    return Section(
        title, [Picture(lambda language: incidence_plot(records, language), shows), table, Table(heads, rows)]
    )


_PARTS = (Text("expected", "预期"), Text("actual", "实际"), _INTERVAL)


def _days_rows(records: list[Record]) -> list[list[Text]]:
    found = {(r["cause"], r["days"]): r for r in records}
    rows = []
    for day in sorted({r["days"] for r in records}):
        parts = [found[cause, day] for cause in CAUSES]
        cells = [
            (percent(r["expected"], 1), percent(r["actual"], 1), percent_between(r["low"], r["high"])) for r in parts
        ]
        rows.append([same(f"{day:g}"), *(same(cell) for part in cells for cell in part)])
    return rows


def _fairness(artifact: Artifact, card: Record) -> Section:
    what = Text(
        "Wins expected for each actual one by the end of the data: 1 is right, below 1 too low, above 1 too high. "
        "Log loss: lower is better; it also depends on how hard a segment is to tell.",
        "到数据结束时，每个实际赢单对应的预期赢单数：1 为准确，小于 1 为偏低，大于 1 为偏高。"
        "对数损失越低越好，但也取决于该群体本身的难易。",
    )
    heads = [
        Text("segment", "细分"),
        Text("value", "取值"),
        Text("expected / actual", "预期／实际"),
        _INTERVAL,
        Text("log loss", "对数损失"),
        _INTERVAL,
        _OPPORTUNITIES,
        _ENOUGH,
    ]
    rows = [
        [
            grouping_name(r["by"], artifact),
            group_name(r["by"], r["group"], artifact),
            same(number(r["ratio"], 2)),
            same(between(r["low"], r["high"], 2)),
            same(number(r["log_loss"])),
            same(between(r["log_loss_low"], r["log_loss_high"])),
            same(f"{r['opportunities']:,}"),
            YES if r["enough"] else NO,
        ]
        for r in card["segments"]
    ]
    blocks: list[Block] = [Paragraph(_gap(artifact, card["largest_gap"]))]
    if rows:
        blocks = [Paragraph(what), *blocks, Table(heads, rows)]
    return Section(
        Text("Does it serve all alike?", "对各群体是否同样准确（公平性）"),
        [*blocks, Paragraph(_owners(card["owners"]))],
    )


def _gap(artifact: Artifact, gap: Record | None) -> Text:
    if gap is None:
        return Text("No segment has enough opportunities to compare.", "没有数量足够的细分可供比较。")
    kind, name = grouping_name(gap["by"], artifact), group_name(gap["by"], gap["group"], artifact)
    bounds = number(gap["ratio"], 2), between(gap["low"], gap["high"], 2)
    return Text(
        f"The largest gap: {kind.en} “{name.en}”, {bounds[0]} ({bounds[1]}).",
        f"差距最大：{kind.zh}“{name.zh}”，{bounds[0]}（{bounds[1]}）。",
    )


def _owners(spread: Record | None) -> Text:
    if spread is None:
        return Text(
            "Owners: too few have enough opportunities for a figure that points at nobody.",
            "负责人：数量足够者太少，无法给出不指向个人的数字。",
        )
    low, middle, high = (number(spread[name], 2) for name in ("lowest", "median", "highest"))
    return Text(
        f"Owners, in all and nobody by name: among {spread['owners']} with enough opportunities expected / actual runs "
        f"from {low} to {high}, median {middle}. {spread['apart']} differ from 1 by more than chance "
        f"({spread['apart_by_chance']:.1f} would by chance); {spread['too_few']} more have too few opportunities.",
        f"负责人（仅汇总，不列姓名）：商机数量足够的 {spread['owners']} 人中，预期／实际在 {low} 至 {high} 之间，"
        f"中位数 {middle}。{spread['apart']} 人与 1 的差异超出偶然（偶然约 {spread['apart_by_chance']:.1f} 人）；"
        f"另有 {spread['too_few']} 人商机太少。",
    )
