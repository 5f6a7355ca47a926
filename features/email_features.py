"""E-mail: what we sent, and what came back. Opens and clicks are partly machines; replies are people."""

from __future__ import annotations

import numpy as np

from features.activity_counts import ActivityCounts
from features.feature import Feature
from features.view import Floats

_UNTRACKED = "missing when such e-mail events were not tracked all through"


def _feature(name: str, unit: str, en: str, zh: str, meaning: str) -> Feature:
    return Feature(name, "email", unit, en, zh, f"{meaning}; {_UNTRACKED}.")


FEATURES = (
    _feature("emails_sent_30d", "count", "e-mails sent in 30 days", "30天内发送邮件数", "E-mails we sent in the last 30 days"),
    _feature("emails_opened_30d", "count", "opens in 30 days", "30天内打开次数", "Opens in the last 30 days, machines included"),
    _feature("emails_opened_human_30d", "count", "opens by people in 30 days", "30天内人工打开次数", "Opens in the last 30 days not flagged as automated"),
    _feature("emails_clicked_30d", "count", "clicks in 30 days", "30天内点击次数", "Clicks in the last 30 days, machines included"),
    _feature("emails_clicked_human_30d", "count", "clicks by people in 30 days", "30天内人工点击次数", "Clicks in the last 30 days not flagged as automated"),
    _feature("replies_7d", "count", "replies in 7 days", "7天内回复次数", "Replies in the last 7 days"),
    _feature("replies_30d", "count", "replies in 30 days", "30天内回复次数", "Replies in the last 30 days"),
    _feature("replies_ever", "count", "replies", "回复次数", "Replies so far"),
    _feature("open_rate", "share", "open rate", "邮件打开率", "Opens by people per e-mail sent, as if 2 of 8 more had been opened"),
    _feature("click_rate", "share", "click rate", "邮件点击率", "Clicks by people per e-mail sent, as if 1 of 8 more had been clicked"),
    _feature("reply_rate", "share", "reply rate", "邮件回复率", "Replies per e-mail sent, as if 1 of 8 more had been answered"),
    _feature("days_since_reply", "days", "days since the last reply", "距上次回复天数", "Days since the last reply; missing when there was none"),
    _feature("days_since_email_sent", "days", "days since our last e-mail", "距上次发信天数", "Days since our last e-mail; missing when there was none"),
    _feature("reply_delay", "days", "days until replies come", "平均回复用时", "Mean days from our last e-mail before a reply to the reply; missing without such a pair"),
)  # fmt: skip


def compute(counts: ActivityCounts) -> dict[str, Floats]:
    """Compute the e-mail features of each snapshot."""
    sent, replied = counts.count("email_sent", "ever"), counts.count("email_replied", "ever")
    return {
        "emails_sent_30d": counts.count("email_sent", "30d"),
        "emails_opened_30d": counts.count("email_opened", "30d"),
        "emails_opened_human_30d": counts.count("email_opened_human", "30d"),
        "emails_clicked_30d": counts.count("email_clicked", "30d"),
        "emails_clicked_human_30d": counts.count("email_clicked_human", "30d"),
        "replies_7d": counts.count("email_replied", "7d"),
        "replies_30d": counts.count("email_replied", "30d"),
        "replies_ever": replied,
        "open_rate": _smoothed(counts.count("email_opened_human", "ever"), sent, 2),
        "click_rate": _smoothed(counts.count("email_clicked_human", "ever"), sent, 1),
        "reply_rate": _smoothed(replied, sent, 1),
        "days_since_reply": counts.days_since_last("email_replied"),
        "days_since_email_sent": counts.days_since_last("email_sent"),
        "reply_delay": counts.reply_delay(),
    }


def _smoothed(answered: Floats, sent: Floats, of_eight: int) -> Floats:
    """Rate as if ``of_eight`` of 8 more had been answered; without a single trial it is missing."""
    return np.where(sent > 0, (answered + of_eight) / (sent + 8), np.nan)
