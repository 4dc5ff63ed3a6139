"""The search of an animal: understanding the question, spreading the answer over pages, drawing the results page."""

from dataclasses import dataclass
from html import escape, unescape
from urllib.parse import quote, unquote, urlencode

from tests.zoo import answers, engine, formats, pages, paging, turning
from tests.zoo.animal import Animal
from tests.zoo.boxes import EXTRAS
from tests.zoo.catalogue import KINDS
from tests.zoo.corpus import Doc
from tests.zoo.extras import Around
from tests.zoo.forms import CHOICES, RIVAL_BUTTONS
from tests.zoo.holdings import Holdings
from tests.zoo.listing import Item
from tests.zoo.transport import Request, Response

ANY_QUERY_ECHO = ("Search results for &ldquo;{q}&rdquo;", "You searched for {q}", "Results: {q}")
HEADINGS = ("Search results", "Results", *ANY_QUERY_ECHO)


@dataclass(frozen=True)
class Question:
    """A search request, understood."""

    query: str
    page: int
    options: engine.Options
    carry: dict[str, str]


class Search(Holdings):
    """Holdings that can be searched."""

    def __init__(self, animal: Animal) -> None:
        super().__init__(animal)
        self._sessions: dict[str, Question] = {}
        self._viewstates: dict[str, Question] = {}
        self._filed: dict[str, Question] = {}  # searches by the number the engine gave them

    def _question(self, request: Request) -> Question | None:
        """What is asked; None where the engine would show its empty form again."""
        a, ask, pager = self.animal, self.animal.ask, self.animal.pager
        given = request.fields(ask.charset, "get") | request.fields(ask.charset)
        if pager.family.startswith("postback") and request.method == "POST":
            state = self._viewstates.get(unquote(given.get("__VIEWSTATE", "")))
            argument = given.get("__EVENTARGUMENT", "")
            if state and given.get("__EVENTTARGET", "").endswith("grdDocuments") and argument.startswith("Page$"):
                return Question(state.query, int(argument[5:]), state.options, state.carry)
            if state and "ctl00$cphMain$btnNext" in given:
                return Question(state.query, state.page + 1, state.options, state.carry)
        field = "terms" if a.look == "aspnet2008" and request.path == ask.redirect else ask.field
        if (
            pager.family == "session"
            and field not in given
            and (old := self._sessions.get(request.cookies.get("sid", "")))
        ):
            return Question(old.query, paging.wanted("page1", pager.param, pager.size, given), old.options, old.carry)
        if pager.family == "search-number" and (filed := self._filed.get(given.get("searchid", ""))):
            return Question(
                filed.query, paging.wanted("page1", pager.param, pager.size, given), filed.options, filed.carry
            )
        query = given.get(field, "").strip()
        if "{q}" in ask.redirect and not query:
            query = self._query_in_path(request)
        if pager.family == "state" and not query:
            query = turning.read_state(given.get(pager.param, ""))[0]
        page = self._page_asked(request, given, query)
        if not query or not self._complete(given, page):
            return None
        options = engine.Options(
            given.get("sort", "") if "sort" in a.extras else "",
            given.get("section", "") if "facets" in a.extras or "facet-form" in a.extras else "",
            int(given["perpage"]) if "per-page" in a.extras and given.get("perpage", "").isdigit() else 0,
        )
        choices = CHOICES.get(ask.form, {})
        names = [*(k for k, v in ask.hidden.items() if v != "@token"), *choices, "sort", "section", "perpage"]
        carry = {k: given[k] for k in names if k in given}
        if options.sort == options.section == "" and not options.size:
            carry = {k: v for k, v in carry.items() if k not in ("sort", "section", "perpage")}
        return Question(query, page, options, carry)

    def _query_in_path(self, request: Request) -> str:
        before, _, after = self.animal.ask.redirect.partition("{q}")
        return unquote(request.path.removeprefix(before).removesuffix(after), self.animal.ask.charset).strip()

    def _results_path(self, query: str) -> str:
        """Where results stand: the path of the form's target or what it redirects to."""
        ask = self.animal.ask
        return ask.redirect.replace("{q}", quote(query, safe="", encoding=ask.charset)) or ask.path

    def _page_asked(self, request: Request, given: dict[str, str], query: str) -> int:
        pager = self.animal.pager
        if pager.family in turning.LINKS or pager.family in turning.BUTTONS:
            plan = self.plan(query)
            return turning.read(
                pager.family, pager.param, pager.size, request.target, given, len(plan.pages), engine.letters(plan)
            )
        if pager.family in ("path", "path-number"):
            tail = request.target.partition("?")[0].rstrip("/").rpartition("/")[2]
            return int(tail) if tail.isdigit() else 1
        if pager.family == "submit":
            return int(given.get(pager.param) or 1) + (1 if "move" in given else 0)
        size = (
            int(given["perpage"])
            if "per-page" in self.animal.extras and given.get("perpage", "").isdigit()
            else pager.size
        )
        return paging.wanted(pager.family, pager.param, size, given)

    def _complete(self, given: dict[str, str], page: int) -> bool:
        """Whether everything the engine insists on was sent."""
        ask = self.animal.ask
        button = ask.button.partition("=")[0]
        if any(given.get(name) != value for name, value in CHOICES.get(ask.form, {}).items()):
            return False
        if ask.form == "dropped-query" and given.get("view") == "old":
            return False
        if page > 1 or self.animal.look == "aspnet2008":
            return True
        if button and button not in given and f"{button}.x" not in given:
            return False
        if ask.form in RIVAL_BUTTONS and given.get(button) != ask.button.partition("=")[2]:
            return False
        if not ask.needs_hidden:
            return True
        return all(given.get(k) in self._tokens if v == "@token" else given.get(k) == v for k, v in ask.hidden.items())

    def _search(self, request: Request) -> Response:
        a, ask = self.animal, self.animal.ask
        if fault := self._fault("search"):
            return fault
        if ask.answer in answers.SCRIPTED:
            return Response(200, self._page("Search results", answers.SCRIPTED[ask.answer]), self._media())
        if "login" in a.quirks:
            return Response(302, b"", headers={"Location": "/login?return=%2Fsearch"})
        if "post-strict" in a.quirks and request.method != "POST":
            return Response(405, b"<h1>405 Method not allowed</h1>")
        if ask.form == "radio-web" and request.fields(ask.charset).get("where") == "web":
            return Response(302, b"", headers={"Location": "http://www.google.example/search"})
        question = self._question(request)
        if question is None:
            return self._empty_form()
        if ask.redirect and request.path == ask.path and ask.path != ask.redirect:
            return Response(303, b"", headers={"Location": self.place_url(question, 1)})
        if a.pager.family == "search-number":
            self._filed[turning.search_number(question.query)] = question
        plan = self.plan(question.query, question.options)
        if question.page >= 2 and (fault := self._fault(f"page{question.page}")):
            return fault
        if "drift" in a.quirks and plan.hits:
            self._seen["drift", question.query, str(question.page)] += 1
            if question.page > 1 and self._seen["drift", question.query, str(question.page)] == 1:
                plan = engine.drifted(plan, 1)
        if "zero-redirect" in a.quirks and not plan.hits:
            return Response(302, b"", headers={"Location": "/no-results"})
        if "zero-form" in a.quirks and not plan.hits:
            return self._empty_form()
        return self._answer(question, plan)

    def _empty_form(self) -> Response:
        """The search page when it understood no question."""
        form = (
            pages.form_html(self.animal, self._action(), token=self._token())
            if self.animal.home == "linked-self"
            else self._form("")
        )
        return Response(
            200, self._page("Search", f"<p>Enter the terms you wish to search for.</p>{form}"), self._media()
        )

    def _answer(self, question: Question, plan: engine.Plan) -> Response:
        a, end, last = self.animal, self.animal.pager.end, len(plan.pages)
        page = question.page
        if page > last:
            if end == "404":
                return self._broken("404") or Response(404)
            page = 1 if end == "loop" else last if end in ("clamp", "self") else page
        question = Question(question.query, page, question.options, question.carry)
        cookie = {}
        if a.pager.family == "session":
            sid = f"s{next(self._serial)}"
            self._sessions[sid] = question
            cookie = {"Set-Cookie": f"sid={sid}; Path=/"}
        if a.ask.answer != "html":
            body, media = answers.feed(a.ask.answer, self, question, plan)
            cookie |= formats.headers(a.ask.answer, plan, self._next_address(question, plan))
            return Response(200, body, media, cookie)
        if a.pager.style == "header-link" and (onward := self._next_address(question, plan)):
            cookie["Link"] = f'<{onward}>; rel="next", </>; rel="home"'
        status = 404 if "zero-404" in a.quirks and not plan.hits else 200
        return Response(
            status,
            self._results_page(question, plan).encode(a.ask.charset, "xmlcharrefreplace"),
            self._media(),
            cookie,
        )

    def _next_address(self, question: Question, plan: engine.Plan) -> str:
        if question.page >= len(plan.pages):
            return ""
        return self.bases[self.animal.ask.role] + self.place_url(question, question.page + 1)

    # ---- the results page

    def items(self, plan: engine.Plan, page: int) -> list[Item]:
        """The hits of one page as they will be shown."""
        a, rng = self.animal, self.animal.rng("marks")
        tag = rng.choice(("", "b", "strong", "mark", "em"))
        marked_titles = rng.random() < 0.4
        shown = plan.pages[page - 1] if page <= len(plan.pages) else []
        if a.pager.family in turning.GROWING:
            shown = [pair for part in plan.pages[:page] for pair in part]
        if not plan.hits and plan.filler:
            shown = list(enumerate(plan.filler, 1))
        return self._as_items(shown, plan.query, tag, marked_titles)

    def _as_items(self, shown: list[tuple[int, Doc]], query: str, tag: str, marked_titles: bool) -> list[Item]:
        a = self.animal
        return [
            Item(
                rank, self.href(doc, rank), self.url(doc), pages.highlight(doc.title, query, tag if marked_titles else ""),
                pages.snippet(doc, query, a.snippet, tag), doc.date, doc.kind, doc.section, 12 + doc.number,
            )
            for rank, doc in shown
        ]  # fmt: skip

    def place_url(self, question: Question, page: int) -> str:
        """The address of another page of the same results (link families only)."""
        a, ask, pager = self.animal, self.animal.ask, self.animal.pager
        path = self._results_path(question.query)
        field = "terms" if a.look == "aspnet2008" and ask.redirect else ask.field
        asked = {} if "{q}" in ask.redirect else {field: question.query}
        fields = {} if pager.family == "session" else asked | question.carry
        if pager.family in turning.LINKS:
            plan = self.plan(question.query, question.options)
            place = turning.Asked(
                path, fields, question.query, pager.param, pager.size, page, len(plan.pages), engine.letters(plan)
            )
            return place.with_fields(*turning.LINKS[pager.family](place), ask.charset)
        if page > 1 and pager.family in ("path", "path-number"):
            path = f"{path.rstrip('/')}/page/{page}/" if pager.family == "path" else f"{path.rstrip('/')}/{page}"
        fields |= paging.place(pager.family, pager.param, question.options.size or pager.size, page)
        return f"{path}?{urlencode(fields, encoding=ask.charset)}" if fields or "{q}" not in ask.redirect else path

    def _results_page(self, question: Question, plan: engine.Plan) -> str:
        a, page = self.animal, question.page
        rng = a.rng("results")
        state = f"dDw{a.seed}{next(self._serial)}"
        if a.pager.family.startswith("postback"):
            self._viewstates[state] = question
        form = self._form(question.query)
        heading = rng.choice(HEADINGS if form else ANY_QUERY_ECHO).format(q=escape(question.query))
        around = [EXTRAS[x](self._around(question.query, plan.hits, a.seed, page)) for x in a.extras]
        items = self.items(plan, page)
        listed = KINDS[a.list](items) if items or "empty-list" in a.quirks else ""
        if "best-bets" in a.quirks and plan.hits and page == 1:
            listed = self._best_bets(question.query, plan) + listed
        if "onclick-counter" in a.quirks:
            for item in items:
                listed = listed.replace(
                    f'href="{item.h}"',
                    f'href="{item.h}" onclick="return hit(this,\'/count?n={item.rank}\')" ping="/ping?n={item.rank}"',
                )
        if "raw-hit-ampersands" in a.quirks:
            listed = listed.replace("&amp;", "&")
        if "entity-hrefs" in a.quirks:
            for item in items:
                coded = "".join(
                    f"&#{ord(c)};" if c in "/:." else f"&#x{ord(c):X};" if c == "-" else c for c in item.href
                )
                listed = listed.replace(f'href="{item.h}"', f'href="{coded}"')
        if "data-live" in a.quirks:
            for item in items:
                listed = listed.replace(f'href="{item.h}"', f'href="{item.h}" data-live-url="{escape(item.url)}"')
        total = engine.total_line(a, plan, page, a.pager.family in turning.GROWING)
        if not plan.hits and not plan.note and page == 1:
            total = engine.zero_text(a, question.query)
        elif plan.hits and not items:
            total = ""
        pager, head = self._pager(question, plan, state)
        last_words = f"<p>{a.pager.cap_says}</p>" if a.pager.cap_says and self._at_cap(plan, page) else ""
        title = "Search"
        if engine.said_in_title(a) and items and plan.hits:
            title, total = unescape(total), ""
        line = (
            total if total.startswith(("<h", "<p", "<d", "<t")) else f'<p class="summary">{total}</p>' if total else ""
        )
        above, below = (line, "") if "total-below" not in a.quirks else ("", line)
        twice = pager if "pager-twice" in a.quirks else ""
        before, after = [x[0] for x in around], [x[1] for x in around]
        main = "".join(
            [f"<h2>{heading}</h2>", *before, above, plan.note, twice, listed, below, pager, last_words, *after]
        )
        return pages.page(
            a, title, main, form=form, aside="".join(x[2] for x in around), head=head + self._base_tag(),
            self_path=self._results_path(question.query), viewstate=state,
        )  # fmt: skip

    def _best_bets(self, query: str, plan: engine.Plan) -> str:
        """Editors' choices in the very markup of the hits, under a heading of their own."""
        matching = {d.number for d in plan.hits}
        others = [d for d in self.docs[:-1] if d.number not in matching]
        first = len(query) * 3 % max(len(others) - 2, 1)
        chosen = self._as_items([(n, d) for n, d in enumerate(others[first : first + 2], 1)], query, "", False)
        return f"<h3>Recommended by our editors</h3>{KINDS[self.animal.list](chosen)}<h3>All results</h3>"

    def _at_cap(self, plan: engine.Plan, page: int) -> bool:
        return bool(self.animal.pager.cap) and len(plan.hits) > self.animal.pager.cap and page == len(plan.pages)

    def _pager(self, question: Question, plan: engine.Plan, state: str) -> tuple[str, str]:
        a, pager, page, last = self.animal, self.animal.pager, question.page, len(plan.pages)
        if not plan.hits:
            return "", ""
        following = page + 1 if page < last or pager.end in ("clamp", "empty", "404") else 0
        if page >= last and pager.end == "loop":
            following = 1
        elif page >= last and pager.end == "self":
            following = page
        path = self._results_path(question.query)

        def url(n: int) -> str:
            target = self.place_url(question, n)
            return "?" + target.partition("?")[2] if "query-only-links" in a.quirks else target

        view = paging.View(
            page, last, plan.size, plan.stated, question.query, following, url, path,
            a.ask.field, pager.param, state, a.look != "aspnet2008",
        )  # fmt: skip
        head = (
            f'<link rel="next" href="{escape(self.place_url(question, following))}">'
            if pager.style == "head-link" and following
            else ""
        )
        drawn = turning.draw(pager.family, pager.style, view, engine.letters(plan))
        return drawn.replace("&amp;", "&") if "raw-ampersands" in a.quirks else drawn, head

    def _around(self, query: str, hits: list[Doc], variant: int, page: int) -> Around:
        matching = {d.number for d in hits}
        others = [d for d in self.docs[:-1] if d.number not in matching]
        ask = self.animal.ask
        return Around(query, self._results_path(query), ask.field, hits, others, self.href, variant, page)

    def _form(self, value: str) -> str:
        if self.animal.home in ("form", "action-stale") and self.animal.ask.form != "default-text":
            return pages.form_html(self.animal, self._action(), value, self._token())
        return ""
