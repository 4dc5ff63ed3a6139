"""The application: what it serves, and its few pages that are not about a text."""

from __future__ import annotations

from dataclasses import dataclass
from secrets import token_hex
from typing import Any

from flask import Flask, abort, g, redirect, render_template, request, session, url_for
from markdown_it import MarkdownIt
from markupsafe import Markup
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from labels.codebook import codebook
from labels.retraining import Retrainer
from labels.web import copies, reading
from labels.web.choices import choices, name_of
from labels.web.guard import Forms, Links, PseudonymError, protect, pseudonym
from labels.web.items import authority_name
from labels.work import Work
from study.protocol import Protocol
from study.record import Record


@dataclass(frozen=True)
class Site:
    """What one server serves: a crawl's texts, to annotators or to an adjudicator (``work`` says which)."""

    record: Record
    protocol: Protocol
    crawl_id: int
    work: Work
    links: Links
    key: bytes
    hosts: frozenset[str]  # what the Host header may say
    cookie: str
    retrainer: Retrainer | None = None


def create_app(site: Site) -> Flask:
    """Return the application that serves ``site``."""
    app = Flask(__name__)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    protect(app, site.key, site.hosts, site.cookie)
    forms = Forms(site.key)
    rulings = rendered(codebook().text)

    @app.context_processor
    def _everywhere() -> dict[str, Any]:
        return {
            "adjudicating": site.work.role == "adjudicator",
            "annotator": session.get("name"),
            "authority_name": authority_name,
            "choices": choices(site.protocol),
            "codebook": rulings,
            "codebook_version": codebook().version,
            "name_of": name_of,
            "seal": forms.seal,
            "study": site.protocol,
        }

    @app.get("/")
    def home() -> Response:
        return redirect(url_for("read"))

    @app.route("/sign-in", methods=["GET", "POST"], endpoint="sign_in")
    def sign_in() -> Response | str | tuple[str, int]:
        token = request.values.get("token", "")
        if not site.links.known(token):
            if "name" in session:
                return redirect(url_for("read"))
            abort(403, "This link was used, or is not one of this server's. Start the command again for new links.")
        given = site.links.open.get(token)
        if request.method == "GET":
            return render_template("sign_in.html", token=token, given=given, problem="")
        try:
            name = given if given is not None else pseudonym(request.form.get("annotator", ""))
        except PseudonymError as problem:
            return render_template("sign_in.html", token=token, given=given, problem=str(problem)), 400
        if not site.links.use(token):
            abort(403, "This link was used in this very moment. Start the command again for new links.")
        session.clear()
        session.permanent = True
        session["name"], session["id"] = name, token_hex(16)
        return redirect(url_for("read"), 303)

    @app.errorhandler(HTTPException)
    def _wrong(problem: HTTPException) -> tuple[str, int]:
        code = problem.code or 500
        g.wrong = True
        said = {
            404: "There is no such page here.",
            405: "This page is not used that way.",
            413: "That was too much text; a note may hold about 200,000 characters.",
            500: "Something went wrong here. What was saved stays saved; the terminal says more.",
        }.get(code, problem.description or problem.name)
        return render_template("message.html", said=said, code=code), code

    reading.add_to(app, site, forms)
    copies.add_to(app, site)
    return app


def rendered(markdown: str) -> Markup:
    """Return the codebook as HTML whose headings stand below the page's own; HTML inside it is shown, not obeyed."""
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = parser.parse(markdown)
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(int(token.tag[1]) + 1, 6)}"
    return Markup(parser.renderer.render(tokens, parser.options, {}))  # noqa: S704 (our own file, raw HTML off)
