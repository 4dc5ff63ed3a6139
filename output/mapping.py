"""What an authority offers, against a framework: the mapping that the study recommends to authorities (its section 6).

The protocol names the framework's entries. A relevant text offers one where its ruling has the approach that says the same,
else where the entry's words stand near what the text is about. A rule reads words, it does not understand: so it is never
'confirmed', and where relevant texts tell nothing the cell is 'not_said', which is no 'no'.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import pandas as pd
from sqlalchemy import select

from output.findings import AMBIGUOUS, CONFIRMED, MODEL, NOT_KNOWN, STRENGTH, approach_cells
from output.masking import one_line, quote
from output.reading import Verdict
from output.tallies import Tally
from study import record as r
from study.protocol import Offered
from study.record import Record

NOT_SAID = "not_said"
_NEAR = 250  # characters each side of the words a text is about: the passage that describes the offer
_AT_ONCE = 500


@dataclass(frozen=True)
class _Told:
    """One text that tells of one entry."""

    cell: str
    said: str
    probability: float
    text_hash: str

    @property
    def rank(self) -> tuple[int, float, str]:
        return STRENGTH[self.cell], -self.probability, self.text_hash


def mapping(record: Record, tally: Tally) -> Iterator[dict[str, object]]:
    """Yield a row for every authority and entry of the protocol's framework: cell, quote and address of the best text."""
    entries = [(entry, _any(entry.cues)) for entry in tally.protocol.framework]
    if not entries:
        return
    pages = _pages(tally)
    told = dict(_told(record, tally, entries, sorted(set(pages["text_hash"]))))
    by_authority = {
        str(authority): list(zip(of_it["text_hash"], of_it["url"], of_it["day"], strict=True))
        for authority, of_it in pages.groupby("authority")
    }
    verdicts = tally.rows.verdicts
    for place in tally.places:
        own = by_authority.get(place.key, [])
        relevant = {text_hash for text_hash, _, _ in own if verdicts[text_hash].relevance == "relevant"}
        for entry, _ in entries:
            found = [(one.rank, url, day, one) for h, url, day in own if (one := told.get((h, entry.code)))]
            best = min(found, key=lambda one: one[:3]) if found else None
            silent = NOT_SAID if relevant else tally.findings.silence(place.key, None)
            cell = best[3].cell if best else silent
            yes = {one.text_hash for *_, one in found if one.cell != AMBIGUOUS}
            yield {
                "authority": place.key,
                "authority_name": place.name,
                "dimension": entry.dimension,
                "code": entry.code,
                "name": entry.name,
                "cell": cell,
                "relevant_texts": NOT_KNOWN if cell == NOT_KNOWN else len(yes),
                "quote": best[3].said if best else "",
                "url": best[1] if best else "",
                "date": best[2] if best else "",
            }


def _pages(tally: Tally) -> pd.DataFrame:
    """The pages whose text is relevant or may be, in a fixed order."""
    spoken = [h for h, verdict in tally.rows.verdicts.items() if verdict.relevance != "off-topic"]
    pages = tally.rows.pages
    of_them = pages[pages["text_hash"].isin(spoken)].sort_values(["authority", "identity"], kind="stable")
    days = [at.strftime("%Y-%m-%d") if isinstance(at, pd.Timestamp) else "" for at in of_them["fetched_at"]]
    return of_them[["authority", "text_hash", "url"]].assign(day=days)


def _told(
    record: Record, tally: Tally, entries: Sequence[tuple[Offered, re.Pattern[str] | None]], hashes: Sequence[str]
) -> Iterator[tuple[tuple[str, str], _Told]]:
    """What each text tells, by text and entry."""
    verdicts = tally.rows.verdicts
    core = tally.protocol.core
    for text_hash, title, text in _texts(record, hashes):
        verdict = verdicts[text_hash]
        whole = one_line(text if text.lstrip().startswith(title) else f"{title}. {text}")
        passages = list(_passages(whole, core))
        for entry, cues in entries:
            said = _said(passages, cues)
            cell = _cell(verdict, entry, said)
            if cell is not None:
                own = said or quote(whole, core)
                yield (text_hash, entry.code), _Told(cell, own, verdict.probability, text_hash)


def _texts(record: Record, hashes: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    with record.begin() as db:
        for start in range(0, len(hashes), _AT_ONCE):
            query = select(r.text).where(r.text.c.text_hash.in_(hashes[start : start + _AT_ONCE]))
            for row in db.execute(query):
                yield row.text_hash, row.title, row.text


def _cell(verdict: Verdict, entry: Offered, said: str) -> str | None:
    """What a text's telling is worth: a ruling's approach weighs as the ruling does, words by themselves as a rule."""
    ruled = approach_cells(verdict).get(entry.approach or "")
    if not said or ruled == CONFIRMED:
        return ruled
    return AMBIGUOUS if verdict.relevance == "ambiguous" else MODEL


def _passages(text: str, core: re.Pattern[str]) -> Iterator[str]:
    """The stretches of a text around the words it is about, where they touch taken as one."""
    start = end = -1
    for match in core.finditer(text):
        if start >= 0 and match.start() - _NEAR <= end:
            end = match.end() + _NEAR
            continue
        if start >= 0:
            yield text[start:end]
        start, end = max(0, match.start() - _NEAR), match.end() + _NEAR
    if start >= 0:
        yield text[start:end]


def _said(passages: Iterable[str], cues: re.Pattern[str] | None) -> str:
    """The sentence with the first cue and what follows it, as a quote; '' where no cue stands."""
    for passage in passages:
        match = cues.search(passage) if cues else None
        if match:
            begins = max(passage.rfind(stop, 0, match.start()) for stop in (". ", "? ", "! ", "• "))
            ends = [passage.find(stop, match.end()) for stop in (". ", "? ", "! ", " •")]
            until = min((end + 1 for end in ends if end >= 0), default=len(passage))
            return quote(passage[begins + 2 if begins >= 0 else 0 : until].strip(), cues)
    return ""


def _any(patterns: Sequence[str]) -> re.Pattern[str] | None:
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns), re.IGNORECASE) if patterns else None
