"""Reading and deciding: the page with a text, and what its buttons and keys send."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from flask import Flask, abort, flash, redirect, render_template, request, session, url_for
from sqlalchemy import select
from werkzeug.wrappers import Response

from labels.decide import SAID, Person, TextGone, checked, latest
from labels.web.choices import name_of
from labels.web.guard import Forms
from labels.web.items import Item, item
from labels.work import Given
from study import record as r

if TYPE_CHECKING:
    from labels.web.app import Site

_LONGEST_NOTE = 10_000
_GONE = "its text is not kept any more (retention or a takedown), so nothing was changed."


def add_to(app: Flask, site: Site, forms: Forms) -> None:
    """Add the pages for reading and deciding."""
    desk = _Reading(site, forms)
    app.add_url_rule("/read", "read", desk.read)
    app.add_url_rule("/earlier/<int:label_id>", "earlier", desk.earlier)
    app.add_url_rule("/decide", "decide", desk.decide, methods=["POST"])
    app.add_url_rule("/undo", "undo", desk.undo, methods=["POST"])


@dataclass(frozen=True)
class _Reading:
    site: Site
    forms: Forms

    def read(self) -> Response | str:
        """The text that is to be decided now."""
        given = self.site.work.give(_name())
        if given is None:
            return self._page("done.html")
        return self._text(given, self._draft(given.text_hash, taken_back=True))

    def earlier(self, label_id: int) -> Response | str:
        """A text that was decided, to be decided otherwise."""
        with self.site.record.begin() as db:
            row = db.execute(select(r.label).where(r.label.c.id == label_id)).one_or_none()
        ours = row is not None and (row.annotator, row.role, row.protocol) == (
            _name(),
            self.site.work.role,
            self.site.protocol.name,
        )
        if not ours or row is None:
            abort(404)
        given = Given(row.text_hash, row.text_hash, row.source, datetime.now(UTC))
        return self._text(given, self._draft(row.text_hash), changing=True)

    def decide(self) -> Response | tuple[str, int]:
        """Take a decision in and go on to the next text."""
        number, fields = self.forms.open("decide")
        given = Given(
            str(fields["text"]), str(fields["group"]), str(fields["source"]), datetime.fromisoformat(str(fields["at"]))
        )
        said: dict[str, Any] = {}
        try:
            said = self._said()
        except ValueError as problem:
            sent = {name: request.form.getlist(name) for name in ("topics", "approaches", "flags")}
            draft = {name: request.form.get(name, "") for name in ("relation", "depth", "note")} | sent
            return str(self._text(given, draft, problem=str(problem), changing=bool(fields["changing"]))), 400
        try:
            new = self.site.work.decide(_name(), given, number, said)
        except TextGone:
            flash(f"“{fields['title']}”: {_GONE}")
            return redirect(url_for("read"), 303)
        name = name_of(said["decision"]).lower()
        if new:
            flash(f"Put off: “{fields['title']}”." if name == "skip" else f"Saved as {name}: “{fields['title']}”.")
        else:
            flash(f"“{fields['title']}” was saved before; nothing was changed. Undo it to decide otherwise.")
        if new and self.site.retrainer is not None:
            self.site.retrainer.decided()
        return redirect(url_for("read"), 303)

    def undo(self) -> Response:
        """Take the last decision back."""
        _, fields = self.forms.open("undo")
        try:
            row, holds = self.site.work.take_back(_name(), int(fields["label"]))
        except TextGone:
            flash(f"That cannot be taken back: {_GONE}")
            return redirect(url_for("read"), 303)
        if row is None:
            flash("That was taken back already; nothing was changed.")
        elif holds is None:
            flash(f"Taken back: “{_short(row.title)}”. Here it is again.")
        else:
            flash(f"Taken back: “{_short(row.title)}” is {name_of(holds).lower()} again.")
        return redirect(url_for("read"), 303)

    def _text(
        self, given: Given, draft: Mapping[str, Any], *, problem: str = "", changing: bool = False
    ) -> Response | str:
        shown = item(self.site.record, self.site.protocol, self.site.crawl_id, given.text_hash)
        if shown is None:
            abort(404)
        title = _short("".join(piece.text for piece in shown.shown.title)) or "untitled"
        sealed = self.forms.seal(
            "decide",
            text=given.text_hash,
            group=given.group,
            source=given.source,
            at=given.given_at.isoformat(),
            title=title,
            changing=changing,
        )
        relation = draft.get("relation", shown.relation) or ""
        return self._page(
            "read.html",
            item=shown,
            form=sealed,
            draft={**draft, "relation": relation},
            problem=problem,
            changing=changing,
            disagreement=self.site.work.disagreement(given.text_hash),
            heading=title,
        )

    def _page(self, template: str, **more: Any) -> str:
        recent = self.site.work.recent(_name())
        retrainer = self.site.retrainer
        said: Item | str = retrainer.said if retrainer is not None else ""
        progress = self.site.work.progress(_name())
        return render_template(template, recent=recent, progress=progress, retraining=said, **more)

    def _draft(self, text_hash: str, *, taken_back: bool = False) -> dict[str, Any]:
        """Return what this person said of a text: as it stands, or with ``taken_back`` what they took back last."""
        person = Person(_name(), self.site.work.role)
        with self.site.record.begin() as db:
            row = latest(db, self.site.protocol, text_hash, person)
            if taken_back:
                if row is None or row.decision != "undone" or row.supersedes is None:
                    return {}
                row = db.execute(select(r.label).where(r.label.c.id == row.supersedes)).one()
        return {name: getattr(row, name) for name in SAID} if row is not None else {}

    def _said(self) -> dict[str, Any]:
        """Return what was chosen, checked; raises ValueError with a sentence for the person who chose."""
        sent = request.form
        row: dict[str, Any] = {name: sent.getlist(name) for name in ("topics", "approaches", "flags")}
        row |= {name: sent.get(name, "") for name in ("decision", "relation", "depth", "note")}
        row["note"] = row["note"].replace("\r\n", "\n").strip()
        if len(row["note"]) > _LONGEST_NOTE:
            raise ValueError(f"The note is too long; it may hold {_LONGEST_NOTE:,} characters.")
        if not row["decision"]:
            raise ValueError("Nothing is decided yet: choose Relevant, Off-topic, Unsure or Skip.")
        said = checked(self.site.protocol, row)
        unknown = set(said["flags"]) - {flag.code for flag in self.site.protocol.flags}
        if unknown:
            raise ValueError(f"flags {', '.join(sorted(unknown))!r}; expected those of the page")
        if said["decision"] == "relevant" and said["topics"]:
            raise ValueError(
                "A relevant text has no off-topic topics. Take the topics away, or decide that it is off-topic."
            )
        if said["decision"] == "off-topic" and said["approaches"]:
            raise ValueError("An off-topic text has no approaches. Take them away, or decide that it is relevant.")
        return said


def _name() -> str:
    return str(session["name"])


def _short(title: str) -> str:
    words = " ".join(title.split())
    return words if len(words) <= 60 else f"{words[:59]}…"
