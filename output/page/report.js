// Tables sort by a click on a column's head. Without scripts they stand in the order they were written in.
"use strict";
for (const table of document.querySelectorAll("table.sorts")) {
  const body = table.tBodies[0];
  const heads = [...table.tHead.rows[table.tHead.rows.length - 1].cells];
  const original = [...body.rows];
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    const printed = document.createElement("span"); // a button in a head that repeats on the next sheet prints once only
    printed.className = "printed";
    printed.append(...[...head.childNodes].map((node) => node.cloneNode(true)));
    button.append(...head.childNodes);
    head.append(button, printed);
    button.addEventListener("click", () => {
      const was = head.getAttribute("aria-sort");
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      const now = was === "ascending" ? "descending" : was === "descending" ? null : "ascending";
      const rows = [...original];
      if (now) {
        head.setAttribute("aria-sort", now);
        const key = (row) => row.cells[column].dataset.sort ?? row.cells[column].textContent.trim();
        const numbers = rows.every((row) => key(row) !== "" && !isNaN(key(row)));
        rows.sort((a, b) => numbers ? key(a) - key(b) : key(a).localeCompare(key(b), "en-GB"));
        if (now === "descending") rows.reverse();
      }
      body.append(...rows);
    });
  });
}
