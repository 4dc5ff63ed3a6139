"""What the page says first: figures, the study's table, how sure it is, where the hits went, how the sites were searched."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import pandas as pd

from output.findings import AMBIGUOUS, CONFIRMED, MODEL, NO, NO_BY_SITEMAP, NOT_KNOWN, YES
from output.headline import thing
from output.page.marks import coverage_anchor
from output.page.rows import records
from output.tables import in_study
from output.tallies import Figures, Tally
from study.judging import RULES

TROUBLES = 400  # searches that were not complete, listed on the page


@dataclass(frozen=True)
class Figure:
    """One number of the headline."""

    number: int
    of: int
    words: str
    code: str
    published: int | None
    published_of: int  # authorities of the published round


@dataclass(frozen=True)
class TableRow:
    """One keyword group of the study's table; the published round's figures stand beside ours."""

    name: str
    code: str
    ours: tuple[str, ...]
    published: tuple[str, ...]
    equal: tuple[bool, ...]
    note: str


@dataclass(frozen=True)
class Certainty:
    """How the authorities' cells of one keyword group divide, and the share with its interval."""

    name: str
    counts: tuple[tuple[str, int], ...]
    share: str
    interval: str


@dataclass(frozen=True)
class Bar:
    """One step of a funnel or one topic."""

    name: str
    hits: int
    width: float  # per cent of the longest
    strong: bool = False


@dataclass(frozen=True)
class Funnel:
    """What became of the hits of one keyword group."""

    name: str
    code: str
    found: int
    relevant: int
    steps: tuple[Bar, ...]
    topics: tuple[Bar, ...]

    @property
    def one_in(self) -> str:
        """Hits to a relevant one: '1 in 237'; '' where there is none."""
        return f"1 in {round(self.found / self.relevant):,}" if self.relevant else ""


@dataclass(frozen=True)
class Covered:
    """How one authority was searched."""

    name: str
    anchor: str
    sites: int
    complete: int
    searches: int
    hits: int
    unread: int
    troubles: tuple[str, ...]


def figures(tally: Tally) -> list[Figure]:
    """Return, for each keyword group, how many authorities have it, of all that were asked."""
    asked_then = len(in_study(tally))
    made = []
    for row in tally.study_table():
        keyword = tally.protocol.keyword(row.keyword)
        name = thing(tally, keyword)
        number, then = row.ours.authorities or 0, row.published.authorities
        if keyword.counts == "relevance":
            words = f"{'has' if number == 1 else 'have'} a relevant hit for {name}"
        else:
            words = f"{'mentions' if number == 1 else 'mention'} {name}"
        made.append(Figure(number, len(tally.places), words, row.keyword, then, asked_then))
    return made


def study_rows(tally: Tally) -> list[TableRow]:
    """Return the study's table as it is printed."""
    rows = []
    for row in tally.study_table():
        relevance = tally.protocol.keyword(row.keyword).counts == "relevance"
        note = ""
        if row.authorities_counted < row.authorities_asked:
            counted = f"{row.authorities_counted} of {row.authorities_asked}"
            note = f"Total and range are of the {counted} authorities whose searches were read to their end."
        if row.capped:
            note = f"{note} A site shows only part of its hits: what it reported stands.".strip()
        same = (
            row.equal("total_hits"),
            row.equal("minimum") and row.equal("maximum"),
            row.equal("relevant_hits"),
            row.equal("authorities"),
        )
        rows.append(
            TableRow(
                row.name,
                row.keyword,
                _cells(row.ours, relevance),
                _cells(row.published, relevance),
                tuple(bool(one) for one in same),
                note,
            )
        )
    return rows


def _cells(of: Figures, relevance: bool) -> tuple[str, ...]:
    spread = "–" if of.minimum is None or of.maximum is None else f"{of.minimum:,} to {of.maximum:,}"
    return _number(of.total_hits), spread, _number(of.relevant_hits) if relevance else "", _number(of.authorities)


def _number(number: int | None) -> str:
    return "–" if number is None else f"{number:,}"


CERTAINTIES = (CONFIRMED, MODEL, AMBIGUOUS, NO, NO_BY_SITEMAP, NOT_KNOWN)


