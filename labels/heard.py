"""What people have said so far, read from the record once and then only what is new."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from sqlalchemy import select
from sqlalchemy.engine import Connection

from study import record as r
from study.decisions import UNDECIDED
from study.protocol import Protocol

_AGAIN = 200  # label rows that are read once more each time: PostgreSQL commits ids out of order


class Heard:
    """The newest word of each annotator on each group of near-duplicates; only of texts they read themselves."""

    def __init__(self, protocol: Protocol, groups: Mapping[str, str]) -> None:
        self._protocol, self._groups = protocol, groups
        self._newest = 0
        self._said: dict[str, dict[str, tuple[int, str]]] = defaultdict(dict)  # group -> annotator -> (id, decision)
        self._settled: set[str] = set()  # groups that an adjudicator decided

    def listen(self, db: Connection) -> None:
        """Take in what was decided since, by whatever process."""
        columns = (r.label.c[name] for name in ("id", "text_hash", "annotator", "role", "decision"))
        new = select(*columns).where(
            r.label.c.protocol == self._protocol.name,
            r.label.c.follows.is_(None),
            r.label.c.id > self._newest - (_AGAIN if db.dialect.name == "postgresql" else 0),
        )
        for row in db.execute(new.order_by(r.label.c.id)):
            group = self._groups.get(row.text_hash, row.text_hash)
            self._newest = max(self._newest, row.id)
            if row.role != "adjudicator":
                self._said[group][row.annotator] = row.id, row.decision
            elif row.decision in UNDECIDED:
                self._settled.discard(group)
            else:
                self._settled.add(group)

    def groups(self) -> set[str]:
        """Return the groups of which anybody said anything."""
        return {*self._said, *self._settled}

    def anything(self, group: str) -> bool:
        """Tell whether anybody said anything of a group."""
        return group in self._said or group in self._settled

    def settled(self, group: str) -> bool:
        """Tell whether an adjudicator has decided."""
        return group in self._settled

    def deciders(self, group: str) -> int:
        """Return how many annotators have decided."""
        return sum(decision not in UNDECIDED for _, decision in list(self._said.get(group, {}).values()))

    def said(self, group: str, annotator: str) -> tuple[int, str]:
        """Return the number of an annotator's newest row and its decision; (0, '') where there is none."""
        return self._said.get(group, {}).get(annotator, (0, ""))

    def decided(self, group: str, annotator: str) -> bool:
        """Tell whether an annotator has decided, and not taken it back."""
        said = self.said(group, annotator)[1]
        return said != "" and said not in UNDECIDED

    def count(self, annotator: str) -> tuple[int, int]:
        """Return how many groups an annotator has decided, and how many they have skipped."""
        mine = [said[annotator][1] for said in list(self._said.values()) if annotator in said]
        return sum(decision not in UNDECIDED for decision in mine), mine.count("skip")
