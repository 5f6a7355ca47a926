"""Headers that exports use, in English and Chinese, and the column of ours that each means."""

from __future__ import annotations

import re
from collections.abc import Iterable

HEADERS: dict[str, dict[str, str]] = {
    "opportunities": {
        "opportunity_id": "opportunity id, deal id, opportunity number, lead id, case id, record id, id, number, "
        "商机编号, 商机id, 商机编码, 机会编号, 销售机会编号, 线索编号, 编号",
        "created_at": "created at, created date, create date, createdate, created on, created time, creation date, "
        "created, opened, open date, date opened, 创建时间, 创建日期, 建立时间, 建立日期, 录入时间, 新建时间",
        "account_id": "account id, account, account name, company id, company, customer id, customer, client, "
        "客户编号, 客户id, 客户, 客户名称, 公司, 公司名称",
        "owner_id": "owner id, owner, manager id, sales rep, salesperson, sales agent, assigned to, responsible user "
        "id, 负责人, 销售, 销售人员, 销售员, 业务员, 所有人, 跟进人",
        "team": "team, department, sales team, 团队, 部门, 所属部门, 销售团队",
        "product": "product, product name, product id, 产品, 产品名称, 意向产品",
        "service": "service, 服务, 服务名称",
        "source": "source, lead source, original source, 来源, 线索来源, 商机来源, 客户来源",
        "channel": "channel, sales channel, route to market, 渠道, 销售渠道",
        "currency": "currency, currency code, currency iso code, 币种, 货币",
        "stage": "stage, stage name, stage id, deal stage, sales stage, pipeline stage id, opportunity result, "
        "result, outcome, status, deal pipeline stage id, 阶段, 销售阶段, 商机阶段, 状态, 商机状态, 结果",
        "amount": "amount, expected amount, opportunity amount, deal value, value, "
        "expected revenue, deal amount, 金额, 预计金额, 商机金额, 销售金额, 预计销售金额, 预计成交金额",
        "expected_close_date": "expected close date, expected close, expected closing, estimated close date, "
        "预计成交日期, 预计结单日期, 预计成交时间, 预计签单日期",
        "lost_reason": "lost reason, loss reason, closed lost reason, 丢单原因, 输单原因, 失败原因",
        "updated": "updated at, last modified date, updated, modified date, last modified, modified at, write date, "
        "更新时间, 修改时间, 最后修改时间, 最近更新时间",
        "closed_at": "closed at, closed date, close date, closedate, date closed, closed on, 结单日期, 成交日期, "
        "关闭时间, 成交时间, 结束时间",
    },
    "events": {
        "opportunity_id": "case id, case, deal id, opportunity id, 商机编号, 商机id, 案例编号",
        "event": "activity, event, event name, concept name, action, 活动, 事件, 动作, 操作",
        "occurred_at": "timestamp, time timestamp, occurred at, event time, time, date, completed at, 时间, 发生时间",
        "owner_id": "resource, org resource, user, agent, 负责人, 操作人",
        "amount": "amount, requested amount, 金额",
    },
    "accounts": {
        "account_id": "account id, company id, customer id, id, 客户编号, 客户id",
        "created_at": "created at, created date, createdate, create date, 创建时间, 创建日期",
        "name": "name, account name, company name, 客户名称, 公司名称",
        "industry": "industry, 行业, 所属行业",
        "region": "region, city, country, billing state, 地区, 城市, 区域",
        "size": "size, company size, employees, number of employees, 规模, 公司规模",
    },
    "contacts": {
        "contact_id": "contact id, id, 联系人编号, 联系人id",
        "account_id": "account id, company id, customer id, 客户编号, 客户id",
        "created_at": "created at, created date, createdate, create date, 创建时间, 创建日期",
        "role": "role, buying role, 角色, 决策角色",
    },
    "stage_history": {
        "opportunity_id": "opportunity id, deal id, 商机编号, 商机id",
        "stage": "stage, stage name, new stage, new stage id, value, 阶段, 新阶段",
        "occurred_at": "changed at, created date, date entered, timestamp, occurred at, 变更时间, 时间",
    },
    "activities": {
        "activity_id": "activity id, id, task id, 活动编号, 跟进编号",
        "opportunity_id": "opportunity id, deal id, what id, 商机编号, 商机id",
        "kind": "activity type, type, kind, 活动类型, 跟进方式, 类型",
        "occurred_at": "completed at, occurred at, activity date, date, timestamp, 跟进时间, 时间",
        "topic": "subject, topic, 主题",
    },
}
"""By table: our column and the headers that mean it, the most telling first."""

FILE_WORDS = {
    "stage_history": ("stage_history", "opportunity_history", "阶段历史", "阶段变更"),
    "contacts": ("contact", "联系人"),
    "accounts": ("account", "compan", "customer", "客户", "公司"),
    "activities": ("activit", "task", "engagement", "活动", "跟进"),
    "opportunities": ("deal", "opportunit", "lead", "商机", "机会", "线索"),
}
"""Words in a file's name that tell its table."""

WON = ("won", "win", "closed won", "closedwon", "success", "赢单", "成交", "已成交", "成功", "赢", "签约")
LOST = ("lost", "loss", "closed lost", "closedlost", "lose", "丢单", "输单", "失败", "流失", "已失败")


_YES = ("yes", "true", "1", "y", "t", "是")
_NO = ("no", "false", "0", "n", "f", "否")


def outcomes_of(stages: list[str]) -> list[str]:
    """Tell won, lost or open of each stage from its name; a plain yes and no are won and lost.

    Examples
    --------
    >>> outcomes_of(["是", "否"]), outcomes_of(["New", "Closed won"])
    (['won', 'lost'], ['open', 'won'])
    """
    words = [stage.casefold() for stage in stages]
    if len(words) == 2 and any(word in _YES for word in words) and any(word in _NO for word in words):
        return ["won" if word in _YES else "lost" for word in words]
    return [outcome_of(stage) for stage in stages]


def plain(header: str) -> str:
    """Return a header without case, marks, an export's own prefix and the currency behind an amount.

    Examples
    --------
    >>> plain("property_CloseDate"), plain("Created-At"), plain("商机编号")
    ('closedate', 'created at', '商机编号')
    """
    words = re.sub(r"[\W_]+", " ", header.casefold()).strip()
    return re.sub(r" (usd|eur|gbp|cny|rmb|rub)$", "", words.removeprefix("property "))


def recognise(table: str, headers: Iterable[str]) -> dict[str, str]:
    """Return our columns that the headers mean: ours to theirs, each header used once."""
    by_plain = {plain(header): header for header in headers}
    found: dict[str, str] = {}
    for ours, written in HEADERS[table].items():
        for known in written.split(", "):
            if known in by_plain and by_plain[known] not in found.values():
                found[ours] = by_plain[known]
                break
    return found


def outcome_of(stage: str) -> str:
    """Tell won, lost or open from the name of a stage."""
    word = plain(stage)
    return "won" if word in WON else "lost" if word in LOST else "open"
