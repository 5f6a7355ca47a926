"""The MAN code of an opportunity and the advice that goes with it.

M money, A authority, N need: upper case when the customer has it, lower case when not,
``?`` when it is unknown. Unknown is not no.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.view import View

_LETTERS = {"M": ("money", "资金"), "A": ("authority", "决策权"), "N": ("need", "需求")}

_CULTIVATE = (
    "contact, and cultivate over the long term until another condition holds",
    "保持接触，长期培养，直到具备其他条件",
)

_IMPLIED = (
    "need is not stated, but the stage implies it: have it confirmed",
    "需求未填写，但所处阶段意味着需求已确认：请补充确认",
)

ADVICE = {
    "MAN": ("an ideal prospect", "理想的销售对象"),
    "MAn": ("worth contact; skilled selling can succeed", "值得接触，配合熟练的销售技巧有望成功"),
    "MaN": ("worth contact; find the person with authority", "值得接触，设法找到有决策权的人"),
    "mAN": (
        "worth contact; check business condition and credit, offer financing",
        "值得接触，需调查其业务状况和信用条件，可提供融资",
    ),
    "maN": _CULTIVATE,
    "mAn": _CULTIVATE,
    "Man": _CULTIVATE,
    "man": ("not a customer; stop", "非潜在客户，停止接触"),
}
"""Advice for each complete code, in English and Chinese."""


@dataclass(frozen=True)
class Man:
    """A MAN code with its advice in both languages."""

    code: str
    en: str
    zh: str


def man_of(money: float, authority: float, need: float, *, stage_implies_need: bool = False) -> Man:
    """Give the code of assessed levels: 0 no, 1 partly, 2 yes, NaN unknown.

    Partly counts as having it: the letter is not denied. Only what somebody stated makes a letter;
    where nobody stated the need and the stage implies it, the advice says so.

    Examples
    --------
    >>> man_of(2, 0, 2)
    Man(code='MaN', en='worth contact; find the person with authority', zh='值得接触，设法找到有决策权的人')
    >>> man_of(2, 0, float("nan")).en
    'find out first: need'
    >>> man_of(2, 0, float("nan"), stage_implies_need=True).en
    'need is not stated, but the stage implies it: have it confirmed'
    """
    levels = dict(zip(_LETTERS, (money, authority, need), strict=True))
    code = "".join(_letter(letter, level) for letter, level in levels.items())
    if code in ADVICE:
        return Man(code, *ADVICE[code])
    is_implied = stage_implies_need and bool(np.isnan(need))
    unknown = [n for letter, n in _LETTERS.items() if np.isnan(levels[letter]) and not (is_implied and letter == "N")]
    en, zh = ", ".join(name for name, _ in unknown), "、".join(name for _, name in unknown)
    said = [(f"find out first: {en}", f"先了解：{zh}")] if unknown else []
    said += [_IMPLIED] if is_implied else []
    return Man(code, "; ".join(one for one, _ in said), "；".join(one for _, one in said))


MAN_FIELDS = tuple(field for field, _ in _LETTERS.values())
"""Fields that the letters are of, in their order."""


def man_codes(view: View) -> NDArray[np.object_]:
    """Give the code of each snapshot of a view, shape (n,)."""
    codes = np.full(len(view), "", dtype=object)
    for letter, (field, _) in _LETTERS.items():
        level = view.path(field).last
        codes = codes + np.where(np.isnan(level), "?", np.where(level >= 1, letter, letter.lower())).astype(object)
    return codes


def _letter(letter: str, level: float) -> str:
    if np.isnan(level):
        return "?"
    return letter if level >= 1 else letter.lower()
