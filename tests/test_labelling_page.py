"""The labelling page as people meet it, in a real browser: by keys, by buttons, several at once, and with hostile texts."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from sqlalchemy import update

from crawler.warcfile import WarcFile
from labels.web.items import item
from study import record as r
from study.decisions import decisions
from study.record import Record
from tests import axe
from tests.labelling import CLAUSE, KENT, fill, labels, letters, passage, record_at, served, study_record
from tests.running import SmallSite
from tests.small_record import SmallCrawl

if TYPE_CHECKING:
    from playwright.sync_api import Browser
    from playwright.sync_api import Page as Tab

pytestmark = pytest.mark.services
NEVER = ("--retrain-every", "0")


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    with axe.browser() as started:
        yield started


@pytest.fixture
def away() -> Iterator[SmallSite]:
    """Another site, that hears of nothing."""
    site = SmallSite({})
    yield site
    site.close()


@pytest.fixture
def crawl(tmp_path: Path) -> Iterator[SmallCrawl]:
    with Record.open(record_at(tmp_path)) as record:
        yield study_record(record)


def arrive(browser: "Browser", link: str, **options: Any) -> "Tab":
    """Open a link as a person of their own would, and start."""
    options = {"viewport": {"width": 1440, "height": 900}, **options}
    tab = browser.new_context(**options).new_page()
    tab.set_default_timeout(15_000)
    tab.problems = []  # type: ignore[attr-defined]
    tab.on("pageerror", lambda problem: tab.problems.append(str(problem)))  # type: ignore[attr-defined]
    tab.on("dialog", lambda dialog: (tab.problems.append("dialog"), dialog.dismiss()))  # type: ignore[attr-defined]
    tab.goto(link)
    with tab.expect_navigation(url="**/read"):
        tab.click("text=Start")
    return tab


def press(tab: "Tab", *keys: str) -> None:
    """Press keys; the last one leads to another page."""
    for key in keys[:-1]:
        tab.keyboard.press(key)
    with tab.expect_navigation():
        tab.keyboard.press(keys[-1])


def title(tab: "Tab") -> str:
    return tab.inner_text("h1")


def shown(number: int) -> str:
    return f"Page {letters(number)}"


def test_everything_can_be_said_by_single_keys_and_is_saved_at_once(
    browser: "Browser", crawl: SmallCrawl, tmp_path: Path
) -> None:
    kept = fill(crawl, 6)
    with served(record_at(tmp_path), "--annotator", "heron", *NEVER) as page:
        tab = arrive(browser, page.links["heron"])
        assert title(tab) == shown(0)
        assert tab.inner_text("#text mark.keyword") == "mentor"
        assert tab.inner_text("#text mark.evidence >> nth=0").startswith("Each new teacher")
        press(tab, "b", "q", "f", "l", ",", "1")
        assert "Saved as relevant" in tab.inner_text("[role=status]")
        assert title(tab) == shown(1)
        press(tab, "4", "9", "x", "0")
        tab.keyboard.press("n")
        tab.keyboard.type("10 us, z")  # no keys while writing
        tab.keyboard.press("Escape")
        press(tab, "u")
        press(tab, "s")
        assert title(tab) == shown(4)
        assert tab.locator(".earlier li").count() == 4
        rows = labels(crawl.record)
        assert [(row.text_hash, row.decision) for row in rows] == list(
            zip(kept[:4], ["relevant", "off-topic", "ambiguous", "skip"], strict=True)
        )
        first = rows[0]
        assert (first.relation, first.approaches, first.depth, first.flags) == (
            "both",
            ["strategy", "induction"],
            "brief",
            ["corporate"],
        )
        assert (rows[1].topics, rows[1].relation, rows[1].depth) == (["youth-mentor", "other"], "none", None)
        assert rows[2].note == "10 us, z"
        assert {(row.annotator, row.role, row.source, row.score_shown) for row in rows} == {
            ("heron", "annotator", "uncertain", False)
        }
        assert all(0 < row.seconds < 60 for row in rows)
        assert (first.authority, first.url) == (KENT, crawl.home(KENT) + "page0.html")
        assert tab.problems == []  # type: ignore[attr-defined]


def test_what_the_words_say_is_chosen_beforehand_and_nothing_else(
    browser: "Browser", crawl: SmallCrawl, tmp_path: Path
) -> None:
    fill(crawl, 1)
    bus = f"{passage(7)} A coach took year six to the museum."
    crawl.fetched(KENT, "bus.html", bus, relevance="ambiguous", probability=0.1, evidence=[CLAUSE])
    with served(record_at(tmp_path), "--annotator", "heron", *NEVER) as page:
        tab = arrive(browser, page.links["heron"])
        chosen = tab.eval_on_selector_all("input:checked", "all => all.map(one => one.value)")
        assert chosen == ["mentoring"]
        tab.keyboard.press("m")
        assert tab.eval_on_selector_all("input:checked", "all => all.length") == 0
        tab.keyboard.press("0")
        tab.get_by_text("museum").wait_for()
        assert tab.eval_on_selector_all("input:checked", "all => all.length") == 0, "both words stand there"


def test_the_page_works_without_javascript_by_its_buttons(
    browser: "Browser", crawl: SmallCrawl, tmp_path: Path
) -> None:
    kept = fill(crawl, 3)
    with served(record_at(tmp_path), "--annotator", "heron", *NEVER) as page:
        tab = arrive(browser, page.links["heron"], java_script_enabled=False)
        tab.locator("label", has_text="Trainee teachers").click()
        tab.get_by_label("Note").fill("by hand")
        tab.get_by_role("button", name="Relevant").click()
        assert title(tab) == shown(1)
        tab.get_by_role("button", name="Undo").click()
        assert title(tab) == shown(0)
        assert tab.get_by_label("Trainee teachers").is_checked()
        tab.get_by_role("button", name="Off-topic").click()
        assert "has no approaches" in tab.inner_text("[role=alert]")
        tab.locator("label", has_text="Trainee teachers").click()
        tab.get_by_role("button", name="Off-topic").click()
        said = [(row.decision, row.approaches, row.note) for row in labels(crawl.record) if row.text_hash == kept[0]]
        assert said == [("relevant", ["itt"], "by hand"), ("undone", ["itt"], "by hand"), ("off-topic", [], "by hand")]


def test_the_keyboard_alone_reaches_everything_and_enter_decides_nothing(
    browser: "Browser", crawl: SmallCrawl, tmp_path: Path
) -> None:
    fill(crawl, 2)
    with served(record_at(tmp_path), "--annotator", "heron", "--annotator", "wren", *NEVER) as page:
        coming = browser.new_context().new_page()
        coming.goto(page.links["wren"])
        coming.wait_for_function("document.activeElement.tagName === 'BUTTON'")  # focus comes with the first picture
        with coming.expect_navigation(url="**/read"):
            coming.keyboard.press("Enter")  # the name is given: Start has the focus
        tab = arrive(browser, page.links["heron"])
        assert tab.evaluate("document.activeElement.id") == "text"  # arrows and space scroll the text at once
        reached = set()
        for _ in range(80):
            tab.keyboard.press("Tab")
            reached.add(tab.evaluate("document.activeElement.value || document.activeElement.textContent.trim()"))
        assert {
            "relevant",
            "off-topic",
            "ambiguous",
            "skip",
            "mentoring",
            "youth-mentor",
            "peer",
            "corporate",
        } <= reached
        tab.get_by_label("Trainee teachers").focus()
        tab.keyboard.press("Space")
        tab.keyboard.press("Enter")
        tab.wait_for_timeout(300)
        assert labels(crawl.record) == []
        tab.get_by_role("button", name="Relevant").focus()
        with tab.expect_navigation():
            tab.keyboard.press("Enter")
        assert labels(crawl.record)[0].approaches == ["itt"]


def test_single_keys_can_be_turned_off_for_screen_readers(
    browser: "Browser", crawl: SmallCrawl, tmp_path: Path
) -> None:
    fill(crawl, 2)
    with served(record_at(tmp_path), "--annotator", "heron", *NEVER) as page:
        tab = arrive(browser, page.links["heron"])
        tab.keyboard.press("?")
        assert tab.evaluate("document.activeElement.id") == "help"
        tab.check("#keys-off")
        tab.reload()
        tab.keyboard.press("1")
        tab.wait_for_timeout(300)
        assert labels(crawl.record) == []
        assert tab.is_checked("#keys-off")


def test_two_annotators_at_once_hold_different_texts_and_see_nothing_of_each_other(
    browser: "Browser", crawl: SmallCrawl, tmp_path: Path
) -> None:
    kept = fill(crawl, 6)
    arguments = ("--annotator", "heron", "--annotator", "wren", "--overlap", "1")
    with served(record_at(tmp_path), *arguments, *NEVER) as page:
        heron, wren = (arrive(browser, page.links[name]) for name in ("heron", "wren"))
        assert title(heron) == title(wren) == shown(0)  # both read all, each for themselves
        heron.keyboard.press("n")
        heron.keyboard.type("a secret remark")
        heron.keyboard.press("Escape")
        press(heron, "1")
        wren.reload()
        assert title(wren) == shown(0)
        for secret in ("heron", "secret", "Relevant\n", "0.4", "uncertain"):
            assert secret not in wren.inner_text("main article") + wren.inner_text(".earlier") + wren.inner_text(
                "header.top"
            )
        press(wren, "0")
        press(wren, "1")
        assert [(row.annotator, row.text_hash) for row in labels(crawl.record)] == [
            ("heron", kept[0]), ("wren", kept[0]), ("wren", kept[1]),
        ]  # fmt: skip
        assert decisions(crawl.record, "nfer-2008")[kept[0]].disputed


def test_without_overlap_no_text_is_read_twice(browser: "Browser", crawl: SmallCrawl, tmp_path: Path) -> None:
    fill(crawl, 8)
    arguments = ("--annotator", "heron", "--annotator", "wren", "--overlap", "0")
    with served(record_at(tmp_path), *arguments, *NEVER) as page:
        tabs = [arrive(browser, page.links[name]) for name in ("heron", "wren")]
        for turn in range(8):
            press(tabs[turn % 2], "0")
        assert {row.annotator for row in labels(crawl.record)} == {"heron", "wren"}
        assert len({row.text_hash for row in labels(crawl.record)}) == 8
        assert "Nothing is left for you" in title(tabs[0])


def test_undo_and_the_last_ten_change_minds_without_losing_a_word(
    browser: "Browser", crawl: SmallCrawl, tmp_path: Path
) -> None:
    kept = fill(crawl, 14)
    with served(record_at(tmp_path), "--annotator", "heron", *NEVER) as page:
        tab = arrive(browser, page.links["heron"])
        assert tab.is_disabled("text=Undo")
        for _ in range(11):
            press(tab, "0")
        assert tab.locator(".earlier li").count() == 10
        press(tab, "2", "0")
        press(tab, "z")
        assert title(tab) == shown(11)
        assert tab.get_by_label("Learning mentors").is_checked()  # what was said stands there to be corrected
        press(tab, "2", "1")
        press(tab, "z")
        press(tab, "z")  # back to the one before
        assert title(tab) == shown(10)
        press(tab, "u")
        with tab.expect_navigation():
            tab.click(".earlier li >> nth=3 >> a")
        assert "decided this one before" in tab.inner_text(".changing")
        earlier = title(tab)
        press(tab, "1")
        number = next(n for n in range(14) if shown(n) == earlier)
        rows = [row for row in labels(crawl.record) if row.text_hash == kept[number]]
        assert [row.decision for row in rows] == ["off-topic", "relevant"]
        assert rows[1].supersedes == rows[0].id
        history = [row.decision for row in labels(crawl.record) if row.text_hash == kept[11]]
        assert history == ["off-topic", "undone", "relevant", "undone"]
        assert decisions(crawl.record, "nfer-2008")[kept[10]].relevance == "ambiguous"
        press(tab, "z")
        assert decisions(crawl.record, "nfer-2008")[kept[number]].relevance == "off-topic"
        press(tab, "z")  # past the changed decision to the one before, not back to the change
        assert title(tab) == shown(10)
        assert decisions(crawl.record, "nfer-2008")[kept[number]].relevance == "off-topic"


def test_a_reload_in_the_middle_a_second_tab_and_a_double_click_save_once(
    browser: "Browser", crawl: SmallCrawl, tmp_path: Path
) -> None:
    kept = fill(crawl, 6)
    with served(record_at(tmp_path), "--annotator", "heron", *NEVER) as page:
        tab = arrive(browser, page.links["heron"])
        tab.reload()
        assert title(tab) == shown(0)
        second = tab.context.new_page()
        second.goto(tab.url)
        assert title(second) == shown(0)
        tab.locator("button.relevant").dblclick(no_wait_after=True)
        tab.wait_for_selector("[role=status] p")
        tab.wait_for_load_state()
        assert title(tab) == shown(1)
        assert len(labels(crawl.record)) == 1
        with second.expect_navigation():
            second.keyboard.press("0")  # the other tab still shows the first text: a change of mind, kept as one
        assert [(row.text_hash, row.decision) for row in labels(crawl.record)] == [
            (kept[0], "relevant"),
            (kept[0], "off-topic"),
        ]
        # The same form once more, as a reload of the answer or the back button sends it.
        form = tab.get_attribute("form[action='/decide'] input[name=form]", "value") or ""
        for decision in ("relevant", "off-topic"):
            tab.context.request.post(page.home + "decide", form={"form": form, "decision": decision}, max_redirects=0)
        assert [row.decision for row in labels(crawl.record) if row.text_hash == kept[1]] == ["relevant"]
        tab.goto(page.home + "read")
        assert title(tab) == shown(2)


def test_a_server_that_is_killed_and_started_again_goes_on_where_people_were(
    browser: "Browser", crawl: SmallCrawl, tmp_path: Path
) -> None:
    fill(crawl, 4)
    with served(record_at(tmp_path), "--annotator", "heron", *NEVER) as page:
        tab = arrive(browser, page.links["heron"])
        press(tab, "0")
        port = urlsplit(page.home).port or 0
        tab.keyboard.press("f")
        page.kill()
    with served(record_at(tmp_path), "--annotator", "heron", *NEVER, port=port):
        press(tab, "1")  # the page that was open is still good, and what was chosen on it
        assert [(row.decision, row.approaches) for row in labels(crawl.record)] == [
            ("off-topic", []),
            ("relevant", ["induction"]),
        ]
        assert title(tab) == shown(2)


def test_an_adjudicator_sees_both_and_settles_it_by_a_row_of_their_own(
    browser: "Browser", crawl: SmallCrawl, tmp_path: Path
) -> None:
    kept = fill(crawl, 3)
    with served(record_at(tmp_path), "--annotator", "heron", "--annotator", "wren", "--overlap", "1", *NEVER) as page:
        for name, keys, note in (("heron", "f1", "staff"), ("wren", "40", "not <b>staff</b>")):
            tab = arrive(browser, page.links[name])
            tab.keyboard.press("n")
            tab.keyboard.type(note)
            tab.keyboard.press("Escape")
            press(tab, *keys)
            press(tab, "0")
            assert tab.request.get(page.home + "adjudicate").status == 404
    with served(record_at(tmp_path), "--annotator", "owl", verb="adjudicate") as page:
        tab = arrive(browser, page.links["owl"])
        assert title(tab) == shown(0)
        said = tab.inner_text(".others")
        assert re.search(
            r"heron\s+Relevant.*induction.*staff.*wren\s+Off-topic.*youth-mentor.*not <b>staff</b>", said, re.DOTALL
        )
        assert axe.violations(tab) == []
        press(tab, "j", "1")
        assert "Nothing is left to settle" in title(tab)
        row = labels(crawl.record)[-1]
        assert (row.text_hash, row.annotator, row.role, row.decision, row.depth) == (
            kept[0],
            "owl",
            "adjudicator",
            "relevant",
            "main",
        )
        standing = decisions(crawl.record, "nfer-2008")[kept[0]]
        assert (standing.relevance, standing.disputed) == ("relevant", False)
        press(tab, "z")
        assert title(tab) == shown(0)
        assert decisions(crawl.record, "nfer-2008")[kept[0]].disputed
        assert [row.decision for row in labels(crawl.record)][-1] == "undone"


SCRIPT = "<script>document.title='owned'</script><img src=x onerror=alert(1)>\"'><svg onload=alert(2)>{{ 7*7 }}</textarea></mark>"
HOSTILE = {
    "script": f"{SCRIPT} Each new teacher is given a mentor. javascript:alert(3)",
    "right to left": "Each new teacher \u202egniteem sdnetta \u2066and\u2069 is given a mentor. \u05de\u05d5\u05e8\u05d4",
    "null bytes": "Each new\x00 teacher\x1b[2J is\x07 given a mentor.\ufeff",
    "one endless word": "mentor" + "x" * 30_000,
    "tall signs": "m" + "\u0301" * 2_000 + " Each new teacher is given a mentor.",
    "thirty thousand lines": "a\n" * 30_000 + "mentor",
    "huge": "Each new teacher is given a mentor. " + "word wor " * 555_555 + " The last mentor.",
}


def test_hostile_texts_are_shown_harmlessly(browser: "Browser", crawl: SmallCrawl, tmp_path: Path) -> None:
    for number, (name, text) in enumerate(HOSTILE.items()):
        crawl.fetched(
            KENT, f"hostile{number}?q={SCRIPT}", f"{text} {passage(number, 4)}", "ambiguous",
            title=f"{name} {SCRIPT}\u202e\x00", probability=0.5 - number / 100, evidence=[text[:60]],
        )  # fmt: skip
    with served(record_at(tmp_path), "--annotator", "heron", *NEVER) as page:
        tab = arrive(browser, page.links["heron"])
        asked: list[str] = []
        tab.on("request", lambda request: asked.append(request.url))
        for name in HOSTILE:
            tab.reload()
            assert title(tab).startswith(name)
            assert "owned" not in tab.title().split(" ")[0]
            assert tab.locator("main img, main svg, article script").count() == 0
            seen = tab.inner_text("#text")
            assert "mentor" in seen
            assert not re.search("[\x00-\x08\x0e-\x1f\u202e\u2066]", seen + title(tab))
            assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
            assert tab.locator("button.relevant").bounding_box()["y"] < 300  # type: ignore[index]
            if name == "script":
                assert SCRIPT in seen
                assert tab.locator("article header a[target=_blank]").first.get_attribute("href").startswith("http://")  # type: ignore[union-attr]
            if name == "huge":
                assert len(seen) < 60_000
                assert "characters left out here" in seen
                whole = tab.request.get(
                    page.home.rstrip("/") + (tab.get_attribute("text=The whole text", "href") or "")
                )
                assert whole.headers["content-type"] == "text/plain; charset=utf-8"
                assert len(whole.body()) > 4_900_000
            press(tab, "0")
        assert "Nothing is left" in title(tab)
        assert axe.violations(tab, ("light",)) == []
        assert tab.problems == []  # type: ignore[attr-defined]
        assert all(url.startswith(page.home) for url in asked)
        assert len(labels(crawl.record)) == len(HOSTILE)


BODY = """<html><head><title>Kept \xa3</title><meta http-equiv=refresh content="0;url=AWAY/refresh"><base href="AWAY/">
<script>parent.document.title='owned'; fetch('AWAY/fetched'); location='AWAY/script'</script><link rel=stylesheet href=AWAY/x.css></head>
<body onload=alert(1)><h1>As it was</h1><img src=AWAY/pixel.png><iframe src="AWAY/frame"></iframe><video src=AWAY/v poster=AWAY/p></video>
<style>@import "AWAY/import.css"; h1 { background: url(AWAY/background.png) }</style><object data=AWAY/object></object>
<form action="AWAY/form" method=post><input name=q autofocus><button>send</button></form><link rel=prefetch href=AWAY/prefetch>
<a href="AWAY/top" target=_top>lead away</a> <a href="AWAY/blank" target=_blank>and beside</a>
<a href="AWAY/self">and here</a></body></html>"""


def test_the_stored_copy_can_be_seen_and_can_do_nothing(
    browser: "Browser", crawl: SmallCrawl, tmp_path: Path, away: SmallSite
) -> None:
    fill(crawl, 1)
    body = BODY.replace("AWAY", away.url.rstrip("/")).encode("latin-1")
    with WarcFile(tmp_path / "warc", "test") as warc:
        place = warc.append("http://kent.example/", 200, {"Content-Type": "text/html"}, body, datetime.now(UTC))
        warc.sync()
    with crawl.record.begin() as db:
        db.execute(r.body.update().values(media_type="text/html; charset=iso-8859-1"))
        db.execute(update(r.capture).values(warc_file=place.file, warc_offset=place.offset, warc_length=place.length))
    with served(record_at(tmp_path), "--annotator", "heron", *NEVER) as page:
        tab = arrive(browser, page.links["heron"])
        with tab.context.expect_page() as opened:
            tab.keyboard.press("o")
        copy = opened.value
        frame = copy.frame_locator("iframe[title^='The page']")
        assert frame.locator("h1").inner_text() == "As it was"
        for name in ("lead away", "and beside", "and here"):
            frame.get_by_text(name).click(no_wait_after=True)
        copy.wait_for_timeout(300)
        copy.reload()
        frame.get_by_role("button", name="send").click(no_wait_after=True)
        copy.wait_for_timeout(700)
        assert copy.title().startswith("Stored copy")
        assert urlsplit(copy.url).path.startswith("/copy/")
        alone = copy.context.new_page()
        alone.goto(copy.url + "/as-sent")
        alone.wait_for_timeout(700)
        assert urlsplit(alone.url).path.endswith("/as-sent")
        assert alone.title() == "Kept £"
        assert alone.evaluate("origin") == "null"  # an origin of its own: our cookie is out of its reach
        assert away.paths() == []
        assert axe.violations(copy, ("light",)) == []


@pytest.mark.parametrize(
    "width", [1440, 1100, 640, 320]
)  # 1280 pixels at 200 % are 640; at 400 % 320 (WCAG 2.2, 1.4.10)
def test_axe_finds_nothing_and_nothing_is_cut_off_at_any_zoom(
    browser: "Browser", crawl: SmallCrawl, tmp_path: Path, width: int
) -> None:
    fill(crawl, 3)
    with served(record_at(tmp_path), "--annotator", "heron", *NEVER) as page:
        context = browser.new_context(viewport={"width": width, "height": 900 * width // 1440 + 240})
        tab = context.new_page()
        tab.goto(page.links["heron"])
        assert axe.violations(tab) == []
        with tab.expect_navigation(url="**/read"):
            tab.click("text=Start")
        press(tab, "0")
        assert axe.violations(tab) == []
        assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
        hidden = tab.evaluate(
            """() => [...document.querySelectorAll("button, a, input:not([type=hidden]), textarea, label, h1, h2, p")].filter(one => {
              const box = one.getBoundingClientRect();
              return !one.hidden && !one.matches(".jump") && (box.right > innerWidth + 1 || box.left < -1 || box.width < 1);
            }).map(one => one.outerHTML)"""
        )
        assert hidden == []
        tab.locator("button.off-topic").scroll_into_view_if_needed()
        with tab.expect_navigation():
            tab.click("button.off-topic")
        press(tab, "0")
        assert "Nothing is left" in title(tab)
        assert axe.violations(tab) == []
    assert len(labels(crawl.record)) == 3


def test_buttons_stay_where_they_are_whatever_the_text(browser: "Browser", crawl: SmallCrawl, tmp_path: Path) -> None:
    for number, words in enumerate((4, 400, 40)):
        crawl.fetched(KENT, f"p{number}", passage(number, words), "ambiguous", probability=0.5 - number / 100)
    with served(record_at(tmp_path), "--annotator", "heron", *NEVER) as page:
        tab = arrive(browser, page.links["heron"])
        places = []
        for _ in range(3):
            places.append(
                [
                    tab.locator(f"button.{name}").bounding_box()
                    for name in ("relevant", "off-topic", "ambiguous", "skip")
                ]
            )
            press(tab, "0")
        assert places[0] == places[1] == places[2]


def test_the_address_is_the_one_the_page_was_asked_for_by(crawl: SmallCrawl) -> None:
    kept = crawl.fetched(KENT, "page?OpenDocument=", passage(1), "ambiguous")
    with crawl.record.begin() as db:
        db.execute(update(r.capture).values(url=crawl.home(KENT) + "page?OpenDocument"))
    shown = item(crawl.record, crawl.protocol, crawl.id, kept)
    assert shown is not None
    assert shown.url == shown.link == crawl.home(KENT) + "page?OpenDocument"
