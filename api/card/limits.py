"""What no figure of a card can say."""

from __future__ import annotations

from api.card.document import Bullets, Section, Text


def limit_section() -> Section:
    """Say what no figure of the card can say."""
    return Section(Text("Limits", "局限"), [Bullets(_LIMITS)])


_LIMITS = [
    Text(
        "It cannot know what nobody recorded: a budget cut upstairs, a rival's offer, a friendship.",
        "无法知道没有记录的事：高层削减预算、竞争对手的报价、私人关系。",
    ),
    Text(
        "A probability speaks of many like this one. Of a single opportunity it decides nothing.",
        "概率描述的是许多类似的商机，不能决定单个商机的结果。",
    ),
    Text(
        "Association is not cause: that opportunities with meetings are won more often does not say that one more "
        "meeting wins this one.",
        "相关不等于因果：有会面的商机赢单更多，并不表示再开一次会就能赢下这一个。",
    ),
    Text(
        "Opens and clicks of e-mail are partly machines (mail privacy proxies, link scanners). Replies and meetings "
        "are the strong signals.",
        "邮件的打开和点击部分来自机器（隐私代理、链接扫描）；回复和会面才是强信号。",
    ),
    Text(
        "Customers, products and people change. The figures hold for the period judged; train and judge again as "
        "outcomes come in.",
        "客户、产品和人员会变化。以上数字只对评判期成立；有新结果后应重新训练和评判。",
    ),
    Text(
        "The figures are of a model trained by the same steps on the earlier part of the data. The one in service was "
        "trained on all of them, and cannot be judged on what it has seen.",
        "以上数字来自用较早数据、按相同步骤训练的模型。现役模型使用全部数据训练，不能用它已见过的数据来评判。",
    ),
    Text(
        "It is made to rank and add up opportunities. Do not use it to judge people.",
        "它用于给商机排序和汇总，不应用来评价个人。",
    ),
]
