"""Searches whose results exist only after scripts ran, read in Chromium: found, paged, bounded and guarded."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest
from scrapy.exceptions import DownloadFailedError, DownloadTimeoutError
from sqlalchemy import select, update

from crawler.asking import SearchFunction, State, conclude, find_search, read_search
from crawler.browser import Browser
from crawler.guard import allowed_pairs
from crawler.middlewares import RefusedAddress
from crawler.rendering import chromium
from crawler.tab import Limits
from crawler.web import Ask, Page
from study import record as r
from study.record import Record
from tests.running import Answer, SmallSite, mentorwatch
from tests.scripted_sites import STYLES, api, fragment, react

PAGES = {
    f"/page/{number}": (
        f"Mentoring page {number}",
        f"Mentor support number {number} for newly qualified teachers in the schools of Small Borough.",
    )
    for number in range(1, 24)
}
AGENT = "mentorwatch/test (research crawler; test@example.org)"
QUICK = Limits(load=6, settle=3, quiet=0.25, step=1.0)


@pytest.fixture
def serve():
    made = []

    def make(answers):
        made.append(SmallSite(answers))
        return made[-1]

    yield make
    for each in made:
        each.close()


async def anywhere(url: str) -> None:
    """robots.txt of a site that has none."""


def browser(*sites, limits=QUICK):
    return Browser(chromium(), AGENT, allowed_pairs([site.allow for site in sites]), anywhere, limits)


def fetching(rendering):
    async def fetch(ask: Ask) -> Page:
        shown = await rendering.render(ask)
        return Page(ask, shown.url, shown.status, shown.headers["content-type"], shown.body, shown.headers)

    return fetch


def in_browser(work, *sites, limits=QUICK):
    """Run ``work(browser)``; the browser is closed whatever happens."""

    async def run():
        rendering = browser(*sites, limits=limits)
        try:
            return await work(rendering), rendering
        finally:
            await rendering.close()

    return asyncio.run(run())


@pytest.mark.services
@pytest.mark.parametrize("style", STYLES)
def test_results_drawn_by_scripts_are_found_read_to_the_stated_total_and_gone_on_with(serve, style):
    site = serve(STYLES[style](PAGES))

    async def work(rendering):
        fetch = fetching(rendering)
        function = await find_search(fetch, site.url, rendered=True)
        assert function.found, function.reason
        readings = [reading async for reading in read_search(fetch, function, "mentor")]
        nothing = [reading async for reading in read_search(fetch, function, "zebra crossing")]
        return function, readings, nothing

    (function, readings, nothing), rendering = in_browser(work, site)
    state = readings[-1].state
    assert (conclude(state)[0], state.reported_total, state.collected, state.pages) == ("complete", 23, 23, 3)
    hits = [hit for reading in readings for hit in reading.hits]
    assert [urlsplit(hit.url).path for hit in hits] == list(PAGES)
    assert [hit.rank for hit in hits] == list(range(1, 24))
    assert (conclude(nothing[-1].state)[0], nothing[-1].state.collected) == ("complete", 0)
    assert function.spec.rendered
    told = {"fragment": "#?cludoquery={searchTerms}", "react": "?term={searchTerms}"}
    assert told.get(style, "") in function.spec.url
    assert {asked.agent for asked in site.asked} == {AGENT}

    # The same again as if the first process had been killed after its first page: from what the record keeps of it.
    kept = json.loads(json.dumps([function.to_json(), readings[0].state.to_json()]))
    seen = {hit.canonical for hit in readings[0].hits}

    async def go_on(rendering):
        again, state = SearchFunction.from_json(kept[0]), State.from_json(kept[1])
        reading_on = read_search(fetching(rendering), again, "mentor", state=state, seen=seen)
        return [reading async for reading in reading_on]

    later, _ = in_browser(go_on, site)
    assert [hit.rank for reading in later for hit in reading.hits] == list(range(11, 24))
    assert conclude(later[-1].state)[0] == "complete"
    assert rendering.counts["refused"] == 0


@pytest.mark.services
def test_results_that_another_host_sends_are_read_and_the_host_is_counted(serve):
    other = serve({"/api": api(PAGES)})
    site = serve(fragment(PAGES, f"{other.url}api"))

    async def work(rendering):
        return await find_search(fetching(rendering), site.url, rendered=True)

    function, rendering = in_browser(work, site, other)
    assert function.found, function.reason
    assert set(rendering.others[site.allow]) == {other.allow}
    assert rendering.counts["third-party"] == len(other.paths()) > 0


@pytest.mark.services
def test_no_request_of_a_page_reaches_a_private_address(serve):
    private = serve({"/": Answer("secret", headers={"Access-Control-Allow-Origin": "*"})})
    port = private.port
    script = f"""