def certainties(tally: Tally, groups: pd.DataFrame) -> list[Certainty]:
    """Return how sure the answers are, for each keyword group over all authorities."""
    national = groups[
        (groups["geographic_level"] == "National") & (groups["la_type"] == "Total") & (groups["la_size"] == "Total")
    ]
    shares = {row["code"]: row for row in records(national[national["what"] == "keyword"])}
    made = []
    for keyword in tally.protocol.keywords:
        counts = Counter(tally.cells("keyword", keyword.code).values())
        row = shares[keyword.code]
        low, high = row["share_yes_lower_ci"], row["share_yes_upper_ci"]
        known = isinstance(low, float)
        made.append(
            Certainty(
                keyword.name,
                tuple((cell, counts[cell]) for cell in CERTAINTIES),
                "not known" if row["share_yes"] == NOT_KNOWN else f"{row['share_yes']} %",
                f"{low} to {high} %" if known else "none: all are in" if low != NOT_KNOWN else "not known",
            )
        )
    return made


_STEPS = {
    "gone": "lead nowhere",
    "unread": "could not be read",
    "off_topic": "are about something else",
    "other_relation": "are relevant, but not to this keyword",
    AMBIGUOUS: "wait for a person",
    MODEL: "are relevant, says the model",
    CONFIRMED: "are relevant, a person has confirmed",
}


def funnels(tally: Tally, funnel: pd.DataFrame | None, topics: pd.DataFrame | None) -> list[Funnel]:
    """Return where the hits of each group that counts relevance went, and what the off-topic ones were about."""
    if funnel is None or topics is None:
        return []
    made = []
    for code, own in funnel.groupby("keyword", sort=False):
        counts = {row["step"]: int(row["hits"]) for row in records(own)}
        found = counts["found"]
        steps = [Bar("hits found", found, 100.0)]
        steps += [
            Bar(words, counts[step], 100 * counts[step] / found if found else 0, step in YES)
            for step, words in _STEPS.items()
            if counts[step]
        ]
        relevant = counts[MODEL] + counts[CONFIRMED]
        name = str(own["keyword_name"].iloc[0])
        made.append(Funnel(name, str(code), found, relevant, tuple(steps), _topics(topics[topics["keyword"] == code])))
    return made


def _topics(own: pd.DataFrame) -> tuple[Bar, ...]:
    sums: Counter[str] = Counter()
    for name, topic, hits in zip(own["topic_name"], own["topic"], own["hits"], strict=True):
        if topic != "total" and hits != NOT_KNOWN:
            sums[name] += int(hits)
    most = max(sums.values(), default=0)
    return tuple(Bar(name, hits, 100 * hits / most) for name, hits in sums.most_common() if hits)


def coverage_of(tally: Tally, table: pd.DataFrame) -> tuple[list[Covered], int]:
    """Return how each authority was searched, and how many troubles were left to coverage.csv."""
    names = {place.key: place.name for place in tally.places}
    made, listed, left = [], 0, 0
    by_authority = dict(iter(table.groupby("authority", sort=False))) if len(table) else {}
    for key, name in names.items():
        own = by_authority.get(key)
        if own is None:
            made.append(Covered(name, coverage_anchor(key), 0, 0, 0, 0, 0, ("not searched",)))
            continue
        broken = own[own["status"] != "complete"]
        told = tuple(dict.fromkeys(_trouble(row) for row in records(broken)))
        shown = told[: max(0, TROUBLES - listed)]
        listed, left = listed + len(shown), left + len(told) - len(shown)
        made.append(
            Covered(
                name,
                coverage_anchor(key),
                int(own["site"].nunique()),
                len(own) - len(broken),
                len(own),
                int(own["distinct"].sum()),
                int(own["hits_unread"].sum()),
                shown,
            )
        )
    return made, left


def _trouble(row: dict[str, object]) -> str:
    why = str(row["why"])[:160]
    kind = "" if row["host_kind"] == "main" else f" ({row['host_kind']})"
    return f"{row['query']}{kind}: {row['status']}{f', {why}' if why else ''}"


def judged_by(tally: Tally) -> str:
    """Return who judged the texts."""
    confirmed = sum(verdict.confirmed for verdict in tally.rows.verdicts.values())
    how = "the protocol’s rules" if tally.rows.model_id == RULES else f"the model {tally.rows.model_id[:12]}"
    return f"{len(tally.rows.verdicts):,} texts were judged by {how}; {confirmed:,} of them were decided by people."
