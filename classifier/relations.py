"""Who mentors or coaches whom: features of what stands on which side of the keyword, and what joins them.

'Headteachers will be mentored by colleagues' and 'pupils will be mentored by staff' share every signal that a word model sees. Here
words are roles (classifier/roles.py), so that a sentence never seen before still reads ``leader be M:ed by teacher``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise

from classifier.roles import Tagged, kinds, people, role_names

_NEAR = 14  # tagged tokens each side in which the nearest role is looked for
_CLAUSE = 9  # tokens each side in which a recipient is looked for, never past the end of a sentence
_JOINTS = ("for", "by", "of", "to", "with", "as", "from", "in")
_ELSEWHERE = {"thing", "sport", "child", "life", "pastoral", "council"}
_AT_WORK = {"adult", "development"}
_DETERMINERS = ("our", "their", "your", "each", "a", "every")


def sequences(tags: Sequence[str]) -> list[str]:
    """Return the tags that say something, alone and in pairs."""
    kept = [item for item in tags if item]
    return kept + [f"{a} {b}" for a, b in pairwise(kept)]


def sequences_of_kinds(tags: Sequence[str]) -> list[str]:
    """Return pairs and runs of three of the tags that say something, each role replaced by its kind."""
    kind = kinds()
    kept = [kind.get(item, item) for item in tags if item]
    pairs = [f"{a} {b}" for a, b in pairwise(kept)]
    return pairs + [f"{a} {b}" for a, b in zip(pairs, kept[2:], strict=False)]


def neighbours(tags: Tagged) -> list[str]:
    """Return features of who stands where around each keyword: nearest roles, joints, and runs of what is between."""
    roles = role_names()
    found: list[str] = []
    kept = [item for item in tags if item]
    for index, item in enumerate(kept):
        if item[:2] not in ("M:", "C:"):
            continue
        form = item[2:]
        left, left_distance, _ = _nearest(kept, index, -1, roles)
        right, right_distance, until = _nearest(kept, index, 1, roles)
        found += [
            f"left={left}",
            f"right={right}",
            f"form={form}",
            f"{form}:left={left}",
            f"{form}:right={right}",
            f"sides={left}/{right}",
        ]
        if left_distance <= 3:
            found.append(f"close-left={left}")
        if right_distance <= 3:
            found.append(f"close-right={right}")
        around = ["KW" if k == index else kept[k] for k in range(max(0, index - 3), min(len(kept), index + 4))]
        found += [f"{a}>{b}" for a, b in pairwise(around)]
        found += [f"{a}>{b}>{c}" for a, b, c in zip(around, around[1:], around[2:], strict=False)]
        joint = next((item for item in kept[index + 1 : until] if item in _JOINTS), "")
        if joint:
            found.append(f"joint={joint}>{right}")
    found += [f"has={role}" for role in set(kept) & roles]
    return found


def _nearest(kept: Tagged, index: int, step: int, roles: frozenset[str]) -> tuple[str, int, int]:
    for distance in range(1, _NEAR):
        position = index + step * distance
        if not 0 <= position < len(kept):
            return "edge", distance, position
        if kept[position] in roles:
            return kept[position], distance, position
    return "none", _NEAR, index


def recipients(tags: Tagged) -> list[str]:
    """Return features of who is mentored and who mentors, as far as grammar shows it within a sentence, by role and by kind.

    'mentor pupils' (object), 'mentoring for heads' (recipient), 'mentored by staff' (giver), 'NQTs have a mentor' (recipient),
    'trained to mentor' (giver), 'pupil mentors' (compound).
    """
    kind = kinds()
    found = [feature for sentence in _sentences(tags) for feature in _in_sentence(sentence)]
    coarse = []
    for feature in found:
        name, equals, role = feature.partition("=")
        if equals:
            coarse.append(f"{name}={kind.get(role, role).upper()}")
    return found + coarse


def _sentences(tags: Tagged) -> Iterator[Tagged]:
    start = 0
    for index, item in enumerate(tags):
        if item == ".":
            yield tags[start:index]
            start = index + 1
    yield tags[start:]


def _in_sentence(sentence: Tagged) -> Iterator[str]:
    roles = people()
    for index, item in enumerate(sentence):
        if item[:2] not in ("M:", "C:"):
            continue
        after = sentence[index + 1 : index + _CLAUSE]
        before = sentence[max(0, index - _CLAUSE) : index][::-1]
        if before and before[0] in roles:
            yield f"compound={before[0]}"
        if item[2:] == "ed":
            if "by" in after[:3]:
                yield f"giver={_first(after[after.index('by') :], roles, 6)}"
            yield f"recipient={_first(before, roles, 8)}"
            continue
        yield from _active(item[2:], before, after, roles)


def _active(form: str, before: Tagged, after: Tagged, roles: frozenset[str]) -> Iterator[str]:
    joint = next((k for k, item in enumerate(after[:5]) if item in ("for", "to", "of", "with", "by")), None)
    direct = after[1:2] if after[:1] and (after[0] in _DETERMINERS or after[0] == "") else after[:1]
    if direct and direct[0] in roles:
        yield f"object={direct[0]}"
        yield f"{form}-object={direct[0]}"
    elif joint is not None:
        other = _first(after[joint:], roles, 7)
        yield f"{after[joint]}={other}"
        yield f"{'giver' if after[joint] == 'by' else 'recipient'}={other}"
    if "have" in before[:4]:
        owner = _first(before[before.index("have") :], roles, 7)
        yield f"has={owner}"
        yield f"recipient={owner}"
    if "to" in before[:3] or "train" in before[:4] or "as" in before[:3]:
        yield f"giver={_first(before, roles, 7)}"
    if "your" in before[:2]:
        yield "yours"
    if "their" in before[:2]:
        yield f"theirs={_first(before, roles, 9)}"
    if "match" in before[:5]:
        yield f"matched={_first(before, roles, 8)}"


def _first(items: Tagged, roles: frozenset[str], within: int) -> str:
    return next((item for item in items[:within] if item in roles), "none")


def bystanders(tags: Tagged) -> list[str]:
    """Return features of the people about each keyword where grammar does not say more: the nearest on either side within the
    sentence, else the last of the sentences before, those of the title, and which kind there is most of.

    'Lunchtimes used to be the worst part of the day for new supervisors. Now each has a mentor' names nobody beside the keyword.
    """
    sentences = list(_sentences(tags))
    found: list[str] = []
    title = _people_in(sentences[0]) if sentences else []
    before = title
    for sentence in sentences:
        here = _people_in(sentence)
        for index, item in enumerate(sentence):
            if item[:2] in ("M:", "C:"):
                form = item[2:]
                left = (_people_in(sentence[:index]) or ["-"])[-1]
                right = (_people_in(sentence[index + 1 :]) or ["-"])[0]
                found += [f"{form}:l={left}", f"{form}:r={right}", f"l={left}", f"r={right}"]
                found += [f"{left}|{right}", f"{form}:{left}|{right}", f"title={(title or ['-'])[0]}"]
                if not here:
                    found += [f"before={(before or ['-'])[-1]}", f"{form}:before={(before or ['-'])[-1]}"]
        before = here or before
    return found + _shares(tags)


def _people_in(tags: Tagged) -> list[str]:
    kind, who = kinds(), people()
    return [kind.get(item, item).upper() for item in tags if item in who]


def _shares(tags: Tagged) -> list[str]:
    """Return which kind of people a passage has most of, and the quarter in which the share of grown-up staff and of the young lies."""
    counts = Counter(_people_in(tags))
    if not counts:
        return ["nobody"]
    quarters = [f"{kind}:{4 * counts[kind] // counts.total()}" for kind in ("ADULT", "CHILD")]
    return [f"most={counts.most_common(1)[0][0]}", *quarters]


def of_something_else(tags: Tagged) -> bool:
    """Return whether a sentence speaks of vehicles, places, sport, pupils and the like, and of nobody on a staff."""
    kind = kinds()
    held = {kind.get(item, item) for item in tags}
    return bool(held & _ELSEWHERE) and not held & _AT_WORK
