"""The sales process is configuration: ordered stages, won and lost, fixed weights."""

from __future__ import annotations

from math import isnan
from typing import Any

import pytest

from features.errors import ProcessError
from features.history.process import DEFAULT_PROCESS, process_from_dict, process_to_dict

OPEN, WON, LOST = {"key": "new", "weight": 0.25}, {"key": "yes", "outcome": "won"}, {"key": "no", "outcome": "lost"}


def process(*stages: dict[str, Any]) -> dict[str, Any]:
    return {"name": "p", "stages": list(stages)}


def test_the_default_process_has_our_reading_of_the_fixed_weights() -> None:
    assert {stage.key: stage.weight for stage in DEFAULT_PROCESS.stages} == {
        "identified": 0.25, "contacted": 0.25, "needs_confirmed": 0.5, "proposal": 0.5, "negotiation": 0.75,
        "won": 1, "lost": 0,
    }  # fmt: skip


def test_the_need_is_confirmed_from_its_stage_on_and_when_won() -> None:
    confirmed = [stage.key for stage in DEFAULT_PROCESS.stages if stage.need_confirmed]
    assert confirmed == ["needs_confirmed", "proposal", "negotiation", "won"]


def test_every_stage_has_both_names() -> None:
    assert [stage.names["zh-CN"] for stage in DEFAULT_PROCESS.stages][-2:] == ["赢单", "丢单"]
    assert all(set(stage.names) == {"en", "zh-CN"} for stage in DEFAULT_PROCESS.stages)


def test_a_process_comes_back_from_its_yaml_form_the_same() -> None:
    again = process_from_dict(process_to_dict(DEFAULT_PROCESS))
    assert again == DEFAULT_PROCESS


def test_a_closed_stage_weighs_one_or_nothing_and_an_open_one_without_a_weight_has_none() -> None:
    made = process_from_dict(process({"key": "new"}, WON, LOST))
    assert isnan(made.stage("new").weight)
    assert (made.stage("yes").weight, made.stage("no").weight) == (1, 0)
    assert process_to_dict(made)["stages"][0]["weight"] is None


def test_stages_are_found_by_key_and_place() -> None:
    made = process_from_dict(process(OPEN, WON, LOST))
    assert (made.keys, made.position("no"), made.stage("new").weight) == (("new", "yes", "no"), 2, 0.25)
    with pytest.raises(ProcessError, match="stage 'maybe' in process 'p'") as caught:
        made.position("maybe")
    assert caught.value.expected == "one of new, yes, no"


@pytest.mark.parametrize(
    ("raw", "found"),
    [
        (process(OPEN, OPEN, WON, LOST), "names a stage twice"),
        (process(OPEN, WON), "without a stage that is lost"),
        (process(OPEN, LOST), "without a stage that is won"),
        (process(WON, LOST), "without a stage that is open"),
        (process(OPEN | {"weight": 25}, WON, LOST), "weight 25"),
        (process(OPEN | {"weight": -0.1}, WON, LOST), "weight -0.1"),
        (process(OPEN | {"colour": "red"}, WON, LOST), "colour"),
        (process({"weight": 0.5}, WON, LOST), "a stage with the keys"),
        (process(OPEN | {"outcome": "maybe"}, WON, LOST), "outcome 'maybe'"),
        ({"stages": [OPEN, WON, LOST]}, "a process with the keys"),
        ({"name": "p", "stages": []}, "a process with the keys"),
    ],
)
def test_a_process_that_nothing_could_go_through_is_refused(raw: dict[str, Any], found: str) -> None:
    with pytest.raises(ProcessError, match=found):
        process_from_dict(raw)
