"""MAN and the other assessments: unknown is not no is not zero."""

from __future__ import annotations

import pandas as pd
import pytest

from features.history.schema import ASSESSED_FIELDS
from tests.histories import activity, contact, history, opportunity, over_days, snapshot, stage, table, value

NAN = float("nan")
BASE = (opportunity(), stage("identified", 0))
COURSE = history(
    *BASE,
    value("money", "no", 2),
    value("money", "partly", 4, told=6),
    value("money", "yes", 8),
    value("money", "unknown", 10),
    value("money", None, 12),
    value("money", "yes", 14),
    value("money", "yes", 15),
)
DAYS = (1, 2, 5, 6, 9, 13, 20)


@pytest.fixture(scope="module")
def course() -> pd.DataFrame:
    return table(COURSE, *DAYS)


@pytest.mark.parametrize(
    ("feature", "found"),
    [
        ("money", [NAN, 0, 0, 1, 2, NAN, 2]),
        ("money_age_days", [NAN, 0, 3, 2, 1, NAN, 5]),
        ("money_changes", [0, 0, 0, 1, 2, 2, 2]),
        ("man_yes", [0, 0, 0, 0, 1, 0, 1]),
        ("man_no", [0, 1, 1, 0, 0, 0, 0]),
        ("man_unknown", [3, 2, 2, 2, 2, 3, 2]),
    ],
)
def test_seven_instants_of_one_letter(course: pd.DataFrame, feature: str, found: list[float]) -> None:
    assert list(course[feature]) == pytest.approx(found, nan_ok=True)


@pytest.mark.parametrize("field", ASSESSED_FIELDS)
def test_unknown_is_missing_and_no_is_zero_whatever_the_field(field: str) -> None:
    words = ("unknown", "no", "partly", "yes")
    known = history(*BASE, *(value(field, word, day) for day, word in enumerate(words)))
    assert over_days(known, field, 0, 1, 2, 3) == pytest.approx([NAN, 0, 1, 2], nan_ok=True)


def test_a_field_said_to_be_unknown_is_as_one_never_assessed() -> None:
    said = history(*BASE, value("need", "unknown", 1), value("need", "yes", 3))
    silent = history(*BASE, value("need", "yes", 3))
    pd.testing.assert_frame_equal(table(said, 2, 4), table(silent, 2, 4))


def test_letters_of_a_source_that_does_not_assess_are_missing() -> None:
    found = snapshot(history(*BASE), 1)
    for name in ("money", "money_changes", "man_yes", "man_no", "man_unknown"):
        assert found[name] != found[name], name


ROLES = history(
    *BASE,
    contact("ceo", "decision_maker"),
    contact("cto", "technical_evaluator", told=7),
    contact("guest", None),
    activity("meeting", 2, contact_id="ceo"),
    activity("call", 3, contact_id="cto"),
    activity("call", 3, contact_id="guest"),
    activity("call", 3, contact_id="nobody"),
    activity("site_visit", 4, contact_id="ceo"),
    contact("clerk", "purchaser"),
    activity("email_sent", 5, contact_id="clerk", direction="outbound"),
    activity("meeting", 9, told=8, contact_id="clerk", planned=True),
)


ROLE_DAYS = (1, 2, 3, 6, 7, 8, 20)


@pytest.fixture(scope="module")
def roles() -> pd.DataFrame:
    return table(ROLES, *ROLE_DAYS)


@pytest.mark.parametrize(
    ("feature", "found"),
    [
        ("met_decision_maker", [0, 1, 1, 1, 1, 1, 1]),
        ("met_technical_evaluator", [0, 0, 0, 0, 1, 1, 1]),
        ("met_purchaser", [0, 0, 0, 0, 0, 0, 0]),
        ("met_user", [0, 0, 0, 0, 0, 0, 0]),
        ("roles_met", [0, 1, 1, 1, 2, 2, 2]),
    ],
)
def test_seven_instants_of_the_roles_met(roles: pd.DataFrame, feature: str, found: list[float]) -> None:
    assert list(roles[feature]) == found


def test_a_role_corrected_later_counts_as_it_was_known_at_each_instant() -> None:
    known = history(
        *BASE, contact("c", "user"), activity("call", 1, contact_id="c"), contact("c", "decision_maker", told=5)
    )
    assert over_days(known, "met_user", 4, 5) == [1, 0]
    assert over_days(known, "met_decision_maker", 4, 5) == [0, 1]


def test_roles_without_a_table_of_contacts_are_missing() -> None:
    known = history(*BASE, activity("call", 1, contact_id="c"))
    found = snapshot(known, 2)
    assert found["roles_met"] != found["roles_met"]


def test_an_opportunity_without_any_rows_of_its_own_has_met_nobody() -> None:
    known = history(*BASE, contact("c", "user"), collected={"contacts": None})
    assert snapshot(known, 2)["roles_met"] == 0
