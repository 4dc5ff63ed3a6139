"""What the hits were: how many were read, what the off-topic ones were about, how few were left."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pandas as pd

from output.findings import AMBIGUOUS, CONFIRMED, MODEL, NOT_KNOWN, standing_for
from output.tallies import MAIN, Tally
from study.protocol import Keyword

NO_TOPIC = "not-said"  # off-topic, and nobody said of what kind


def topics(tally: Tally) -> Iterator[dict[str, object]]:
    """Yield a row for every authority, keyword group that counts relevance, and topic: how many off-topic hits it had.

    A hit of two topics counts in both, and once in the row `total`.
    """
    names = {topic.code: topic.name for topic in tally.protocol.topics}
    codes = [*names, NO_TOPIC, "total"]
    names |= {NO_TOPIC: "Off-topic, kind not said", "total": "All off-topic hits"}
    for keyword in _groups(tally):
        counts = _off_topic(tally, keyword)
        for place in tally.places:
            asked = tally.findings.silence(place.key, keyword.code) != NOT_KNOWN
            for code in codes:
                hits = counts[place.key, code]
                yield {
                    "authority": place.key,
                    "authority_name": place.name,
                    "keyword": keyword.code,
                    "topic": code,
                    "topic_name": names[code],
                    "hits": hits if hits or asked else NOT_KNOWN,
                }


def funnel(tally: Tally) -> Iterator[dict[str, object]]:
    """Yield, for each keyword group that counts relevance, how its hits on main sites ended, step by step."""
    for keyword in _groups(tally):
        hits = _hits(tally, keyword)
        seen = Counter(hits["seen"])
        read = hits.loc[hits["seen"] == "read", "text_hash"]
        ended = Counter(_ending(tally, keyword, text_hash) for text_hash in read)
        steps = {
            "found": len(hits),
            "gone": seen["gone"],
            "unread": seen["unread"],
            "read": len(read),
            "off_topic": ended["off_topic"],
            "other_relation": ended["other_relation"],
            AMBIGUOUS: ended[AMBIGUOUS],
            MODEL: ended[MODEL],
            CONFIRMED: ended[CONFIRMED],
        }
        for number, (step, count) in enumerate(steps.items(), start=1):
            yield {"keyword": keyword.code, "keyword_name": keyword.name, "order": number, "step": step, "hits": count}


def _groups(tally: Tally) -> list[Keyword]:
    return [keyword for keyword in tally.protocol.keywords if keyword.counts == "relevance"]


def _hits(tally: Tally, keyword: Keyword) -> pd.DataFrame:
    """The distinct pages that searches of the group gave on main sites."""
    found = tally.findings.hits
    asked = found[(found["keyword"] == keyword.code) & (found["host_kind"] == MAIN) & (found["via"] == "search")]
    return asked.drop_duplicates("page_id")


def _ending(tally: Tally, keyword: Keyword, text_hash: str) -> str:
    verdict = tally.rows.verdicts[text_hash]
    if verdict.relevance == "off-topic":
        return "off_topic"
    return standing_for(keyword, verdict) or "other_relation"


def _off_topic(tally: Tally, keyword: Keyword) -> Counter[tuple[str, str]]:
    known = {topic.code for topic in tally.protocol.topics}
    counts: Counter[tuple[str, str]] = Counter()
    verdicts = tally.rows.verdicts
    hits = _hits(tally, keyword)
    for authority, text_hash in zip(hits["authority"], hits["text_hash"], strict=True):
        verdict = verdicts.get(text_hash)
        if verdict is None or verdict.relevance != "off-topic":
            continue
        counts[authority, "total"] += 1
        for topic in [code for code in dict.fromkeys(verdict.topics) if code in known] or [NO_TOPIC]:
            counts[authority, topic] += 1
    return counts
