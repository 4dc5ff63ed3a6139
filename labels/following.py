"""A label follows its text: a near-duplicate met later gets the decisions that were made on its like, and says so."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from labels.decide import SAID, Person, Reading, add_followers
from study import record as r
from study.decisions import newest
from study.judging import texts_of
from study.protocol import Protocol
from study.record import Record

_COLUMNS = ("id", "text_hash", "annotator", "role", "source", "authority", "url", "follows")


def follow(record: Record, protocol: Protocol, crawl_id: int, groups: Mapping[str, str]) -> int:
    """Give the texts of a crawl the decisions made on their near-duplicates; return how many rows that added.

    ``groups`` is text -> group. Only where a person has said nothing of a text yet; of several decisions of one person
    in one group the newest is followed.
    """
    query = select(*(r.label.c[name] for name in (*_COLUMNS, *SAID))).where(r.label.c.protocol == protocol.name)
    added = 0
    with record.begin() as db:
        said = newest(db.execute(query.order_by(r.label.c.id)))
        read: dict[str, dict[tuple[str, str], Any]] = defaultdict(dict)
        for text_hash, by_person in said.items():
            for who, row in by_person.items():
                known = read[groups.get(text_hash, text_hash)].get(who)
                if row.follows is None and (known is None or known.id < row.id):
                    read[groups.get(text_hash, text_hash)][who] = row
        members: dict[str, list[str]] = defaultdict(list)
        for text_hash in sorted(db.execute(texts_of(crawl_id).distinct()).scalars()):
            members[groups[text_hash]].append(text_hash)
        for group in sorted(members.keys() & read.keys()):
            for (role, name), row in read[group].items():
                silent = [text for text in members[group] if (role, name) not in said.get(text, {})]
                reading = Reading(row.source, row.authority, row.url)
                words = {column: getattr(row, column) for column in SAID}
                added += add_followers(db, protocol, silent, Person(name, role), words, reading, row.id)
    return added
