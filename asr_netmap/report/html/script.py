"""What the report can do beyond being read: filter, sort, copy. One fixed text.

All data is in the page's HTML, and without the script all of it is readable. The script takes the
rows of a live table out of the document and shows those that fit, a part at a time, so that
thousands of rows cost no more than a few hundred; before printing it puts all of them back.
"""

from __future__ import annotations

SCRIPT = """
"use strict";
(() => {
  const STEP = 200;
  const order = new Intl.Collator(undefined, {numeric: true, sensitivity: "base"});
  const make = (name, text) => {
    const made = document.createElement(name);
    made.textContent = text;
    if (name === "button") made.type = "button";
    return made;
  };

  function live(table) {
    const body = table.tBodies[0];
    const rows = Array.from(body.rows, (row) => ({row, text: "", keys: []}));
    const one = (what) => document.querySelector(`[data-${what}="${table.id}"]`);
    const filter = one("filter"), facet = one("facet"), count = one("count");
    const more = make("button", "");
    more.className = "more";
    table.parentElement.after(more);
    let fitting = rows, shown = STEP;

    const textOf = (each) => each.text || (each.text = each.row.textContent.toLowerCase());
    const show = () => {
      body.replaceChildren(...fitting.slice(0, shown).map((each) => each.row));
      const left = fitting.length - shown;
      more.hidden = left <= 0;
      more.textContent = `Show ${Math.min(left, STEP).toLocaleString("en")} more of ` +
        fitting.length.toLocaleString("en");
      count.textContent = `${fitting.length.toLocaleString("en")} of ` +
        `${rows.length.toLocaleString("en")} rows`;
    };
    const choose = () => {
      const words = filter.value.toLowerCase().split(/\\s+/).filter(Boolean);
      const mark = facet.value;
      fitting = rows.filter((each) =>
        (!mark || each.row.classList.contains(mark)) &&
        words.every((word) => textOf(each).includes(word)));
      shown = STEP;
      show();
    };
    const keyOf = (each, column) => {
      if (each.keys[column] === undefined) {
        each.keys[column] = each.row.cells[column].textContent.trim();
      }
      return each.keys[column];
    };
    const heads = Array.from(table.tHead.rows[0].cells);
    heads.forEach((head, column) => {
      const button = make("button", head.textContent);
      head.replaceChildren(button);
      button.addEventListener("click", () => {
        const up = head.getAttribute("aria-sort") !== "ascending";
        heads.forEach((each) => each.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", up ? "ascending" : "descending");
        rows.sort((a, b) => order.compare(keyOf(a, column), keyOf(b, column)) * (up ? 1 : -1));
        choose();
      });
    });
    filter.addEventListener("input", choose);
    facet.addEventListener("change", choose);
    more.addEventListener("click", () => { shown += STEP; show(); });
    addEventListener("beforeprint", () => {
      body.replaceChildren(...fitting.map((each) => each.row));
    });
    addEventListener("afterprint", show);
    filter.closest(".controls").hidden = false;
    show();
  }

  document.addEventListener("click", (event) => {
    const why = event.target.closest("a.why");
    if (!why) return;
    event.preventDefault();
    const row = why.closest("tr"), open = row.nextElementSibling;
    if (open && open.className === "told") open.remove();
    if (open && open.dataset.of === why.hash) return;
    const told = make("tr", ""), cell = make("td", "");
    told.className = "told";
    told.dataset.of = why.hash;
    cell.colSpan = row.cells.length;
    const reason = document.getElementById(why.hash.slice(1));
    cell.append(...reason.cloneNode(true).childNodes);
    cell.setAttribute("role", "status");
    told.append(cell);
    row.after(told);
  });

  if (navigator.clipboard) {
    for (const code of document.querySelectorAll("code.copy")) {
      const button = make("button", "copy");
      button.className = "small";
      button.setAttribute("aria-label", `copy: ${code.textContent}`);
      button.addEventListener("click", async () => {
        await navigator.clipboard.writeText(code.textContent);
        button.textContent = "copied";
      });
      code.after(button);
    }
  }

  const closed = [];
  addEventListener("beforeprint", () => {
    for (const each of document.querySelectorAll("details:not([open])")) {
      closed.push(each);
      each.open = true;
    }
  });
  addEventListener("afterprint", () => {
    while (closed.length) closed.pop().open = false;
  });
  document.querySelectorAll("table[data-live]").forEach(live);
})();
""".strip()
