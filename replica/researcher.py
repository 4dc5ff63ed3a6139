"""The scripted researcher: answers the labelling queue from the key, as a person would from the pages.

Besides the tests, this is the one reader of ``replica.answers``.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy import select
from w3lib.url import canonicalize_url

from replica import answers
from replica.answers import Answer
from study import protocol
from study import record as r
from study.judging import model_in_use
from study.record import Record


def answer(form: Path, answered: Path, scale: float) -> int:
    """Fill in the queue file ``form`` (CSV) and write it to ``answered``; return how many texts were decided."""
    csv.field_size_limit(10_000_000)
    key = _by_address(scale)
    with form.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.DictReader(file)
        columns = list(reader.fieldnames or ())
        rows = list(reader)
    for row in rows:
        row |= _decision(key.get((row["authority"], _path(row["url"]))))
    with answered.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)
    return len(rows)


def compare(record: Record, scale: float) -> str:
    """Say in words how the model alone did on the newest crawl: of the relevant hits, and with false ones."""
    verdicts = _verdicts(record)
    wanted = [
        (group, code, _path(path)) for group, places in answers.relevant_hits(scale).items() for code, path in places
    ]
    seen = Counter(verdicts.get((code, path), "not fetched") for _, code, path in wanted)
    key = _by_address(scale)
    called = [place for place, verdict in verdicts.items() if verdict == "relevant"]
    false = [place for place in called if place not in key or key[place].key.relevance == "off-topic"]
    unsure = [place for place in called if place in key and key[place].key.relevance == "ambiguous"]
    missed = f", {seen['not fetched']} not fetched" if seen["not fetched"] else ""
    return (
        f"The model alone, against the key: of {len(wanted)} relevant hits {seen['relevant']} called relevant, "
        f"{seen['ambiguous']} left to a researcher, {seen['off-topic']} dropped{missed}; "
        f"of {len(called)} pages called relevant {len(false)} are not, {len(unsure)} could be ruled either way; "
        f"{sum(v == 'ambiguous' for v in verdicts.values())} of {len(verdicts)} pages left to a researcher."
    )


def labelled_texts(record: Record, scale: float) -> Iterator[dict[str, str]]:
    """Yield each distinct text of the newest crawl with the key's answer, once, in a fixed order.

    Columns: id, authority, url, era, title, text and the answer (decision, relation, topics, approaches, depth). A page outside the key is
    answered as the researcher answers it.
    """
    key = _by_address(scale)
    query = (
        select(r.page.c.authority, r.page.c.url, r.text.c.text_hash, r.text.c.title, r.text.c.text)
        .join(r.capture, r.capture.c.page_id == r.page.c.id)
        .join(r.text, r.text.c.text_hash == r.capture.c.text_hash)
        .where(r.capture.c.crawl_id == record.latest_crawl())
        .order_by(r.text.c.text_hash, r.page.c.authority, r.page.c.url)
    )
    with record.begin() as db:
        rows = db.execute(query).all()
    texts: dict[str, dict[str, str]] = {}
    for row in rows:
        answer = _decision(key.get((row.authority, _path(row.url))))
        if row.text_hash not in texts or answer["decision"] == "relevant":
            texts[row.text_hash] = {
                "id": f"{row.authority}:{_path(row.url)}",
                "authority": row.authority,
                "url": row.url,
                "era": "then",
                "title": row.title,
                "text": row.text,
                **answer,
            }
    yield from texts.values()


def _decision(known: Answer | None) -> dict[str, str]:
    if known is None:  # a page outside the key, such as a home page
        return {"decision": "off-topic", "relation": "none", "topics": "other", "approaches": "", "depth": "main"}
    key = known.key
    return {
        "decision": key.relevance,
        "relation": key.relation,
        "topics": ";".join(key.topics),
        "approaches": ";".join(key.approaches),
        "depth": key.depth,
        "note": "",
    }


def _by_address(scale: float) -> Mapping[tuple[str, str], Answer]:
    return {(code, _path(path)): found for code, site in answers.answers(scale).items() for path, found in site.items()}


def _path(url_or_path: str) -> str:
    # Addresses are compared in one spelling: the crawler sorts parameters and drops fragments.
    parts = urlsplit(canonicalize_url(url_or_path))
    return parts.path + (f"?{parts.query}" if parts.query else "")


def _verdicts(record: Record) -> dict[tuple[str, str], str]:
    crawl_id = record.latest_crawl()
    study = protocol.load("nfer-2008")
    with record.begin() as db:
        model_id = model_in_use(db, study, crawl_id)
    query = (
        select(r.page.c.authority, r.page.c.url, r.judgement.c.relevance)
        .join(r.capture, r.capture.c.page_id == r.page.c.id)
        .join(r.judgement, r.judgement.c.text_hash == r.capture.c.text_hash)
        .where(
            r.capture.c.crawl_id == crawl_id,
            r.judgement.c.protocol_hash == study.hash,
            r.judgement.c.model_id == model_id,
        )
    )
    with record.begin() as db:
        return {(row.authority, _path(row.url)): row.relevance for row in db.execute(query)}
