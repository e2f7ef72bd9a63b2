"use strict";
(() => {
  const tip = document.getElementById("tip");

  const tipOf = (target) => {
    const mark = target.closest?.(".chart [aria-label], [data-tip]");
    return mark && (mark.getAttribute("aria-label") || mark.dataset.tip);
  };

  const show = (text, x, y) => {
    tip.hidden = !text;
    if (!text) return;
    tip.textContent = text;
    const left = Math.min(x + 14, innerWidth - tip.offsetWidth - 8);
    const below = y + 18 + tip.offsetHeight < innerHeight;
    tip.style.left = `${Math.max(left, 8)}px`;
    tip.style.top = `${below ? y + 18 : Math.max(y - tip.offsetHeight - 10, 8)}px`;
  };

  document.addEventListener("pointermove", (event) => show(tipOf(event.target), event.clientX, event.clientY));
  document.addEventListener("pointerdown", (event) => show(tipOf(event.target), event.clientX, event.clientY));
  document.addEventListener("focusin", ({ target }) => {
    const place = target.getBoundingClientRect();
    show(tipOf(target), place.left, place.bottom - 10);
  });
  document.addEventListener("keydown", (event) => event.key === "Escape" && show(""));
  document.addEventListener("scroll", () => show(""), { capture: true, passive: true });

  const compare = (some, other) => {
    const [a, b] = [some.dataset.order, other.dataset.order];
    if (a !== undefined && b !== undefined) return a - b;
    return some.textContent.localeCompare(other.textContent);
  };

  const sort = (header) => {
    const table = header.closest("table");
    const place = header.cellIndex;
    const was = header.getAttribute("aria-sort");
    const descending = was ? was === "ascending" : header.classList.contains("number");
    for (const each of header.parentNode.cells) each.removeAttribute("aria-sort");
    header.setAttribute("aria-sort", descending ? "descending" : "ascending");
    const rows = [...table.tBodies[0].rows];
    rows.sort((a, b) => compare(a.cells[place], b.cells[place]) * (descending ? -1 : 1));
    table.tBodies[0].append(...rows);
  };

  const copy = (button) => {
    const code = button.closest("details").querySelector("code");
    const area = document.createElement("textarea");
    area.value = code.textContent;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
    button.textContent = "Copied";
  };

  document.addEventListener("click", ({ target }) => {
    const header = target.closest("th");
    if (header) sort(header);
    if (target.matches(".copy")) copy(target);
  });
})();
