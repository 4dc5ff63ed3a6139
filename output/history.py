"""The history of each finding over all crawls of a study: appeared, still there, changed, moved, gone, back, not known.

    runs = read_runs(record, protocol)
    for event in history(record, runs): print(event.as_of, event.authority, event.event, event.url)

The rule that turns looks into events is :mod:`output.lifecycle`; this module adds what takes more than one look at one
page: a passage that differs, a page that moved, an authority that became others. Everything is worked out from the rows of
all crawls each time, so that a crawl taken in late is as good as one made in its turn.

Three doubts keep our own doings from looking like a site's: bytes that are the same, a passage that still stands word for
word, and judgements by two models make neither a removal nor an appearance.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

from output import lifecycle as life
from output.findings import AMBIGUOUS
from output.lifecycle import Seen, State, step
from output.looks import Looks, Thing, plain
from output.passages import Passages, same_words, word_diff
from output.runs import PEOPLE, Run, Runs
from study.authorities import predecessors, register, successors
from study.health import way
from study.record import Record

SEARCH = "search"  # the ``what`` of events that are of a site's search, not of a finding
_USABLE = ("complete", "capped", "sitemap")


@dataclass(frozen=True)
class Event:
    """What one crawl showed of one finding (or, where ``what`` is 'search', of one site's search)."""

    authority: str
    what: str  # keyword | mention | approach | search
    code: str
    event: str  # of output.lifecycle.EVENTS
    as_of: date
    crawl_id: int
    previous: date | None  # when it was last seen; for what appeared, when it was last looked for in vain
    url: str
    url_before: str = ""
    quote: str = ""  # masked and short, as published
    quote_before: str = ""
    diff: str = ""
    status: str = ""  # the cell that the page alone makes (yes_confirmed, yes_model, ambiguous), as it was last carried
    evidence: str = ""  # in words: what was seen


@dataclass
class _Thread:
    """One finding on its way through the crawls, at one address after another."""

    pages: set[int]
    current: int
    state: State
    since: date  # first carried
    ended: bool = False


@dataclass
class _Step:
    """What one run made of one thread."""

    thread: _Thread
    before: State
    event: str
    seen: Seen
    moved_from: str = ""
    why: str = ""


def history(record: Record, runs: Runs) -> list[Event]:
    """Return every event of a study's crawls, by day, authority, and the protocol's order of things."""
    looks = Looks(runs)
    teller = _Teller(Passages(record, runs), looks)
    tracks: dict[tuple[str, Thing], _Track] = {}
    events = [event for run in runs.runs for event in _of_searches(runs, run)]
    for authority, what, code in sorted(looks.findings, key=lambda key: (_began(key[0]), key)):
        thing = (what, code)
        older = [track for p in _predecessors(authority) if (track := tracks.get((p, thing)))]
        track = _Track(authority, thing, looks.findings[authority, what, code], teller, older)
        tracks[authority, thing] = track
        for run in runs.runs:
            events += track.take(run)
    return sorted(events, key=_order(runs))


def _order(runs: Runs) -> Callable[[Event], tuple[object, ...]]:
    protocol = runs.protocol
    things = [
        (SEARCH, None),
        *(("keyword", k.code) for k in protocol.keywords),
        *(("mention", m.code) for m in protocol.mentions),
        *(("approach", a.code) for a in protocol.approaches),
    ]
    place: dict[tuple[str, str | None], int] = {thing: number for number, thing in enumerate(things)}
    known = register()

    def key(event: Event) -> tuple[object, ...]:
        thing = (event.what, None if event.what == SEARCH else event.code)
        authority = (event.authority not in known, event.authority)
        return (event.as_of, event.crawl_id, *authority, place[thing], event.code, event.url, event.event)

    return key


def _began(authority: str) -> date:
    known = register().get(authority)
    return (known.start_date if known else None) or date.min


def _predecessors(authority: str) -> list[str]:
    return [a.code for a in predecessors(authority)] if authority in register() else []


# -- One authority, one thing --------------------------------------------------------------------------------------------


class _Track:
    """All findings of one thing on one authority, run after run."""

    def __init__(
        self, authority: str, thing: Thing, pages: Sequence[int], teller: _Teller, older: list[_Track]
    ) -> None:
        self.authority, self.thing, self.teller, self.older = authority, thing, teller, older
        self.unseen: dict[int, State] = dict.fromkeys(pages, State())
        self.threads: list[_Thread] = []

    def take(self, run: Run) -> Iterator[Event]:
        """Take in a run's looks and yield its events."""
        looks = self.teller.looks
        pages = [*self.unseen, *(page for thread in self.threads for page in thread.pages)]
        seen = {page: look for page in pages if (look := looks.seen(run, page, self.thing))}
        if not seen:
            yield from self._end(run)
            return
        steps = [self._step(thread, seen) for thread in self.threads]
        self._find(run, {page: look for page, look in seen.items() if page in self.unseen}, steps)
        for each in self._followed(steps):
            if each.event:
                yield self.teller.tell(self, run, each)

    def _step(self, thread: _Thread, seen: dict[int, Seen]) -> _Step:
        """Step a thread: where any of its addresses carries it that counts, else what became of the last one that did."""
        carrying = [page for page in sorted(thread.pages, key=lambda p: p != thread.current) if _carries(seen[page])]
        page = carrying[0] if carrying else thread.current
        look, before = seen[page], thread.state
        doubt = self.teller.doubt(self.thing, before.last, look)
        if doubt:
            look = replace(look, kind=life.NOT_KNOWN, why=doubt)
        thread.current = page
        thread.state, event = step(before, look)
        if event == life.STILL_THERE and before.last and plain(before.last.address) != plain(look.address):
            return _Step(thread, before, life.MOVED, look, before.last.shown, "redirected")
        return _Step(thread, before, event, look)

    def _find(self, run: Run, seen: dict[int, Seen], steps: list[_Step]) -> None:
        """Add what pages that carry it for the first time begin or go on with; note where others were looked for."""
        for page, look in sorted(seen.items()):
            before = self.unseen[page]
            state, event = step(before, look)
            if state.status != life.PRESENT:
                self.unseen[page] = state
                continue
            del self.unseen[page]
            same = next((s for s in steps if _carries(s.seen) and plain(s.seen.address) == plain(look.address)), None)
            if same:  # another way to an address that is followed already
                same.thread.pages.add(page)
                continue
            lost = self._lost(look, steps)
            if lost is not None:
                steps.append(_go_on(lost, page, look))
                continue
            thread = _Thread({page}, page, state, run.as_of)
            self.threads.append(thread)
            steps.append(self._begun(thread, before, event, look))

    def _begun(self, thread: _Thread, before: State, event: str, look: Seen) -> _Step:
        doubt = self.teller.doubt(self.thing, look, before.looked) if before.looked else ""
        event = life.FIRST_SEEN if doubt else event
        origin = self._elsewhere(look) if event == life.FIRST_SEEN else None
        if origin is None:
            return _Step(thread, before, event, look, why=doubt)
        return _Step(thread, State(last=origin), life.MOVED, look, origin.shown, "the same text, of a predecessor")

    def _lost(self, look: Seen, steps: list[_Step]) -> _Step | None:
        """The thread that was last seen with (nearly) this text and is not there any more: the same text before others."""
        lost = [s for s in steps if s.thread.state.status in (life.MISSING, life.GONE) and not _carries(s.seen)]
        lost = [s for s in lost if self.teller.near(s.before.last, look)]
        return min(lost, key=lambda s: s.before.last is None or s.before.last.text_hash != look.text_hash, default=None)

    def _elsewhere(self, look: Seen) -> Seen | None:
        """The last look at a predecessor's finding that had (nearly) this text."""
        lasts = [thread.state.last for track in self.older for thread in track.threads]
        earlier = [last for last in lasts if last and last.as_of <= look.as_of]
        return next((last for last in earlier if self.teller.near(last, look)), None)

    def _followed(self, steps: list[_Step]) -> Iterator[_Step]:
        """Yield the steps; a finding that goes missing while its text stands at an address found since has moved there."""
        for each in steps:
            last = each.before.last
            heir = None
            if each.event in (life.MISSING, life.GONE) and last is not None:
                heir = next(
                    (
                        s
                        for s in steps
                        if s.thread.since > last.as_of and _carries(s.seen) and self.teller.near(last, s.seen)
                    ),
                    None,
                )
            if heir is None or last is None:
                yield each
                continue
            self.threads.remove(each.thread)
            heir.thread.pages |= each.thread.pages
            yield _Step(heir.thread, each.before, life.MOVED, heir.seen, last.shown, "the same text")

    def _end(self, run: Run) -> Iterator[Event]:
        """Close what an authority still had when it was abolished and is asked no more: its end is no removal."""
        known = register().get(self.authority)
        if known is None or known.in_force(run.as_of) or (known.start_date and run.as_of < known.start_date):
            return
        heirs = ", ".join(heir.name for heir in successors(self.authority, run.as_of))
        for thread in self.threads:
            if thread.ended or thread.state.status not in (life.PRESENT, life.MISSING):
                continue
            thread.ended = True
            last = thread.state.last
            assert last is not None
            why = f"abolished on {known.end_date}; now {heirs}"
            yield self.teller.tell(self, run, _Step(thread, thread.state, life.ENDED, last, why=why))


def _go_on(lost: _Step, page: int, look: Seen) -> _Step:
    """Go on with a lost finding at another address; what the run made of it at the old one is not told."""
    lost.event = ""
    assert lost.before.last is not None
    lost.thread.pages.add(page)
    lost.thread.current = page
    lost.thread.state = State(life.PRESENT, last=look)
    event = life.BACK if lost.before.status == life.GONE else life.MOVED
    return _Step(lost.thread, lost.before, event, look, lost.before.last.shown, "the same text")


def _carries(seen: Seen) -> bool:
    return seen.kind == life.CARRIES


# -- In words ------------------------------------------------------------------------------------------------------------


class _Teller:
    """Compares texts, and puts a step into an event."""

    def __init__(self, passages: Passages, looks: Looks) -> None:
        self.passages, self.looks = passages, looks

    def near(self, one: Seen | None, other: Seen) -> bool:
        return one is not None and self.passages.near(one.text_hash, other.text_hash)

    def doubt(self, thing: Thing, carried: Seen | None, without: Seen) -> str:
        """Why a reading that lacks a finding may be our doing and not the site's; '' where there is no such doubt."""
        if carried is None or without.kind != life.WITHOUT or without.text_hash is None:
            return ""
        if carried.raw_hash and carried.raw_hash == without.raw_hash:
            return "the page is the same to the byte, and was judged otherwise"
        judges = {carried.judged_by, without.judged_by}
        if len(judges) > 1 and PEOPLE not in judges:
            return "judged by another model than before"
        passage = self.passages.passage(carried.text_hash, *thing)
        telling = carried.cell == AMBIGUOUS or self.passages.speaks(passage, *thing)
        if telling and self.passages.stands(without.text_hash, without.raw_hash, passage):
            return "the passage stands there word for word, and was judged otherwise"
        return ""

    def tell(self, track: _Track, run: Run, of: _Step) -> Event:
        what, code = track.thing
        last, seen, event = of.before.last, of.seen, of.event
        previous = last or of.before.looked
        old = self.passages.passage(last.text_hash, what, code) if last else ""
        new, diff = "", ""
        if _carries(seen):
            kept = (
                bool(old)
                and last is not None
                and (last.text_hash == seen.text_hash or self.passages.holds(seen.text_hash, old))
            )
            new = old if kept else self.passages.passage(seen.text_hash, what, code, like=old)
            if last is not None and old != new and not same_words(old, new):
                event = life.CHANGED if event == life.STILL_THERE else event
                diff = word_diff(self._show(old, track.thing), self._show(new, track.thing))
        carried = seen if _carries(seen) else last
        return Event(
            authority=track.authority,
            what=what,
            code=code,
            event=event,
            as_of=run.as_of,
            crawl_id=run.crawl_id,
            previous=previous.as_of if previous else None,
            url=seen.shown if of.moved_from else seen.url,
            url_before=of.moved_from,
            quote=self._show(new, track.thing),
            quote_before=self._show(old, track.thing) if event != life.STILL_THERE else "",
            diff=diff,
            status=carried.cell if carried else "",
            evidence=_evidence(of, event),
        )

    def _show(self, passage: str, thing: Thing) -> str:
        return self.passages.shown(passage, *thing) if passage else ""


def _evidence(of: _Step, event: str) -> str:
    looked, missing, seen = of.before.looked, of.before.missing, of.seen
    if of.why:
        return of.why
    if event == life.APPEARED and looked:
        return f"{looked.as_of}: {looked.why}"
    if event == life.FIRST_SEEN:
        return "no earlier crawl could have seen it"
    if event == life.GONE and missing:
        return f"{missing.as_of}: {missing.why}; {seen.as_of}: {seen.why}"
    if missing and _carries(seen):
        return f"missing on {missing.as_of}: {missing.why}"
    return seen.why


def _of_searches(runs: Runs, run: Run) -> Iterator[Event]:
    """A row for each site and way in which its searches failed, and one for each search that is asked otherwise now."""
    failed: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    sizes: dict[str, int] = defaultdict(int)
    for asked in runs.asked.get(run.crawl_id, ()):
        if asked.via == "search":
            sizes[asked.home_url] += 1
            if asked.status not in _USABLE:
                failed[asked.authority, asked.home_url, asked.status].append(asked.reason)
    for (authority, home, status), reasons in failed.items():
        why = next((" ".join(reason.split()) for reason in reasons if reason), "")
        told = f"{len(reasons)} of {sizes[home]} searches" + (f": {why}" if why else "")
        yield Event(authority, SEARCH, status, life.NOT_KNOWN, run.as_of, run.crawl_id, None, home, evidence=told)
    for site in runs.changed_sites.get(run.crawl_id, ()):
        told = f"asked before by {way(dict(site.changed_from))}"
        yield Event(
            site.authority,
            SEARCH,
            life.CHANGED,
            life.CHANGED,
            run.as_of,
            run.crawl_id,
            None,
            site.home_url,
            evidence=told,
        )
