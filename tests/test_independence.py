"""The replica's text was written apart from the training text: no eight-word sequence stands in both."""

import json
import re
from pathlib import Path

from study import protocol

ROOT = Path(__file__).parent.parent
RUN = 8
WORD = re.compile(r"[a-z0-9']+")


def texts(pattern):
    files = sorted(ROOT.glob(pattern))
    assert files, pattern
    for file in files:
        for line in file.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            yield f"{file.name} {row.get('id', '')}", f"{row.get('title', '')}\n{row['text']}"


def runs(text, names):
    for name in names:
        text = name.sub(" \N{MIDDLE DOT} ", text)
    for stretch in text.split("\N{MIDDLE DOT}"):
        words = WORD.findall(stretch.lower().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'"))
        for start in range(len(words) - RUN + 1):
            yield " ".join(words[start : start + RUN])


def test_no_eight_word_sequence_stands_in_both_training_and_replica_text():
    study = protocol.load("nfer-2008")
    names = [
        re.compile(pattern, re.IGNORECASE)
        for mention in study.mentions
        if mention.code != "definition"  # its patterns are turns of phrase, not names
        for pattern in mention.patterns
    ]
    training = {run: where for where, text in texts("labels/seed/*.jsonl") for run in runs(text, names)}
    assert len(training) > 20_000
    shared = {
        run: (where, training[run])
        for where, text in texts("replica/texts/*.jsonl")
        for run in runs(text, names)
        if run in training
    }
    assert shared == {}
