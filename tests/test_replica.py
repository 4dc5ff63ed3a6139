"""The pretend sites carry the study's figures, page like the real platforms, and give nothing away."""

import io
import json
import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest
from lxml import etree, html

from replica import homes
from replica.answers import Answer, answers, expected, relevant_hits
from replica.chrome import vocabulary
from replica.corpus import documents
from replica.documents import render
from replica.exchange import Request
from replica.plan import GROUPS, plans
from replica.site import Site
from replica.texts import fillers, placed

ROOT = Path(__file__).parent.parent
SCALE = 0.15
BASE = 10_000 + os.getpid() % 700 * 30  # so that two test runs do not meet
NONSENSE = "qzxvjkwy"
CODES = list(plans())


# --- Figures ---------------------------------------------------------------------------------------------------


def test_the_published_totals_come_out_of_the_real_indexes() -> None:
    figures = expected(1.0)
    mentor = [site["group:mentor"] for site in figures.values()]
    coach = [site["group:coach"] for site in figures.values()]
    assert (sum(mentor), min(mentor), max(mentor)) == (5_933, 2, 2_490)
    assert (sum(coach), min(coach), max(coach)) == (11_231, 2, 3_080)


def test_each_site_holds_what_its_plan_says() -> None:
    figures = expected(1.0)
    for code, plan in plans().items():
        assert (figures[code]["group:mentor"], figures[code]["group:coach"]) == (plan.mentor, plan.coach), code


def test_the_relevant_hits_are_the_studys() -> None:
    found = relevant_hits(1.0)
    assert len(found["mentor"]) == 22
    assert len({code for code, _ in found["mentor"]}) == 16
    assert len(found["coach"]) == 3
    assert {code for code, _ in found["coach"]} == {"E10000016", "E10000023"}
    assert len(set(found["mentor"]) & set(found["coach"])) == 1


def test_named_mentions_are_where_the_study_found_them() -> None:
    named: dict[str, set[str]] = {}
    for code, site in answers(1.0).items():
        for answer in site.values():
            for mention in answer.key.mentions:
                named.setdefault(mention, set()).add(code)
    assert len(named["tda"]) == 16
    assert named["framework"] == {"E08000012", "E10000032"}
    assert "tda-extranet" not in named


def test_each_named_mention_can_be_found_by_its_query() -> None:
    found: dict[str, set[str]] = {"tda": set(), "framework": set()}
    for code, site in answers(1.0).items():
        for answer in site.values():
            for mention in found.keys() & set(answer.key.mentions) & set(answer.groups):
                found[mention].add(code)
    assert len(found["tda"]) == 16
    assert found["framework"] == {"E08000012", "E10000032"}


def test_a_smaller_scale_keeps_every_relevant_hit() -> None:
    assert {k: len(v) for k, v in relevant_hits(0.02).items()} == {k: len(v) for k, v in relevant_hits(1.0).items()}
    assert sum(len(site) for site in answers(0.02).values()) < 1_500


def test_the_index_agrees_with_a_plain_reading_of_the_pages() -> None:
    rules: dict[str, Callable[[str], str]] = {
        "exact": lambda word: rf"(?<![^\W_]){word}(?![^\W_])",
        "substring": lambda word: word,
    }
    checked = 0
    for code, plan in plans().items():
        if plan.match == "stem":
            continue
        for word in ("mentor", "mentoring", "coach", "coaching", "tda", "extranet"):
            pattern = re.compile(rules[plan.match](word), re.IGNORECASE)
            count = sum(bool(pattern.search(f"{page.title} {page.text}")) for page in documents(code, 0.1))
            assert count == expected(0.1)[code]["TDA" if word == "tda" else word], (code, word)
            checked += count
    assert checked > 1_000


# --- Nothing is given away -------------------------------------------------------------------------------------


def test_no_address_says_what_a_page_is() -> None:
    telling = re.compile(
        r"mentor|coach|relevan|ambig|negativ|study|filler|placed|topic|extranet|sport|\bt\d{4}\b", re.I
    )
    for code, site in answers(1.0).items():
        for path in site:
            assert not telling.search(path.replace("/topics/", "/")), (code, path)


