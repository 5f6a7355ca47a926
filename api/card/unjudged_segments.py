"""Segments that the gate does not judge, and why: a table without them would look as if they had been left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from api.card.document import Text
from api.card.words import group_name, grouping_name
from models.artifact import Artifact
from training.expected_wins import FEWEST_WINS

Record = Mapping[str, Any]
_ATTRIBUTE = "attribute_"


def unjudged_segments(artifact: Artifact) -> Text | None:
    """Name the segments with too few wins for a limit; None where every one is judged, or none is known."""
    card = artifact.card
    if card is None:
        return None
    known: Sequence[Record] = [one for one in card.get("segments", ()) if one["group"] is not None]
    judged = {str(check["name"]).split(".", 1)[-1] for check in card["checks"]}
    left = [one for one in known if f"{one['by'].removeprefix(_ATTRIBUTE)}={one['group']}" not in judged]
    if not left:
        return None
    names = [_name(one, artifact) for one in left]
    en, zh = ", ".join(name.en for name in names), "、".join(name.zh for name in names)
    return Text(
        f"Of {len(known)} segments {len(known) - len(left)} are judged by a limit. The other {len(left)} have fewer "
        f"than {FEWEST_WINS} wins since the judged model was trained, too few to hold a limit against; their figures "
        f"stand under “Does it serve all alike?”: {en}.",
        f"{len(known)} 个细分中有 {len(known) - len(left)} 个按限值评判。其余 {len(left)} 个在被评判模型训练之后的赢单"
        f"不足 {FEWEST_WINS} 个，不足以按限值评判，其数字见“对各群体是否同样准确”一节：{zh}。",
    )


def _name(one: Record, artifact: Artifact) -> Text:
    by = grouping_name(one["by"], artifact)
    group = group_name(one["by"], one["group"], artifact)
    return Text(f"{by.en} “{group.en}”", f"{by.zh}“{group.zh}”")
