"""Which features a training learns from, and what it leaves out: by doubt, by currency, by choice."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from features.catalogue import Catalogue, catalogue_of
from features.exclusion import check_choice, excluded_features
from features.history.history import History
from training.audit import doubted_attributes, without_attributes
from training.currencies import doubt_of_amounts


def learned_features(
    known: History,
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
    report: Callable[[str], None] = lambda line: None,
) -> tuple[Catalogue, dict[str, str]]:
    """List the features to learn from, and the columns that are doubted, each with the reason.

    Parameters
    ----------
    known
        The history as known at the cutoff of a training.
    include
        Attributes that the user answers for, or ``amount``: taken although they are doubted.
    exclude
        Attributes, features or groups of features to learn nothing from.
    report
        Called with a line for each that is left out by doubt.

    Raises
    ------
    SchemaError
        There is nothing of a name, or it cannot be excluded, or is included too.
    """
    check_choice(include, exclude, known.attributes)
    left_out = doubted_attributes(known, include)
    unseen, doubt = list(exclude), doubt_of_amounts(known)
    catalogue = catalogue_of(without_attributes(known, left_out), include)
    if doubt is not None and "amount" not in include:
        unseen.append("amount")
        left_out["amount"] = doubt
    for name, reason in left_out.items():
        report(f"left out of training: {name} ({reason}); --include {name} takes it all the same")
    return replace(catalogue, excluded=excluded_features(unseen, catalogue, known.attributes.values())), left_out