def test_placed_and_filler_pages_look_alike() -> None:
    """Same tags and classes; numbers drawn from the same urn; no identifier of a text in any page."""
    for code in CODES[::5]:
        site = Site(code, homes(BASE)[code], SCALE)
        shapes: dict[bool, set[str]] = {True: set(), False: set()}
        numbers: dict[bool, list[int]] = {True: [], False: []}
        for page in site.documents:
            if page.state != "ok" or page.format != "html":
                continue
            body = site.respond(Request("GET", page.path)).body.decode(site.plan.codec)
            mine = page.source.startswith("filler")
            shapes[mine].update(re.findall(r"<[a-zA-Z0-9]+(?: class=\"[^\"]*\")?", body))
            numbers[mine].append(page.number)
            assert not re.search(r"\bt\d{4}\b|filler|placed", body)
        assert shapes[False] <= shapes[True]
        low, high = min(numbers[True]), max(numbers[True])
        assert all(low - 30_000 < number < high + 30_000 for number in numbers[False])


def test_no_two_sites_share_their_class_names() -> None:
    sets = {tuple(sorted(vocabulary(plan).items())) for plan in plans().values()}
    assert len(sets) == len(CODES)


def test_filler_never_mixes_the_groups_and_council_prose_matches_neither() -> None:
    for row in fillers():
        words = row.text.lower()
        assert not ("mentor" in words and "coach" in words), row.text
        if row.topic == "council":
            assert not re.search(r"mentor|coach|\btda\b|extranet", words), row.text


def test_no_eight_words_recur_in_the_filler_banks() -> None:
    seen: set[tuple[str, ...]] = set()
    for row in fillers():
        words = re.findall(r"[\w{}'-]+", row.text.lower())
        for start in range(len(words) - 7):
            window = tuple(words[start : start + 8])
            assert window not in seen, window
            seen.add(window)


def test_no_two_pages_have_the_same_text() -> None:
    texts = Counter((page.title, page.text) for code in CODES for page in documents(code))
    assert max(texts.values()) == 1


def test_mishaps_befall_filler_only_and_as_often_as_planned() -> None:
    for code, plan in plans().items():
        states = Counter(page.state for page in documents(code) if page.state != "ok")
        assert states == Counter(
            {k: v for k, v in (("redirect", plan.redirects), ("dead", plan.dead), ("soft", plan.soft)) if v}
        )
        assert all(page.source.startswith("filler") for page in documents(code) if page.state != "ok")


# --- The same every time ---------------------------------------------------------------------------------------

_DIGEST = """
import hashlib
from replica.exchange import Request
from replica.site import Site
total = hashlib.sha256()
for code in ("E10000032", "E08000012", "E10000004"):
    site = Site(code, "http://127.0.0.1:1/", 0.1)
    for page in site.documents:
        total.update(site.respond(Request("GET", page.path)).body)
print(total.hexdigest())
"""


