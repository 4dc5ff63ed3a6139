// What is asked of a page in the browser, and done to its search box. Each is a function that Playwright evaluates; what only
// looks changes nothing.
({
  // How far the page has come. `words`: what an answer is expected to show. Times in milliseconds.
  state: (words) => {
    let watch = window.__mentorwatch;
    if (!watch || watch.document !== document) {
      watch = window.__mentorwatch = { document, at: performance.now(), changes: 0 };
      new MutationObserver(() => { watch.at = performance.now(); watch.changes += 1; })
        .observe(document, { subtree: true, childList: true, characterData: true });
    }
    const body = document.body;
    const text = body ? body.innerText.toLowerCase() : "";
    const shown = (e) => e.getClientRects().length > 0;
    const busy = body ? [...body.querySelectorAll('[aria-busy="true"]')].some(shown) : true;
    const waits = /^\s*(loading|searching|please wait|fetching|llwytho)\b[^\n]{0,40}$/im.test(text);
    const boxes = body ? [...body.querySelectorAll("input")].map((e) => e.value.toLowerCase()) : [];
    return {
      still: performance.now() - watch.at, changes: watch.changes, busy: busy || waits,
      told: words.length === 0 || words.some((w) => text.includes(w) || boxes.includes(w)),
      ready: document.readyState !== "loading" && text.trim() !== "",
    };
  },

  // The page as it stands, as markup: open shadow trees unfolded, what is not shown left out (but never a form's fields),
  // boxes with what they hold, and what can be pressed or typed into marked with the way to it.
  snapshot: () => {
    const inert = document.implementation.createHTMLDocument("");
    const MARK = "data-mentorwatch-path";
    const unique = (root, css) => { try { return root.querySelectorAll(css).length === 1; } catch { return false; } };
    const path = (element) => {
      const root = element.getRootNode();
      const steps = [];
      for (let e = element; e && e.nodeType === 1; e = e.parentElement) {
        if (e.id && !/[:]|\d{3}/.test(e.id) && unique(root, "#" + CSS.escape(e.id))) {
          steps.unshift("#" + CSS.escape(e.id));
          break;
        }
        const twins = e.parentNode ? [...e.parentNode.children].filter((c) => c.localName === e.localName) : [e];
        const tag = CSS.escape(e.localName);
        steps.unshift(twins.length > 1 ? `${tag}:nth-of-type(${twins.indexOf(e) + 1})` : tag);
      }
      const own = steps.join(" > ");
      return root.host ? `${path(root.host)} ${own}` : own;
    };
    const off = (e) => e.disabled || e.getAttribute("aria-disabled") === "true"
      || /(^|[\s_-])disabled/.test(`${e.getAttribute("class") || ""} ${e.parentElement?.getAttribute("class") || ""}`);
    const bare = (href) => href === null || href === "" || /^#[^=/?]*$/.test(href) || /^\s*javascript:/i.test(href);
    const pressable = (e) => {
      if (off(e)) return false;
      if (e.localName === "a") return bare(e.getAttribute("href"));
      if (e.localName === "button" || ["button", "link"].includes(e.getAttribute("role")) || e.hasAttribute("onclick")) return true;
      if (e.localName === "input") return ["button", "submit", "image"].includes(e.type);
      if (!["li", "span", "div", "i"].includes(e.localName) || e.textContent.trim().length > 40) return false;
      return getComputedStyle(e).cursor === "pointer"
        && !(e.parentElement && getComputedStyle(e.parentElement).cursor === "pointer");
    };
    const typable = (e) => (e.localName === "input" && ["text", "search"].includes(e.type) && !e.disabled && !e.readOnly);
    const never = new Set(["script", "style", "link", "meta", "title", "head", "base", "html", "body", "template", "option"]);
    const unseen = (e) => !never.has(e.localName) && e.namespaceURI === "http://www.w3.org/1999/xhtml"
      && getComputedStyle(e).display === "none" && !e.querySelector("input, form, textarea, button") && !e.matches("input, button");
    const copy = (node) => {
      if (node.nodeType === 1 && (node.localName === "noscript" || unseen(node))) return null;
      const made = inert.importNode(node, false);
      if (node.nodeType === 1) {
        if (typable(node)) made.setAttribute("value", node.value);
        if (typable(node) || pressable(node)) made.setAttribute(MARK, path(node));
      }
      const children = node.shadowRoot ? [...node.shadowRoot.childNodes, ...node.childNodes] : [...node.childNodes];
      for (const child of children) {
        if (![1, 3].includes(child.nodeType)) continue;
        const inner = copy(child);
        if (inner) made.appendChild(inner);
      }
      return made;
    };
    return "<!DOCTYPE html>" + copy(document.documentElement).outerHTML;
  },

  // How many links there are, and how often a query stands in the text, folded away or not.
  shown: (query) => [document.links.length, (document.body?.textContent || "").toLowerCase().split(query).length - 1],

  // Put a query into a box as a person would see it there; for boxes that cannot be typed into because they are folded away.
  put: (box, query) => {
    Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set.call(box, query);
    for (const kind of ["input", "change", "keyup"]) box.dispatchEvent(new Event(kind, { bubbles: true }));
  },

  // Send a box that cannot have the focus.
  enter: (box) => {
    const keys = { key: "Enter", code: "Enter", keyCode: 13, which: 13, bubbles: true, cancelable: true };
    const goes = ["keydown", "keypress"].map((kind) => box.dispatchEvent(new KeyboardEvent(kind, keys))).every(Boolean);
    box.dispatchEvent(new KeyboardEvent("keyup", keys));
    const button = box.form && box.form.querySelector('button:not([type="button"]):not([type="reset"]), [type="submit"]');
    if (goes && box.form) box.form.requestSubmit(button || undefined);
  },

  // A box without a name is sent by scripts alone: what the browser itself would send for its form has no query in it, and
  // leads away from what was drawn while one typed.
  keep: (box) => { if (box.form && !box.name) box.form.addEventListener("submit", (e) => e.preventDefault()); },

  // Press the button that belongs to a box: the first one after it in the smallest part of the page that has one, never one
  // that says a word of `never`. Where such a one was met, or hits were `drawn` while one typed, it must say a word of
  // `sends` or send the box's form: others belong to the hits.
  go: (box, { never, sends, drawn }) => {
    const says = (b, listed) => {
      const said = [b.textContent, b.value, b.getAttribute("aria-label"), b.title].map((t) => (t || "").trim());
      const shown = said.some(Boolean) ? said : [b.getAttribute("class") || ""];
      const parts = shown.join(" ").toLowerCase().match(/\p{L}+|[^\p{L}\s]/gu) || [];
      return listed.some((word) => parts.includes(word));
    };
    const submits = (b) => b.form && b.form === box.form && ["submit", "image"].includes(b.type);
    for (let e = box.parentElement, n = 0, strict = drawn; e && n < 5; e = e.parentElement, n += 1) {
      const buttons = [...e.querySelectorAll('button, input[type="submit"], input[type="button"], input[type="image"], [role="button"]')];
      const kept = buttons.filter((b) => b.type !== "reset" && !says(b, never));
      strict = strict || kept.length < buttons.length;
      const fit = strict ? kept.filter((b) => submits(b) || says(b, sends)) : kept;
      const after = fit.filter((b) => box.compareDocumentPosition(b) & Node.DOCUMENT_POSITION_FOLLOWING);
      if (fit.length) { (after[0] || fit[0]).click(); return true; }
    }
    return false;
  },

  said: (e) => (e.textContent || e.value || e.getAttribute("aria-label") || "").trim().replace(/\s+/g, " ").slice(0, 60),
})
