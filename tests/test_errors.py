"""One tree of errors; each says what was found, what was expected and what to do."""

from __future__ import annotations

import re

import pytest

from features import errors
from features.errors import DatabaseError, DataError, DealoddsError, ModelError, RequestError

ALL = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, Exception)]


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.__name__)
def test_every_error_keeps_its_three_parts_and_says_them(kind: type[DealoddsError]) -> None:
    problem = kind("stage 'WAIT'.", "one of NEW, WON", "correct it")
    assert (problem.found, problem.expected, problem.do) == ("stage 'WAIT'", "one of NEW, WON", "correct it")
    assert str(problem) == "Found: stage 'WAIT'. Expected: one of NEW, WON. Do: correct it."


def test_every_error_is_in_the_tree_that_the_module_draws_and_no_other() -> None:
    drawn = set(re.findall(r"[A-Z]\w+Error\b", errors.__doc__ or ""))
    assert drawn == {kind.__name__ for kind in ALL}


def test_every_error_is_of_one_branch() -> None:
    of_branch = [kind for kind in ALL if kind is not DealoddsError]
    assert all(
        sum(issubclass(kind, branch) for branch in (DataError, RequestError, DatabaseError, ModelError)) == 1
        for kind in of_branch
    )


def test_an_error_of_a_request_names_the_field() -> None:
    assert RequestError("a", "b", "c", field="/opportunities/0").field == "/opportunities/0"
    assert RequestError("a", "b", "c").field == ""