const out = document.getElementById("out");
const tries = ["http://169.254.169.254/latest/meta-data/", "http://127.0.0.1:{port}/", "http://localhost:{port}/",
  "http://[::1]/", "http://10.0.0.1/", "http://localhost/", "http://2130706433:{port}/", "/away"];
Promise.allSettled(tries.map((url) => fetch(url).then((a) => a.text()))).then((all) => {{
  out.textContent = "tried " + all.map((a) => a.status + " " + (a.value || "")).join();
}});
new Image().src = "http://127.0.0.1:{port}/image";
try {{ new WebSocket("ws://127.0.0.1:{port}/socket"); new WebSocket("ws://localhost/socket"); }} catch (e) {{}}
window.open("http://127.0.0.1:{port}/window");
navigator.sendBeacon("http://127.0.0.1:{port}/beacon", "x");
"""
    body = (
        f'<p id="out"></p><iframe src="http://127.0.0.1:{port}/frame"></iframe><iframe src="file:///etc/passwd"></iframe>'
        f'<link rel="preconnect" href="http://127.0.0.1:{port}/"><link rel="stylesheet" href="http://127.0.0.1:{port}/s.css">'
        f"<script>{script}</script>"
    )
    site = serve({"/": Answer(body), "/away": Answer("", 302, {"Location": f"http://127.0.0.1:{port}/redirected"})})

    async def work(rendering):
        shown = await rendering.render(Ask(site.url))
        return shown.body.decode(), dict(rendering.tunnel.refused)

    (markup, at_connection), rendering = in_browser(work, site)
    assert "tried rejected" in markup
    assert "fulfilled" not in markup
    assert private.asked == []
    assert rendering.counts["refused"] >= 6
    reasons = " ".join(rendering.refused[site.allow])
    assert "169.254.169.254" in reasons
    assert f"127.0.0.1:{port}" in reasons
    # What only shows where the connection is made: a name that resolves to a private address, a redirect, a web socket.
    assert "which is not a public address" in at_connection["localhost:80"]
    assert f"port {port} is not fetched" in at_connection[f"127.0.0.1:{port}"]


@pytest.mark.services
@pytest.mark.parametrize("to", ["http://localhost/", "http://169.254.169.254/"])
def test_a_page_that_leads_itself_to_a_private_address_is_refused(serve, to):
    site = serve({"/": Answer("", 302, {"Location": to})})

    async def work(rendering):
        with pytest.raises(RefusedAddress, match="not a public address"):
            await rendering.render(Ask(site.url))

    in_browser(work, site)


@pytest.mark.services
def test_a_script_that_may_be_kept_is_fetched_once(serve):
    page = Answer("<h1>Small Borough</h1><script src=/kept.js></script><script src=/fresh.js></script>")
    kept = Answer("document.title = 'kept'", headers={"Content-Type": "text/javascript", "Cache-Control": "max-age=60"})
    fresh = Answer("document.body.append('fresh')", headers={"Content-Type": "text/javascript"})
    site = serve({"/": page, "/b": page, "/kept.js": kept, "/fresh.js": fresh})

    async def work(rendering):
        return [(await rendering.render(Ask(site.url + path))).body for path in ("", "b", "")]

    shown, rendering = in_browser(work, site)
    assert all(b"<title>kept</title>" in body and b"fresh" in body for body in shown)
    assert (site.paths().count("/kept.js"), site.paths().count("/fresh.js")) == (1, 3)
    assert rendering.counts["remembered"] == 2


@pytest.mark.services
def test_a_page_that_never_stops_loading_is_taken_as_it_stands(serve):
    body = """<h1>Small Borough</h1><p id="t"></p><script>
