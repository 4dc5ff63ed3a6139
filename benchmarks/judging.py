"""How fast pages are judged: pages of 400 words, ordinary and keyword-dense, beside TF-IDF + linear SVM on the same pages.

    python -m benchmarks.judging [--pages N] [--rounds N]

Both learn the protocol's seeds and judge the same pages in the same run, on one thread. Seconds are those of the processor, the best
of some rounds, so that other work on the machine counts little. An ordinary page is one seed text and, up to 400 words, sentences of
seeds without a keyword; a dense page is seed texts alone, with a keyword every few lines.
"""

from __future__ import annotations

import argparse
import random
import re
import time
from collections.abc import Callable, Sequence

from threadpoolctl import threadpool_limits

from classifier.assessment.systems import ElasU4
from classifier.judge import Judge
from classifier.labels import Example, seeds
from classifier.train import train
from study import protocol as protocols
from study.protocol import Protocol

WORDS = 400
_SENTENCE = re.compile(r"[^.!?\n]+[.!?\n]+")

Pages = list[tuple[str, str]]


def ordinary(study: Protocol, examples: Sequence[Example], count: int) -> Pages:
    """Return pages in which one passage or a few have the keyword."""
    chance = random.Random(1)
    plain = [s.strip() for e in examples for s in _SENTENCE.findall(e.text) if not study.core.search(s)]
    pages = []
    for _ in range(count):
        example = chance.choice(examples)
        before, after = [], [example.text]
        while sum(len(part.split()) for part in before + after) < WORDS:
            chance.choice((before, after)).append(chance.choice(plain))
        pages.append((example.title, _cut(" ".join(before + after))))
    return pages


def dense(examples: Sequence[Example], count: int) -> Pages:
    """Return pages that speak of nothing but the keywords."""
    chance = random.Random(2)
    pages = []
    for _ in range(count):
        parts: list[str] = []
        while sum(len(part.split()) for part in parts) < WORDS:
            parts.append(chance.choice(examples).text)
        pages.append((chance.choice(examples).title, _cut("\n".join(parts))))
    return pages


def _cut(text: str) -> str:
    """Return the first 400 words, white space as it is."""
    ends = [match.end() for match in re.finditer(r"\S+", text)]
    return text[: ends[WORDS - 1]]


def fastest(judge: Callable[[Pages], object], pages: Pages, rounds: int) -> float:
    """Return the processor seconds of the fastest round."""
    seconds = []
    for _ in range(rounds):
        began = time.process_time()
        judge(pages)
        seconds.append(time.process_time() - began)
    return min(seconds)


def main() -> None:
    """Print pages a second of each system on each kind of page, and the ratio."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--pages", type=int, default=500, metavar="N", help="pages of each kind (default 500)")
    parser.add_argument("--rounds", type=int, default=3, metavar="N", help="of which the fastest counts (default 3)")
    options = parser.parse_args()
    study = protocols.load("nfer-2008")
    examples = seeds(study)
    with threadpool_limits(limits=1):
        judge = Judge(study, train(study, examples))
        relevance_only = ElasU4(examples, study, codes=False)
        with_codes = ElasU4(examples, study)
        print(f"learnt {len(examples)} texts; {options.pages} pages of {WORDS} words, one core")
        print(
            f"{'pages a second':<16}{'mentorwatch':>13}{'TF-IDF + SVM':>14}{'ratio':>7}{'with codes':>12}{'ratio':>7}"
        )
        for name, pages in (
            ("ordinary", ordinary(study, examples, options.pages)),
            ("keyword-dense", dense(examples, options.pages)),
        ):
            ours, bare, codes = (
                options.pages / fastest(system, pages, options.rounds)
                for system in (lambda p: list(judge.judge_many(p)), relevance_only.predict, with_codes.predict)
            )
            print(f"{name:<16}{ours:>13.0f}{bare:>14.0f}{ours / bare:>7.2f}{codes:>12.0f}{ours / codes:>7.2f}")
    print(
        "TF-IDF + SVM says relevance alone; with codes it also says topics and approaches. Names, quotes, depth: ours only."
    )


if __name__ == "__main__":
    main()
