"""The plain sentence of a comparison, in English and Chinese."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from scoring.classification import CLASSES
from scoring.words import UNKNOWN, Words

METHODS = {
    "learned": Words("the learned forecast", "学习预测"),
    "fixed_weights": Words("the fixed weights", "固定权重"),
    "stage_rates": Words("the stage rates", "阶段赢率"),
    "commit": Words("the owners' commits", "负责人承诺"),
}
_MEASURES = {"amount": Words("won amount", "赢单金额"), "count": Words("number of wins", "赢单数")}
_SCOPES = {
    "open": Words("of what was open", "（当时在途商机）"),
    "all": Words("in all", "（全部）"),
    "committed": Words("of the periods that owners committed to", "（负责人作出承诺的期间）"),
}
COLUMNS = {
    "team": Words("team", "团队"),
    "owner": Words("owner", "负责人"),
    "product": Words("product", "产品"),
    "class": Words("class", "机会分类"),
    "stage": Words("stage", "阶段"),
}


@dataclass(frozen=True)
class Finding:
    """What the figures say of the learned forecast against one rule.

    ``learned`` and ``missed`` are by how much the two missed (WAPE); ``difference`` is how much
    further the rule missed, below 0 where the learned forecast did; ``low`` and ``high`` are 80 % sure. The biases are
    by how much each was too high on average, below 0 where it was too low, in shares of what came.
    """

    scope: str
    measure: str
    by: str | None
    group: str | None
    rule: str
    weeks: int
    days: float | None
    learned: float
    missed: float
    difference: float
    low: float | None
    high: float | None
    learned_bias: float | None
    rule_bias: float | None
    words: Words

    @property
    def is_worse(self) -> bool:
        """Whether the learned forecast missed by more than the rule, in whole percents as they are shown."""
        return _whole(self.learned) > _whole(self.missed)

    @property
    def lost(self) -> bool:
        """Whether it missed by more, and chance is not the reason: 80 % sure."""
        return self.is_worse and self.is_sure

    @property
    def is_sure(self) -> bool:
        """Whether the interval of the difference leaves out 0."""
        return is_sure(self.low, self.high)

    def to_dict(self) -> dict[str, Any]:
        """Describe it in JSON, with the sentence in both languages."""
        kept = {name: value for name, value in asdict(self).items() if name != "words"}
        return kept | {
            "lost": self.lost,
            "worse": self.is_worse,
            "sure": self.is_sure,
            "en": self.words.en,
            "zh-CN": self.words.zh,
        }


def sentence(
    what: Mapping[str, Any],
    rule: str,
    weeks: int,
    learned: float,
    missed: float,
    difference: Mapping[str, Any],
    stages: Mapping[str, Words] | None = None,
    biases: tuple[float | None, float | None] = (None, None),
) -> Words:
    """Say who missed by how much, and which way.

    Examples
    --------
    >>> what = {"scope": "open", "measure": "count", "by": None, "group": None}
    >>> sentence(what, "fixed_weights", 26, 0.14, 0.41, {"value": 0.27, "low": 0.19, "high": 0.34}).en
    'number of wins of what was open: over 26 weeks the learned forecast missed by 14 %, the fixed weights by 41 %; \
difference 27 points, 80 % sure between 19 and 34'
    """
    rule_words, measure, scope = METHODS[rule], _MEASURES[what["measure"]], _SCOPES[what["scope"]]
    ours, theirs = _whole(learned), _whole(missed)
    worse, sure = ours > theirs, is_sure(difference["low"], difference["high"])
    # The difference of what is shown, so that a reader's sum comes out.
    points = abs(ours - theirs)
    unit = "point" if points == 1 else "points"
    en_where, zh_where = _where(what, stages or {})
    en_lost, zh_lost = ("the learned forecast lost; ", "学习预测更差；") if worse else ("", "")
    if not sure:
        en_lost, zh_lost = "not told apart; ", "尚分不出高下；"
    en = (
        f"{measure.en} {scope.en}{en_where}: {en_lost}over {weeks} weeks the learned forecast missed by {ours} %, "
        f"{rule_words.en} by {theirs} %; difference {points} {unit}"
    )
    zh = (
        f"{measure.zh}{scope.zh}{zh_where}：{zh_lost}{weeks}周内学习预测误差{ours}%，"
        f"{rule_words.zh}误差{theirs}%；相差{points}个百分点"
    )
    side = _sides(rule_words, biases)
    if difference["low"] is None:
        return Words(f"{en}{side.en}", f"{zh}{side.zh}")
    low, high = sorted(_whole(-difference[end] if worse else difference[end]) for end in ("low", "high"))
    first, last = (str(bound).replace("-", "−") for bound in (low, high))
    return Words(f"{en}, 80 % sure between {first} and {last}{side.en}", f"{zh}，80%把握在{first}至{last}之间{side.zh}")


def is_sure(low: float | None, high: float | None) -> bool:
    """Tell whether an interval leaves out 0."""
    return low is not None and high is not None and (low > 0) == (high > 0)


def _sides(rule: Words, biases: tuple[float | None, float | None]) -> Words:
    """Say which way both missed on average."""
    ours, theirs = biases
    if ours is None or theirs is None:
        return Words("", "")
    mine, other = _side(ours), _side(theirs)
    return Words(
        f"; on average the learned forecast was {mine.en}, {rule.en} {other.en}",
        f"；平均而言学习预测{mine.zh}，{rule.zh}{other.zh}",
    )


def _side(bias: float) -> Words:
    share = _whole(abs(bias))
    if not share:
        return Words("neither too high nor too low", "不高不低")
    return Words(f"{share} % too {'high' if bias > 0 else 'low'}", f"偏{'高' if bias > 0 else '低'}{share}%")


def _whole(share: float) -> int:
    return round(100 * share)


def _where(what: Mapping[str, Any], stages: Mapping[str, Words]) -> tuple[str, str]:
    if what["by"] is None:
        return "", ""
    column = COLUMNS.get(what["by"], Words(what["by"], what["by"]))
    named = {name: Words(words["en"], words["zh-CN"]) for name, words in CLASSES.items()}
    known = {"class": named, "stage": stages}.get(what["by"], {})
    group = UNKNOWN if what["group"] is None else known.get(what["group"], Words(what["group"], what["group"]))
    return f", {column.en} {group.en}", f"，{column.zh}{group.zh}"
