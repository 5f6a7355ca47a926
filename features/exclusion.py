"""What a user chooses to take in or to leave out of training: a column, a feature, or a whole group of features."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence

from features.account_snapshots import features_of_accounts
from features.catalogue import Catalogue
from features.errors import SchemaError
from features.feature import GROUPS
from features.history.history import Attribute

RULES_NEED = ("stage", "fixed_weight", "days_in_spell")
"""What the fixed weights and the stage rates are made of: every model is blended with these."""


def excluded_features(names: Sequence[str], catalogue: Catalogue, attributes: Iterable[Attribute]) -> tuple[str, ...]:
    """Name the features that are left out, of opportunities and of accounts.

    Parameters
    ----------
    names
        What the user named: attributes, features or groups; where a name is several of these, in this order.
    catalogue
        The features that there are.
    attributes
        The customer's own columns, those that are not trained on anyway among them.

    Raises
    ------
    SchemaError
        There is no such thing, or the fixed weights and the stage rates are made of it.

    Examples
    --------
    >>> excluded_features(["overdue", "email"], Catalogue(), [])[:2]
    ('emails_sent_30d', 'emails_opened_30d')
    >>> excluded_features(["e-mail"], Catalogue(), [])
    Traceback (most recent call last):
    ...
    features.errors.SchemaError: Found: nothing called 'e-mail' to exclude. Expected: a group (stage, site_visits, \
email, contact, qualification, commercial, context, activity, attribute), a column of your own (none), or a \
feature as `dealodds fields --all` lists them. Do: did you mean 'email'?.
    """
    own = [attribute.name for attribute in attributes]
    group_of = _groups(catalogue)
    chosen: set[str] = set()
    for name in names:
        chosen |= _meant_by(name, group_of, own)
    return tuple(name for name in group_of if name in chosen)


def names_there_are(names: Sequence[str], catalogue: Catalogue, attributes: Iterable[Attribute]) -> list[str]:
    """Leave out the names of what is not there: at an earlier instant there may be less to exclude.

    Examples
    --------
    >>> names_there_are(["overdue", "activity_webinar_7d"], Catalogue(), [])
    ['overdue']
    """
    known = {*_groups(catalogue), *GROUPS, *(attribute.name for attribute in attributes)}
    return [name for name in names if name in known]


def _groups(catalogue: Catalogue) -> dict[str, str]:
    """Group of each feature, of opportunities and of accounts."""
    return {f.name: f.group for f in (*catalogue.features, *features_of_accounts(catalogue.custom_kinds))}


def check_choice(include: Sequence[str], exclude: Sequence[str], own: Iterable[str]) -> None:
    """Refuse to take in what there is not, and a name that is to be taken in and left out.

    Parameters
    ----------
    own
        Names of the customer's own columns; besides these ``amount`` may be included.

    Raises
    ------
    SchemaError
        A name is of no column, or in both.
    """
    known = [*own, "amount"]
    for name in include:
        if name not in known:
            raise SchemaError(
                f"no column of your own called {name!r} to include", f"one of {', '.join(known)}", _advice(name, known)
            )
    both = [name for name in exclude if name in include]
    if both:
        raise SchemaError(f"{both[0]!r} to be included and excluded", "one of the two", "drop one of the two")


def _meant_by(name: str, group_of: Mapping[str, str], own: Sequence[str]) -> set[str]:
    if name in own:
        return {f"attribute_{name}"}
    found = {name} if name in group_of else {feature for feature, group in group_of.items() if group == name}
    if not found and name not in GROUPS:
        raise _unknown(name, group_of, own)
    needed = [feature for feature in RULES_NEED if feature in found]
    if needed:
        raise SchemaError(
            f"{name} to be excluded, with {', '.join(needed)}",
            "something that the fixed weights and the stage rates are not made of: every model is blended with them",
            f"name features of the group {group_of[needed[0]]} other than {', '.join(RULES_NEED)}",
        )
    return found


def _unknown(name: str, group_of: Mapping[str, str], own: Sequence[str]) -> SchemaError:
    return SchemaError(
        f"nothing called {name!r} to exclude",
        f"a group ({', '.join(GROUPS)}), a column of your own ({', '.join(own) or 'none'}), "
        "or a feature as `dealodds fields --all` lists them",
        _advice(name, [*own, *GROUPS, *group_of]),
    )


def _advice(name: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(name.lower(), known, n=1, cutoff=0.5)
    return f"did you mean {near[0]!r}?" if near else "correct the name"
