"use strict";
// Reasons in the list, asked for when they are wanted. Without this script they are on the opportunity's own page.
for (const button of document.querySelectorAll("button.why")) {
  button.hidden = false;
  let fetched = null;
  const ask = () => (fetched ??= fetch(button.dataset.fragment).then((answer) => (answer.ok ? answer.text() : null)).catch(() => null));
  button.addEventListener("pointerenter", ask);
  button.addEventListener("focus", ask);
  button.addEventListener("click", async () => {
    const row = button.closest("tr");
    const open = row.nextElementSibling;
    if (open !== null && open.classList.contains("reasons")) {
      open.remove();
      button.setAttribute("aria-expanded", "false");
      return;
    }
    button.setAttribute("aria-expanded", "true");
    const text = await ask();
    if (text === null) {
      location.assign(row.querySelector("a").href);
      return;
    }
    if (button.getAttribute("aria-expanded") !== "true" || row.nextElementSibling?.classList.contains("reasons")) return;
    const under = document.createElement("tr");
    under.className = "reasons";
    const cell = under.insertCell();
    cell.colSpan = row.cells.length;
    cell.innerHTML = text;
    row.after(under);
  });
}
