"""Pictures of reliability: words of either language, escaped, and the same drawing each time."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from training.reliability_plots import band_plot, group_plot

NASTY = '<script>alert("x")</script>'


def test_words_in_pictures_are_escaped() -> None:
    record = {"group": "x", "expected": 0.2, "actual": 0.3, "low": 0.1, "high": 0.4, "enough": True}
    drawn = group_plot([record], {"x": NASTY}, "zh-CN")
    assert "<script" not in drawn
    assert "&lt;script&gt;" in drawn
    assert "预期" in drawn
    ET.fromstring(drawn)


def test_a_picture_is_the_same_each_time_and_has_the_words_of_its_language() -> None:
    band = {"method": "learned", "group": 2, "expected": 0.2, "actual": 0.3, "low": 0.1, "high": 0.4, "enough": False}
    assert band_plot([band], "en") == band_plot([band], "en")
    assert "到数据结束时的赢单比例" in band_plot([band], "zh-CN")
    assert "@" not in band_plot([band], "en")