setInterval(() => { document.getElementById("t").textContent = Date.now(); fetch("/tick?" + Math.random()); }, 200);
fetch("/slow");</script>"""
    site = serve({"/": Answer(body), "/tick": Answer("x", wait=0.3), "/slow": Answer("x", wait=30)})
    began = time.monotonic()

    async def work(rendering):
        return await rendering.render(Ask(site.url))

    shown, _ = in_browser(work, site)
    assert b"Small Borough" in shown.body
    assert time.monotonic() - began < QUICK.settle + 8


@pytest.mark.services
def test_a_script_without_end_a_full_memory_and_a_killed_browser_cost_their_page_and_no_other(serve):
    site = serve(
        {
            "/": Answer("<h1>Small Borough</h1>"),
            "/spin": Answer("<h1>Spin</h1><script>setTimeout(() => { for (;;) {} }, 50)</script>"),
            "/eat": Answer(
                "<script>const a = []; for (;;) a.push(new Array(100000).fill({}).map((_, i) => ({i})))</script>"
            ),
        }
    )
    process = {}

    async def work(rendering):
        with pytest.raises(DownloadTimeoutError):
            await rendering.render(Ask(f"{site.url}spin"))
        assert b"Small Borough" in (await rendering.render(Ask(site.url))).body
        with pytest.raises((DownloadFailedError, DownloadTimeoutError)):
            await rendering.render(Ask(f"{site.url}eat"))
        assert b"Small Borough" in (await rendering.render(Ask(site.url))).body
        os.kill(await browser_process(rendering), signal.SIGKILL)
        await asyncio.sleep(0.5)
        assert b"Small Borough" in (await rendering.render(Ask(site.url))).body
        process["id"] = await browser_process(rendering)

    in_browser(work, site, limits=Limits(load=4, settle=3, quiet=0.25, step=1, heap=64))
    for _ in range(50):
        if not os.path.exists(f"/proc/{process['id']}"):
            break
        time.sleep(0.1)
    assert not os.path.exists(f"/proc/{process['id']}"), "the browser outlived its owner"


async def browser_process(rendering):
    session = await rendering._chromium.new_browser_cdp_session()
    told = await session.send("SystemInfo.getProcessInfo")
    return next(int(entry["id"]) for entry in told["processInfo"] if entry["type"] == "browser")


# -- Through the command line --------------------------------------------------------------------------------------------


def crawl(site, tmp_path, *options, **environment):
    url = f"sqlite:///{tmp_path / 'record.db'}"
    arguments = [f"--record={url}", f"--site={site.url}", f"--allow={site.allow}", "--delay=0", *options]
    return mentorwatch("crawl", *arguments, **environment), url


def searches(url):
    with Record.open(url) as record, record.begin() as db:
        return {row.query: row for row in db.execute(select(r.search))}


@pytest.mark.services
def test_a_crawl_reads_such_a_site_with_render_and_says_what_is_left_without(serve, tmp_path):
    site = serve(react(PAGES))
    done, url = crawl(site, tmp_path, "--render")
    assert done.returncode == 0, done.stderr
    found = searches(url)
    with Record.open(url) as record, record.begin() as db:
        fetched = db.execute(select(r.capture.c.outcome)).scalars().all()
    assert (found["mentor"].status, found["mentor"].reported_total, found["mentor"].collected) == ("complete", 23, 23)
    assert (found["coach"].status, found["coach"].collected) == ("complete", 0)
    assert fetched == ["ok"] * 23

    # As if it had been interrupted before one of its searches, and gone on with by another command.
    with Record.open(url) as record, record.begin_crawling() as db:
        db.execute(update(r.crawl).values(finished_at=None))
        db.execute(update(r.search).where(r.search.c.query == "coach").values(state="pending", status=None))
    done, url = crawl(site, tmp_path)
    assert done.returncode == 0, done.stderr
    left = searches(url)["coach"]
    assert (left.status, left.reason.rpartition("; ")[2]) == ("script-only", "--render reads them")
    assert searches(url)["mentor"].status == "complete"


@pytest.mark.parametrize("style", STYLES)
def test_without_a_browser_such_a_site_is_script_only_and_the_reason_names_render(serve, style):
    site = serve(STYLES[style](PAGES))
    function = asyncio.run(find_search(over_http, site.url))
    assert (function.status, function.reason.rpartition("; ")[2]) == ("script-only", "--render reads it")


async def over_http(ask: Ask) -> Page:
    try:
        with urlopen(ask.url) as answer:
            return Page(ask, answer.url, answer.status, answer.headers["Content-Type"], answer.read())
    except HTTPError as problem:
        return Page(ask, ask.url, problem.code, "text/html", problem.read())


@pytest.mark.services
def test_robots_hold_where_a_script_leads_after_typing(serve):
    robots = Answer("User-agent: *\nDisallow: /search\nDisallow: /*?term=\n", headers={"Content-Type": "text/plain"})
    site = serve(react(PAGES) | {"/robots.txt": robots})
    seen = mentorwatch("probe", site.url, f"--allow={site.allow}", "--delay=0", "--render", "--json", timeout=120)
    told = json.loads(seen.stdout)
    assert told["status"] == "robots", told
    assert "/search" not in site.paths()


def test_without_a_browser_render_says_what_to_install(serve, tmp_path):
    site = serve(react(PAGES))
    done, _ = crawl(site, tmp_path, "--render", MENTORWATCH_CHROMIUM="/nowhere/chromium")
    assert done.returncode == 2
    assert "MENTORWATCH_CHROMIUM is /nowhere/chromium" in done.stderr
    assert site.asked == []
