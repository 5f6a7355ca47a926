"""The tables of an opportunity's page, by the key of their download."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from api.change_answers import ScoreChangeAnswer
from api.list_answers import KeptScore
from api.pages.language import N_, Language
from api.pages.tables import Column, DataTable
from api.stored_answers import StoredScoreAnswer

Made = Callable[[StoredScoreAnswer, Sequence[KeptScore], ScoreChangeAnswer | None, Language], DataTable]


def horizon_table(found: StoredScoreAnswer, language: Language) -> DataTable:
    """What happens within some days."""
    columns = [
        Column(language.say(N_("Within days")), "number"),
        Column(language.say(N_("By")), "day"),
        Column(language.say(N_("Won by then")), "share"),
        Column(language.say(N_("Lost by then")), "share"),
    ]
    rows = [[at.days, at.by, at.win_probability, at.loss_probability] for at in found.score.horizons]
    return DataTable("horizons", language.say(N_("Within some days")), columns, rows)


def reason_table(found: StoredScoreAnswer, language: Language) -> DataTable:
    """What adds up to the probability: the typical open opportunity, then each feature, then the sum."""
    columns = [
        Column(language.say(N_("Reason"))),
        Column(language.say(N_("Group"))),
        Column(language.say(N_("Points")), "points"),
    ]
    reasons = found.score.reasons
    title = language.say(N_("Why"))
    if reasons is None:
        return DataTable("reasons", title, columns, [])
    groups = {group.key: language.of(group.names) for group in reasons.groups}
    first = [language.say(N_("Typical open opportunity")), None, reasons.base_shown]
    last = [language.say(N_("This opportunity")), None, reasons.probability_shown]
    features = [[language.of(f.names), groups[f.group], f.shown] for f in reasons.features]
    return DataTable("reasons", title, columns, [first, *features, last])


def history_table(kept: Sequence[KeptScore], language: Language) -> DataTable:
    """What was said before, the newest first."""
    columns = [
        Column(language.say(N_("Scored")), "instant"),
        Column(language.say(N_("Win probability")), "share"),
        Column(language.say(N_("Low")), "share"),
        Column(language.say(N_("High")), "share"),
        Column(language.say(N_("Class"))),
        Column(language.say(N_("Model version"))),
        Column(language.say(N_("Said then?"))),
    ]
    rows = [
        [
            one.as_of,
            one.win_probability,
            one.interval.low if one.interval else None,
            one.interval.high if one.interval else None,
            language.of(one.opportunity_class.names) if one.opportunity_class else None,
            one.model_version,
            language.say(N_("yes")) if one.was_served else language.say(N_("worked out later")),
        ]
        for one in kept
    ]
    return DataTable("history", language.say(N_("Scores so far")), columns, rows)


def change_table(change: ScoreChangeAnswer | None, language: Language) -> DataTable:
    """What made the score another one."""
    columns = [Column(language.say(N_("Step"))), Column(language.say(N_("Points")), "points")]
    title = language.say(N_("What changed"))
    if change is None:
        return DataTable("change", title, columns, [])
    steps = [[language.of(step.words), step.shown] for step in change.steps]
    first, last = language.say(N_("Before")), language.say(N_("Now"))
    return DataTable("change", title, columns, [[first, change.start.shown], *steps, [last, change.end.shown]])


TABLES: dict[str, Made] = {
    "horizons": lambda found, kept, change, language: horizon_table(found, language),
    "reasons": lambda found, kept, change, language: reason_table(found, language),
    "history": lambda found, kept, change, language: history_table(kept, language),
    "change": lambda found, kept, change, language: change_table(change, language),
}
