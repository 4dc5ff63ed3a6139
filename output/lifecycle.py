"""The life of a finding, as a rule: what each look at it makes of it. Failure is never read as removal, nor as news.

A look (:class:`Seen`) is one crawl's view of one finding:

==========  ==========================================================================================================
carries     the page was fetched and read, and says it
without     the page was fetched and read, and does not say it (or says itself that there is no such page)
not_listed  every search that bears on it was read to its end, none listed the page, and nobody fetched it
not_found   the server answered 404 or 410
not_known   anything else: blocked, failed, barred, unread, not judged, a search broken or cut short
==========  ==========================================================================================================

What a look does to each state, and the event it makes ('-' for none):

=========  =====================  ========================================  =========================================
state      carries                without, not_listed, not_found            not_known
=========  =====================  ========================================  =========================================
unseen     present: appeared if   unseen: - (it was looked for)             unseen: -
           it was looked for
           before, else
           first_seen
present    present: still_there   missing: missing                          present: not_known
missing    present: still_there   gone: gone, if GAP days after the first   missing: not_known
                                  such look, or if both were not_found;
                                  else missing: missing
gone       present: back          gone: -                                   gone: -
=========  =====================  ========================================  =========================================

So a removal takes two good looks, and whatever fails between them neither makes nor unmakes one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta

GAP = timedelta(
    days=14
)  # between two good looks without a finding, before it counts as gone; EDGI's monitors do likewise

CARRIES, WITHOUT, NOT_LISTED, NOT_FOUND, NOT_KNOWN = "carries", "without", "not_listed", "not_found", "not_known"
UNSEEN, PRESENT, MISSING, GONE = "unseen", "present", "missing", "gone"
FIRST_SEEN, APPEARED, STILL_THERE, CHANGED, MOVED = "first_seen", "appeared", "still_there", "changed", "moved"
BACK, ENDED = "back", "ended"
EVENTS = (
    APPEARED,
    BACK,
    CHANGED,
    MOVED,
    GONE,
    MISSING,
    NOT_KNOWN,
    ENDED,
    FIRST_SEEN,
    STILL_THERE,
)  # most telling first


@dataclass(frozen=True, slots=True)
class Seen:
    """One look: ``kind`` as in the module's first table; the rest says what was read, and why it is what it is."""

    kind: str
    as_of: date
    cell: str = ""  # what this page alone would make the authority's cell
    why: str = ""
    url: str = ""
    address: str = ""  # where url led: the page's own address, in its one spelling, where it led nowhere else
    shown: str = ""  # the same as it was asked for
    text_hash: str | None = None
    raw_hash: str | None = None
    judged_by: str = ""


@dataclass(frozen=True, slots=True)
class State:
    """Where a finding stands after the looks so far."""

    status: str = UNSEEN
    last: Seen | None = None  # the last look that carried it
    looked: Seen | None = None  # unseen: the last good look without it
    missing: Seen | None = None  # missing: the first good look without it since it was last carried
    not_found: int = 0  # missing: how often the server said 404 or 410


def step(state: State, seen: Seen) -> tuple[State, str]:
    """Return the state after a look, and the event it makes ('' for none): the second table above."""
    if seen.kind == NOT_KNOWN:
        return state, NOT_KNOWN if state.status in (PRESENT, MISSING) else ""
    if seen.kind == CARRIES:
        return State(PRESENT, last=seen), _carried(state)
    if state.status == UNSEEN:
        return replace(state, looked=seen), ""
    if state.status == GONE:
        return state, ""
    not_found = state.not_found + (seen.kind == NOT_FOUND)
    first = state.missing or seen
    now = replace(state, status=MISSING, missing=first, not_found=not_found)
    if state.missing is not None and (seen.as_of - first.as_of >= GAP or not_found >= 2):
        return replace(now, status=GONE), GONE
    return now, MISSING


def _carried(state: State) -> str:
    if state.status == UNSEEN:
        return APPEARED if state.looked else FIRST_SEEN
    return BACK if state.status == GONE else STILL_THERE
