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


def man_of(money: float, authority: float, need: float) -> Man:
    """Give the code of assessed levels: 0 no, 1 partly, 2 yes, NaN unknown.

    Partly counts as having it: the letter is not denied.

    Examples
    --------
    >>> man_of(2, 0, 2)
    Man(code='MaN', en='worth contact; find the person with authority', zh='值得接触，设法找到有决策权的人')
    >>> man_of(2, 0, float("nan")).en
    'find out first: need'
    """
    levels = dict(zip(_LETTERS, (money, authority, need), strict=True))
    code = "".join(_letter(letter, level) for letter, level in levels.items())
    if code in ADVICE:
        return Man(code, *ADVICE[code])
    unknown = [names for letter, names in _LETTERS.items() if np.isnan(levels[letter])]
    en, zh = ", ".join(name for name, _ in unknown), "、".join(name for _, name in unknown)
    return Man(code, f"find out first: {en}", f"先了解：{zh}")


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
