"""Small council sites whose search results exist only after scripts ran: three styles, as Cludo, React pages and old
widgets have them. What they hold is a dict path -> (title, text), as for `running.searchable`."""

from __future__ import annotations

import json
from collections.abc import Callable

from tests.running import Answer

Answers = dict[str, Answer | Callable[[dict[str, list[str]]], Answer]]
Pages = dict[str, tuple[str, str]]
PER_PAGE = 10

_SHELL = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Small Borough Council</title></head><body>
<header><a href="/">Home</a> <a href="/news">News</a></header>{body}
<p>Support for newly qualified teachers, schools and libraries: everything about Small Borough.</p>
<footer><a href="/privacy">Privacy</a></footer><script>{script}</script></body></html>"""

_DRAW = """
const esc = (s) => s.replace(/[&<"]/g, (c) => `&#${c.charCodeAt(0)};`);
const items = (found) => found.items.map((i) =>
  `<li class="hit"><h3><a href="${i.url}">${esc(i.title)}</a></h3><p>${esc(i.text)}</p></li>`).join("");
const ask = async (q, page) => (await fetch(`${API}?q=${encodeURIComponent(q)}&page=${page}`)).json();
"""


def api(pages: Pages, wait: float = 0.05) -> Callable[[dict[str, list[str]]], Answer]:
    """The JSON that the scripts ask for."""

    def answer(query: dict[str, list[str]]) -> Answer:
        words, page = query.get("q", [""])[0].lower(), int(query.get("page", ["1"])[0])
        found = [(path, *held) for path, held in pages.items() if words and words in f"{held[0]} {held[1]}".lower()]
        shown = found[(page - 1) * PER_PAGE : page * PER_PAGE]
        body = {"total": len(found), "items": [{"url": p, "title": t, "text": x[:90]} for p, t, x in shown]}
        headers = {"Content-Type": "application/json", "Access-Control-Allow-Origin": "*"}
        return Answer(json.dumps(body), headers=headers, wait=wait)

    return answer


def _site(pages: Pages, home: str, **more: str) -> Answers:
    answers: Answers = {"/": Answer(home), "/api/search": api(pages)}
    answers["/robots.txt"] = Answer("User-agent: *\nDisallow:\n", headers={"Content-Type": "text/plain"})
    for path, (title, text) in pages.items():
        answers[path] = Answer(f"<html><head><title>{title}</title></head><body><p>{text}</p></body></html>")
    answers.update({path: Answer(body) for path, body in more.items()})
    return answers


def fragment(pages: Pages, api_url: str = "/api/search") -> Answers:
    """Query and page number stand in the fragment of a results page of its own; pages are turned by links."""
    box = '<div class="search"><input type="text" id="sitesearch" placeholder="Search this site"><button id="go">Search</button></div>'
    go = """
const box = document.getElementById("sitesearch");
const go = () => { location.href = "/results#?cludoquery=" + encodeURIComponent(box.value) + "&cludopage=1"; };
document.getElementById("go").onclick = go;
box.addEventListener("keyup", (e) => { if (e.key === "Enter") go(); });
"""
    draw = (
        f"const API = {json.dumps(api_url)};"
        + _DRAW
        + """
const show = async () => {
  const asked = new URLSearchParams(location.hash.slice(2));
  const q = asked.get("cludoquery"), page = +asked.get("cludopage") || 1;
  if (!q) return;
  const out = document.getElementById("results");
  out.innerHTML = "<p>Loading ...</p>";
  const found = await ask(q, page), last = Math.ceil(found.total / 10);
  const way = (n, said) => `<a href="#?cludoquery=${encodeURIComponent(q)}&cludopage=${n}">${said}</a> `;
  let pager = "";
  for (let n = 1; n <= last; n++) pager += n === page ? `<strong>${n}</strong> ` : way(n, n);
  if (page < last) pager += way(page + 1, "Next");
  out.innerHTML = found.total ? `<p>${found.total} results for <em>${esc(q)}</em></p><ul>${items(found)}</ul><nav>${pager}</nav>`
    : `<p>Sorry, no results were found for ${esc(q)}.</p>`;
};
addEventListener("hashchange", show); show();
"""
    )
    home = _SHELL.format(body=box, script=go)
    return _site(pages, home, **{"/results": _SHELL.format(body=f'{box}<main id="results"></main>', script=go + draw)})


def react(pages: Pages) -> Answers:
    """Even the form is drawn by scripts; the query is pushed into the address, the page number is not: a Next button."""
    script = (
        'const API = "/api/search";'
        + _DRAW
        + """
const root = document.getElementById("root");
let page = 1;
const draw = async () => {
  const q = new URLSearchParams(location.search).get("term") || "";
  root.innerHTML = `<form role="search"><label>Search the council <input type="search" name="term" value="${esc(q)}"></label>`
    + `<button type="submit">Search</button></form><h1>${q ? "Search" : "Welcome to Small Borough"}</h1><div aria-busy="${!!q}"></div>`;
  root.querySelector("form").onsubmit = (e) => {
    e.preventDefault(); page = 1;
    history.pushState({}, "", "/search?term=" + encodeURIComponent(root.querySelector("input").value)); draw();
  };
  if (!q) return;
  const found = await ask(q, page), last = Math.ceil(found.total / 10), out = root.lastElementChild;
  out.setAttribute("aria-busy", "false");
  out.innerHTML = found.total
    ? `<p>Showing ${page * 10 - 9} to ${Math.min(page * 10, found.total)} of ${found.total} results</p><ol>${items(found)}</ol>`
      + `<button type="button" class="prev" ${page > 1 ? "" : "disabled"}>Previous</button>`
      + `<button type="button" class="next" ${page < last ? "" : "disabled"}>Next</button>`
    : `<p>No results found for ${esc(q)}</p>`;
  for (const [name, by] of [["prev", -1], ["next", 1]]) {
    const button = out.querySelector("." + name);
    if (button) button.onclick = () => { page += by; draw(); };
  }
};
addEventListener("popstate", draw); setTimeout(draw, 100);
"""
    )
    shell = (
        "<!doctype html><html><head><title>Small Borough Council</title></head><body><noscript>You need to enable JavaScript "
        f'to run this app.</noscript><div id="root"></div><script>{script}</script></body></html>'
    )
    return _site(pages, shell, **{"/search": shell})


def widget(pages: Pages) -> Answers:
    """A box and a button without a form; the address stays as it is; more is shown below what was shown before."""
    box = '<div id="w"><input type="text" placeholder="Search our website"><span role="button">Go</span></div><div id="out"></div>'
    script = (
        'const API = "/api/search";'
        + _DRAW
        + """
const box = document.querySelector("#w input"), out = document.getElementById("out");
const search = async () => {
  const q = box.value, found = await ask(q, 1);
  let page = 1;
  out.innerHTML = found.total ? `<p>${found.total} results</p><ul>${items(found)}</ul><p><a href="#" class="more">Show more results</a></p>`
    : `<p>Nothing found. Your search for ${esc(q)} did not match any pages.</p>`;
  const more = out.querySelector(".more");
  const tidy = () => { if (page * 10 >= found.total) more.remove(); };
  if (!more) return;
  more.onclick = async (e) => {
    e.preventDefault(); page += 1;
    out.querySelector("ul").insertAdjacentHTML("beforeend", items(await ask(q, page))); tidy();
  };
  tidy();
};
document.querySelector("#w span").onclick = search;
"""
    )
    return _site(pages, _SHELL.format(body=box, script=script))


def _drawn_while_typing(pages: Pages, box: str, hears: str) -> Answers:
    """Hits stand below the box as soon as one has typed; there is nothing that sends it."""
    script = (
        f'const API = "/api/search", HEARS = "{hears}";'
        + _DRAW
        + """
const box = document.querySelector("input"), out = document.getElementById("out");
const clear = () => { box.value = ""; out.innerHTML = ""; };
document.querySelector("button").onclick = clear;
let waiting = 0;
box.addEventListener(HEARS, () => {
  clearTimeout(waiting);
  waiting = setTimeout(async () => {
    const found = await ask(box.value, 1);
    let page = 1;
    out.innerHTML = found.total ? `<p>${found.total} results for ${esc(box.value)}</p><ul>${items(found)}</ul>` : "<p>No results found</p>";
    if (found.total) out.insertAdjacentHTML("beforeend", "<button>Load more results</button>");
    const more = out.querySelector("button");
    const tidy = () => { if (page * 10 >= found.total) more.remove(); };
    if (!more) return;
    more.onclick = async () => {
      page += 1;
      out.querySelector("ul").insertAdjacentHTML("beforeend", items(await ask(box.value, page))); tidy();
    };
    tidy();
  }, 100);
});
"""
    )
    return _site(pages, _SHELL.format(body=box, script=script))


def clearing(pages: Pages) -> Answers:
    """The only button beside the box empties it and takes the hits away."""
    box = '<input type="text" placeholder="Search this site"><button type="button">Clear</button>'
    return _drawn_while_typing(pages, f'<div><div>{box}</div><div id="out"></div></div>', "input")


def dialogue(pages: Pages) -> Answers:
    """The box stands in a dialogue that is folded away, in a form that would only load the page anew."""
    close = '<button type="button" class="close"><span aria-hidden="true">&times;</span></button>'
    form = '<form><div><input type="search" placeholder="Search..."></div></form>'
    dialogue = f'<div class="modal"><div>{close}</div><div>{form}<div id="out"></div></div></div>'
    return _drawn_while_typing(pages, f"<style>.modal {{ display: none }}</style>{dialogue}", "keyup")


STYLES = {"clearing": clearing, "dialogue": dialogue, "fragment": fragment, "react": react, "widget": widget}
