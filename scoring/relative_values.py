"""Features that compare with something usual, as so many times of it: a logarithm says nothing to people."""

from __future__ import annotations

from math import exp
from typing import NamedTuple

_FURTHEST = 20.0


class Relative(NamedTuple):
    """What is compared with what, in English and Chinese; ``is_log`` where the value is the log of the ratio."""

    what: tuple[str, str]
    usual: tuple[str, str]
    is_log: bool

    def times(self, value: float) -> float:
        """How many times of the usual a value is."""
        return exp(min(max(value, -_FURTHEST), _FURTHEST)) if self.is_log else value


RELATIVE = {
    "amount_to_usual": Relative(("amount", "金额"), ("the usual in its currency", "同币种常见金额"), is_log=True),
    "amount_to_first": Relative(("amount", "金额"), ("the first amount", "初始金额"), is_log=False),
    "pace": Relative(("age", "商机时长"), ("that of past wins", "历史赢单用时"), is_log=True),
    "silence_to_gap": Relative(
        ("silence", "沉默时间"), ("the usual gap between contacts and a day", "通常沟通间隔加一天"), is_log=False
    ),
}
"""By the feature's name."""
