"""The time of year in words: models have it as sine and cosine of an angle, people have months."""

from __future__ import annotations

from math import cos, pi, sin

_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
_WAVES = {"season_sine": sin, "season_cosine": cos}


def is_season(name: str) -> bool:
    """Tell whether a feature is a time of year."""
    return name in _WAVES


def half_of_year(name: str, value: float) -> tuple[str, str]:
    """Say in which half of the year a value is, in English and Chinese: one wave alone tells no more.

    Examples
    --------
    >>> half_of_year("season_sine", 0.3), half_of_year("season_cosine", 0.3)
    (('January to June', '1月至6月'), ('October to March', '10月至次年3月'))
    """
    return months_between(name, *((0.0, None) if value >= 0 else (None, 0.0)))


def months_between(name: str, low: float | None, high: float | None) -> tuple[str, str]:
    """Name the months in whose middle a wave is from ``low`` to below ``high``; None is no bound.

    Examples
    --------
    >>> months_between("season_sine", 0.5, None), months_between("season_sine", -0.5, 0.5)
    (('February to May', '2月至5月'), ('December to January and June to July', '12月至次年1月和6月至7月'))
    """
    wave = _WAVES[name]
    values = [wave(2 * pi * (month + 0.5) / 12) for month in range(12)]
    inside = [(low is None or value >= low) and (high is None or value < high) for value in values]
    starts = [month for month in range(12) if inside[month] and not inside[month - 1]]
    if not starts:
        return ("all year", "全年") if all(inside) else ("at another time", "其他时间")
    # The run over the turn of the year is named first, as a year begins with its end.
    runs = sorted(((start, _end(inside, start)) for start in starts), key=lambda run: (run[1] >= run[0], run))
    return " and ".join(_english(*run) for run in runs), "和".join(_chinese(*run) for run in runs)


def _end(inside: list[bool], start: int) -> int:
    length = next(step for step in range(1, 13) if not inside[(start + step) % 12])
    return (start + length - 1) % 12


def _english(first: int, last: int) -> str:
    return _MONTHS[first] if first == last else f"{_MONTHS[first]} to {_MONTHS[last]}"


def _chinese(first: int, last: int) -> str:
    return f"{first + 1}月" if first == last else f"{first + 1}月至{'次年' if last < first else ''}{last + 1}月"