def test_every_run_serves_the_same_bytes() -> None:
    digests = {
        subprocess.run(
            [sys.executable, "-c", _DIGEST],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(digests) == 1


# --- Over real HTTP --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def served() -> Iterator[dict[str, str]]:
    """Code -> home of the thirty sites, served by one process."""
    command = [sys.executable, "-m", "replica", "--base-port", str(BASE), "--scale", str(SCALE)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        ready = json.loads(process.stdout.readline())
        assert ready["ready"]
        yield ready["homes"]
        process.terminate()
        assert process.wait(10) == 0


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: object) -> None:
        return None


def _get(address: str, fields: dict[str, str] | None = None, follow: bool = True) -> tuple[int, bytes, str]:
    """Status, body and final address; a POST when `fields` are given."""
    opener = urllib.request.build_opener(*([] if follow else [_NoRedirect]))
    sent = urllib.parse.urlencode(fields).encode() if fields is not None else None
    try:
        with opener.open(address, sent, timeout=10) as answer:
            return answer.status, answer.read(), answer.url
    except urllib.error.HTTPError as error:
        return error.code, error.read(), address


class Walker:
    """Reads one site's search with as little knowledge as will do: the form's field, and what 'next' looks like."""

    def __init__(self, code: str, home: str) -> None:
        self.plan = plans()[code]
        self.home = home
        self.key = answers(SCALE)[code]
        self.furniture = self._links(self._ask(NONSENSE)[1]) if self.plan.dialect not in {"json", "gsaxml"} else set()

    def collect(self, query: str) -> list[str]:
        """Listed addresses of all pages, in order, page by page until the end."""
        found: list[str] = []
        address, body = self._ask(query)
        for _ in range(400):
            hits = self._hits(body)
            if not hits or set(hits) <= set(found):
                return found
            found += hits
            following = self._next(address, body)
            if following is None:
                return found
            address, body = following
        raise AssertionError("paging never ends")

    def form(self) -> tuple[etree._Element, str]:
        inner = {"redirect": "Pages/default.aspx", "frames": "top.htm", "refresh": "home.htm"}.get(self.plan.home, "")
        start = "search-this-site.htm" if self.plan.search_on == "page" else inner
        tree = self._tree(_get(self.home + start)[1])
        names = r"^(q|qt|s|k|terms|keys|query|words|queryText|searchterm|search|search_keywords|searchtext|searchQuery|Query|criteria|"
        names += r"SearchableText|CiRestriction|queries_\w+_query|ctl00\$Search\$txtFor)$"
        for form in tree.iter("form"):
            for field in form.iter("input"):
                if field.get("type") == "text" and re.match(names, field.get("name", "")):
                    return form, field.get("name", "")
        raise AssertionError(f"no search form at {self.home}{start}")

    def _ask(self, query: str) -> tuple[str, bytes]:
        form, name = self.form()
        fields = _fields(form) | {name: query}
        for button in form.xpath('.//input[@type="submit"][@name]')[:1]:
            fields[button.get("name")] = button.get("value", "")
        return self._submit(form, fields, self.home)

    def _submit(self, form: etree._Element, fields: dict[str, str], page: str) -> tuple[str, bytes]:
        action = urllib.parse.urljoin(page, form.get("action", ""))
        if form.get("method", "get").lower() == "post":
            _, body, address = _get(action, fields)
        else:
            _, body, address = _get(f"{action}?{urllib.parse.urlencode(fields)}")
        return address, body

    def _tree(self, body: bytes) -> etree._Element:
        return html.fromstring(body.decode(self.plan.codec))

    def _links(self, body: bytes) -> set[str]:
        return set(self._listed(body))

    def _listed(self, body: bytes) -> list[str]:
        tree = self._tree(body)
        base = next(iter(tree.xpath("//base/@href")), self.home)
        links = [link.get("data-live-url") or link.get("href", "") for link in tree.iter("a")]
        paths = ["/" + urllib.parse.urljoin(base, link).removeprefix(self.home) for link in links]
        return list(dict.fromkeys(path for path in paths if path in self.key))

    def _hits(self, body: bytes) -> list[str]:
        if self.plan.dialect == "json":
            return [row["url"] for row in json.loads(body)["results"]]
        if self.plan.dialect == "gsaxml":
            return ["/" + str(link.text).removeprefix(self.home) for link in etree.fromstring(body).iter("U")]
        return [path for path in self._listed(body) if path not in self.furniture]

    def _next(self, address: str, body: bytes) -> tuple[str, bytes] | None:
        if self.plan.dialect == "json":
            link = json.loads(body)["next"]
        elif self.plan.dialect == "gsaxml":
            link = next((node.text for node in etree.fromstring(body).iter("NU")), None)
        else:
            tree = self._tree(body)
            match self.plan.dialect:
                case "buttons" | "indexserver":
                    return self._press(tree, address)
                case "postback":
                    return self._post_back(tree, address)
                case "cards":
                    here = int(urllib.parse.parse_qs(urllib.parse.urlsplit(address).query).get("p", ["1"])[0])
                    link = next(iter(tree.xpath(f'//a[text()="{here + 1}"]/@href')), None)
                case _:
                    link = next((a.get("href") for a in tree.iter("a") if _is_next(a)), None)
        if link is None:
            return None
        address = urllib.parse.urljoin(address, link)
        return address, _get(address)[1]

    def _press(self, tree: etree._Element, address: str) -> tuple[str, bytes] | None:
        for button in tree.xpath('//input[@type="submit"][starts-with(@value, "Next ")]'):
            form = next(button.iterancestors("form"))
            named = {button.get("name"): button.get("value")} if button.get("name") else {}
            return self._submit(form, _fields(form) | named, address)
        return None

    def _post_back(self, tree: etree._Element, address: str) -> tuple[str, bytes] | None:
        here = tree.xpath('//tr[@class="grdPager"]//td[span]')
        following = here[0].xpath("following-sibling::td[1]/a/@href") if here else []
        if not following:
            return None
        target, argument = re.findall(r"'([^']*)'", following[0])
        form = tree.xpath('//form[@id="aspnetForm"][.//input[@name="__VIEWSTATE"]]')[-1]
        return self._submit(form, _fields(form) | {"__EVENTTARGET": target, "__EVENTARGUMENT": argument}, address)


def _fields(form: etree._Element) -> dict[str, str]:
    return {
        field.get("name"): field.get("value", "")
        for field in form.iter("input")
        if field.get("name") and field.get("type") not in {"submit", "checkbox"}
    }


def _is_next(link: etree._Element) -> bool:
    words = " ".join([*link.itertext(), *link.xpath(".//img/@alt")]).strip()
    return bool(re.fullmatch(r"\[?next( page| \d+( items)?)?\]?( ?(>+|»|›))?|>|more records", words, re.IGNORECASE))


@pytest.mark.parametrize("code", CODES, ids=[f"{plan.name}-{plan.dialect}" for plan in plans().values()])
def test_every_search_pages_to_its_total(served: dict[str, str], code: str) -> None:
    walker = Walker(code, served[code])
    figures = expected(SCALE)[code]
    for query in ("coach", "mentoring", *GROUPS["framework"]):
        found = walker.collect(query)
        assert len(found) == len(set(found)) == figures[query], query
    assert walker.collect(NONSENSE) == []


def test_at_least_twelve_dialects_and_every_paging_family() -> None:
    assert len({plan.dialect for plan in plans().values()}) >= 12


@pytest.mark.parametrize("code", CODES)
def test_pages_answer_as_their_state_says(served: dict[str, str], code: str) -> None:
    for path, answer in _one_of_each(answers(SCALE)[code]):
        status, body, address = _get(served[code] + path[1:], follow=False)
        assert status == {"ok": 200, "soft": 200, "dead": 404}.get(answer.state, 301 if answer.listed else 200)
        if answer.state == "redirect" and answer.listed:
            status, body, address = _get(served[code] + path[1:])
            moved = answers(SCALE)[code]["/" + address.removeprefix(served[code])]
            assert (status, moved.listed, moved.title) == (200, False, answer.title)
        if answer.state == "ok" and answer.format == "html":
            text = body.decode(plans()[code].codec)
            assert answer.title in re.sub(r"\s+", " ", html.fromstring(text).text_content())


def _one_of_each(site: object) -> list[tuple[str, Answer]]:
    assert isinstance(site, dict)
    chosen: dict[tuple[str, bool, str], tuple[str, Answer]] = {}
    for path, answer in site.items():
        chosen.setdefault((answer.state, answer.listed, answer.format), (path, answer))
    return list(chosen.values())


def test_a_post_back_without_the_pages_own_state_is_refused(served: dict[str, str]) -> None:
    code = next(code for code, plan in plans().items() if plan.dialect == "postback")
    walker = Walker(code, served[code])
    form, name = walker.form()
    good = _fields(form) | {name: "coach", "ctl00$Search$btnGo": "Search"}
    address = served[code] + "search/default.aspx"
    status, body, _ = _get(address, good)
    assert status == 200
    results = html.fromstring(body).xpath('//form[@id="aspnetForm"]')[-1]
    turn = _fields(results) | {"__EVENTTARGET": "ctl00$Main$gvResults", "__EVENTARGUMENT": "Page$2"}
    assert _get(address, turn)[0] == 200
    for broken in (
        {k: v for k, v in good.items() if k != "__VIEWSTATE"},
        {k: v for k, v in good.items() if k != "__EVENTVALIDATION"},
        turn | {"__VIEWSTATE": good["__VIEWSTATE"]},
        turn | {"__EVENTARGUMENT": "Page$99"},
    ):
        assert _get(address, broken)[0] == 500


def test_an_address_may_be_spelt_otherwise() -> None:
    """Crawlers sort query fields, add empty '=' and escape: a real server does not mind."""
    checked = 0
    for code in CODES:
        site = Site(code, homes(BASE)[code], 0.0)
        for page in site.documents[:20]:
            path, mark, query = page.path.partition("?")
            fields = sorted(urllib.parse.parse_qsl(query, keep_blank_values=True), reverse=True)
            other = urllib.parse.quote(path) + mark + urllib.parse.urlencode(fields)
            answer = site.respond(Request("GET", other))
            assert answer == site.respond(Request("GET", page.path))
            assert answer.status == 200
            checked += other != page.path
    assert checked > 20


@pytest.mark.parametrize("code", CODES)
def test_nonsense_requests_get_answers_not_tracebacks(code: str) -> None:
    site = Site(code, homes(BASE)[code], 0.0)
    entry, field = site.dialect.entry, site.dialect.field
    state = "WzEsMl0="
    for query in (
        f"{field}=",
        f"{field}=%FF%00%0D%0A&page=-9&start=999999999&p=x&pg=0&url=http://x/",
        f"{field}=coach&page=999999&st=0&Start=-5&startrow=0&b_start:int=-1&current_result_page=0&PageNo=-3&offset=-10",
        f"__VIEWSTATE={state}&__EVENTVALIDATION=%C3%A9&__EVENTTARGET=x&{field}=<script>",
    ):
        for request in (
            Request("GET", f"{entry}?{query}"),
            Request("POST", entry, {"content-type": "application/x-www-form-urlencoded"}, query.encode()),
        ):
            answer = site.respond(request)
            assert answer.status in {200, 302, 404, 500}
            assert b"<script>" not in answer.body or "html" not in answer.type


def test_eight_hundred_pages_a_second_fit_one_core() -> None:
    site = Site("E10000016", homes(BASE)["E10000016"], SCALE)
    paths = [page.path for page in site.documents if page.format != "pptx"][:400]
    start = time.process_time()
    for path in paths:
        site.respond(Request("GET", path))
    assert len(paths) / (time.process_time() - start) > 800


def test_an_estimate_becomes_exact_on_the_last_page(served: dict[str, str]) -> None:
    code = "E10000023"
    walker = Walker(code, served[code])
    total = expected(SCALE)[code]["coach"]
    claims = []
    address, body = walker._ask("coach")
    while True:
        claims.append(int(re.search(rb"of about <b>([\d,]+)</b>", body)[1].replace(b",", b"")))  # type: ignore[index]
        following = walker._next(address, body)
        if following is None:
            break
        address, body = following
    assert len(claims) > 1
    assert claims[0] != total
    assert claims[-1] == total


def test_robots_files_allow_every_search(served: dict[str, str]) -> None:
    from urllib.robotparser import RobotFileParser

    for code, home in served.items():
        status, body, _ = _get(home + "robots.txt")
        rules = RobotFileParser()
        rules.parse(body.decode().splitlines())
        assert status == 200
        assert b"Disallow: /" in body
        assert rules.crawl_delay("*") is None
        assert rules.can_fetch("*", Walker(code, home)._ask("coach")[0])


def test_windows_1252_pages_hold_bytes_that_only_windows_1252_has() -> None:
    special = 0
    for code, plan in plans().items():
        if plan.codec == "utf-8":
            continue
        site = Site(code, homes(BASE)[code], 0.0)
        for page in site.documents:
            if page.format == "html":
                body = site.respond(Request("GET", page.path)).body
                body.decode("windows-1252")
                special += bool(re.search(rb"[\x80-\x9f]", body))
    assert special > 0


def test_files_open_with_their_libraries() -> None:
    import pypdfium2
    from docx import Document
    from pptx import Presentation

    title, text = (
        "Tables – and “chairs”",
        "A first paragraph (with brackets) £5.\n\nA list:\n- one\n- two\n\n" + "Word. " * 900,
    )
    pdf = pypdfium2.PdfDocument(render("pdf", title, text))
    assert len(pdf) > 1
    assert "“chairs”" in pdf[0].get_textpage().get_text_range()
    assert "(with brackets) £5." in pdf[0].get_textpage().get_text_range()
    word = Document(io.BytesIO(render("docx", title, text)))
    assert [row.text for row in word.paragraphs][:2] == [title, "A first paragraph (with brackets) £5."]
    deck = Presentation(io.BytesIO(render("pptx", title, text)))
    shown = [shape.text_frame.text for slide in deck.slides for shape in slide.shapes if shape.has_text_frame]
    assert title in shown
    assert any("brackets" in row for row in shown)
    assert deck.core_properties.created == deck.core_properties.modified == datetime(2008, 7, 1, 9, 0)
    assert render("pptx", title, text) == render("pptx", title, text)


def test_placed_texts_have_neutral_names_and_known_authorities() -> None:
    assert len({text.id for text in placed()}) == len(placed())
    for text in placed():
        assert re.fullmatch(r"t\d{4}", text.id)
        assert text.authority in {"", *CODES}
