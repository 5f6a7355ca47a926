"""What is bad about a model, as far as its own figures tell: said first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from api.card.document import Text
from api.card.words import CAUSES, METHODS, band_name, group_name, grouping_name, horizon_name, percent
from models.artifact import Artifact
from scoring.score import ENOUGH
from training.reliability import BAND, END

Record = Mapping[str, Any]


def shortcomings(artifact: Artifact) -> list[Text]:
    """List what is bad, the gravest first; a sentence that nothing was found when nothing was."""
    found = [*_of_data(artifact), *_of_card(artifact)]
    none = Text(
        "These checks found nothing wrong. The limits at the end hold all the same.",
        "以上检查未发现问题；但文末所列局限仍然存在。",
    )
    return found or [none]


def _of_data(artifact: Artifact) -> list[Text]:
    training, found = artifact.training, []
    if training["origin"] == "simulated":
        found.append(
            Text(
                "It was trained on SIMULATED data. It says nothing about real customers.",
                "本模型用模拟数据训练，不能说明任何真实客户的情况。",
            )
        )
    won, lost = int(training["won"]), int(training["lost"])
    if not won and not lost:
        found.append(
            Text("It has learned nothing: it answers with the fixed weights.", "尚未学习任何内容：直接给出固定权重。")
        )
    elif min(won, lost) < ENOUGH:
        found.append(
            Text(
                f"It learned from little: {won} opportunities won, {lost} lost; {ENOUGH} of each are wanted.",
                f"训练数据很少：赢单 {won} 个，丢单 {lost} 个；至少各需 {ENOUGH} 个。",
            )
        )
    return found


def _of_card(artifact: Artifact) -> list[Text]:
    card = artifact.card
    if card is None:
        return [
            Text(
                "This model keeps no record of how reliable it was: reliability, fairness and the fields left out "
                "are missing from this card. Train it again to have them.",
                "本模型没有保存可靠性记录：本说明缺少可靠性、公平性和未采用字段。重新训练后即可获得。",
            )
        ]
    if card["judged"] is None:
        return [
            Text(
                "It was never judged on later data: too little had closed.",
                "从未在后来的数据上评判：已关闭的商机太少。",
            )
        ]
    checks = (_lost, _outdone, _total, _bands, _error, _clock, _groups, _segments, _small)
    return [text for check in checks for text in check(artifact, card)]


def _lost(artifact: Artifact, card: Record) -> list[Text]:
    return [
        Text(
            f"Not shown on later data: {check['en']}.",
            f"在后来的数据上未能证明：{check['zh-CN']}。",
        )
        for check in card["checks"]
        if check["passed"] is False
    ]


def _outdone(artifact: Artifact, card: Record) -> list[Text]:
    figures = artifact.training.get("figures", {})
    loss = {method: found["log_loss"]["value"] for method, found in figures.items()}
    better = [m for m in loss if m in METHODS and "learned" in loss and loss[m] < loss["learned"]]
    if not better:
        return []
    best = min(better, key=lambda method: loss[method])
    by = f"{loss[best]:.4f}", f"{loss['learned']:.4f}"
    return [
        Text(
            f"{METHODS[best].en} alone had a lower log loss on what closed later: {by[0]} against {by[1]}.",
            f"在后来关闭的商机上，仅用{METHODS[best].zh}的对数损失更低：{by[0]}，本模型为 {by[1]}。",
        )
    ]


def learned_records(card: Record, by: str, horizon: float | str | None) -> list[Record]:
    """Records of the learned probability by one grouping at one horizon."""
    return [
        r for r in card["reliability"] if (r["method"], r["by"], r["horizon"]) == ("learned", by, horizon)
    ]  # fmt: skip


def is_off(record: Record) -> bool:
    """Tell whether what was expected lies outside the interval of what happened, with enough to tell."""
    return bool(record["enough"] and not record["low"] <= record["expected"] <= record["high"])


def _total(artifact: Artifact, card: Record) -> list[Text]:
    return [
        Text(
            f"It expected too {'many' if r['expected'] > r['high'] else 'few'} wins by the end of the data: "
            f"{percent(r['expected'], 1)} of opportunities, {percent(r['actual'], 1)} were won "
            f"({percent(r['low'], 1)} to {percent(r['high'], 1)}).",
            f"到数据结束时预期赢单{'偏多' if r['expected'] > r['high'] else '偏少'}：预期 {percent(r['expected'], 1)}，"
            f"实际 {percent(r['actual'], 1)}（{percent(r['low'], 1)} 至 {percent(r['high'], 1)}）。",
        )
        for r in learned_records(card, "all", END)
        if is_off(r)
    ]


def _bands(artifact: Artifact, card: Record) -> list[Text]:
    off = [r for r in learned_records(card, BAND, END) if is_off(r)]
    if not off:
        return []
    en = "; ".join(
        f"{band_name(r['group'])}: {100 * r['expected']:.0f} of 100 expected, {100 * r['actual']:.0f} won" for r in off
    )
    zh = "；".join(
        f"{band_name(r['group'])}：每 100 个预期 {100 * r['expected']:.0f} 个，实际赢单 {100 * r['actual']:.0f} 个"
        for r in off
    )
    chance = "With intervals of 90 % one band in ten is out by chance.", "90 %区间下，十个区间中偶然会有一个超出。"
    return [
        Text(f"Probability bands that did not come true: {en}. {chance[0]}", f"与实际不符的概率区间：{zh}。{chance[1]}")
    ]


def _error(artifact: Artifact, card: Record) -> list[Text]:
    return [
        Text(
            f"Calibration error {horizon_name(r['horizon']).en}: {r['value']:.3f}. A perfectly calibrated probability "
            f"would show {r['chance']:.3f} on as few, and seldom more than {r['chance_high']:.3f}.",
            f"{horizon_name(r['horizon']).zh}的校准误差为 {r['value']:.3f}；同样数量下，完全校准的概率约为 "
            f"{r['chance']:.3f}，很少超过 {r['chance_high']:.3f}。",
        )
        for r in card["calibration"]
        # Judged on those that closed alone, a true probability is off too.
        if r["method"] == "learned" and r["horizon"] is not None and r["value"] > r["chance_high"]
    ]


def _clock(artifact: Artifact, card: Record) -> list[Text]:
    found = []
    for cause, name in CAUSES.items():
        rows = [r for r in card["incidence"] if (r["method"], r["cause"]) == ("learned", cause)]
        off = [r for r in rows if not r["low"] <= r["expected"] <= r["high"]]
        if off:
            worst = max(off, key=lambda r: abs(r["expected"] - r["actual"]))
            shares = percent(worst["expected"], 1), percent(worst["actual"], 1)
            found.append(
                Text(
                    f"When opportunities are {name.en} is off at {len(off)} of {len(rows)} days ahead, most at "
                    f"{worst['days']:g} days: {shares[0]} expected, {shares[1]} actual.",
                    f"{name.zh}时间在 {len(rows)} 个时点中有 {len(off)} 个不符，最大偏差在 {worst['days']:g} 天："
                    f"预期 {shares[0]}，实际 {shares[1]}。",
                )
            )
    return found


def _groups(artifact: Artifact, card: Record) -> list[Text]:
    found = []
    for by in ("stage", "class"):
        for r in learned_records(card, by, END):
            if is_off(r):
                name, shares = group_name(by, r["group"], artifact), (percent(r["expected"]), percent(r["actual"]))
                kind = grouping_name(by, artifact)
                found.append(
                    Text(
                        f"In {kind.en} “{name.en}” {shares[0]} were expected to be won, {shares[1]} were.",
                        f"{kind.zh}“{name.zh}”：预期赢单 {shares[0]}，实际 {shares[1]}。",
                    )
                )
    return found


def _segments(artifact: Artifact, card: Record) -> list[Text]:
    gap = card["largest_gap"]
    if gap is None or gap["low"] <= 1 <= gap["high"]:
        return []
    kind, name = grouping_name(gap["by"], artifact), group_name(gap["by"], gap["group"], artifact)
    bounds = f"{gap['ratio']:.2f}", f"{gap['low']:.2f}", f"{gap['high']:.2f}"
    compared = [s for s in card["segments"] if s["enough"]]
    off = sum(not s["low"] <= 1 <= s["high"] for s in compared)
    chance = f"{0.1 * len(compared):.0f}"
    return [
        Text(
            f"Segments are not served alike. The largest gap is {kind.en} “{name.en}”: "
            f"{bounds[0]} wins expected for each actual one ({bounds[1]} to {bounds[2]}). "
            f"Of {len(compared)} segments {off} are off; about {chance} would be by chance.",
            f"各细分群体的准确程度不同。差距最大的是{kind.zh}“{name.zh}”：每个实际赢单对应预期 {bounds[0]} 个"
            f"（{bounds[1]} 至 {bounds[2]}）。{len(compared)} 个细分中有 {off} 个不符，偶然约为 {chance} 个。",
        )
    ]


def _small(artifact: Artifact, card: Record) -> list[Text]:
    rows = [r for r in card["reliability"] if r["method"] == "learned" and r["horizon"] == END]
    few = sum(not r["enough"] for r in rows)
    if not few:
        return []
    return [
        Text(
            f"{few} of {len(rows)} groups below have too few opportunities to tell whether they came true.",
            f"下列 {len(rows)} 个分组中有 {few} 个数量太少，无法判断是否准确。",
        )
    ]
