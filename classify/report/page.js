// What a page can do beyond being read; without scripts nothing is missing but this.
document.documentElement.classList.add("scripts");

// Numbers sort by their first number (a minus may be typographic), everything else as text.
function value(row, place) {
  const cell = row.cells[place], text = cell && cell.firstChild ? cell.firstChild.textContent.trim() : "";
  const found = text.replace(/\u2212/g, "-").replace(/,/g, "").match(/^[^\d.-]*(-?(?:\d+\.?\d*|\.\d+))/);
  return found ? [0, parseFloat(found[1]), text] : [1, 0, text];
}

document.querySelectorAll("table").forEach(table => {
  const body = table.tBodies[0], rows = [...body.rows];
  if (rows.length < 3 || body.querySelector("[colspan]")) return;
  const titles = [...table.tHead.rows[table.tHead.rows.length - 1].cells];
  titles.forEach((title, place) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "sort";
    button.append(...title.childNodes);
    title.append(button);
    button.addEventListener("click", () => {
      const down = title.getAttribute("aria-sort") !== "descending";
      titles.forEach(one => one.removeAttribute("aria-sort"));
      title.setAttribute("aria-sort", down ? "descending" : "ascending");
      const order = (a, b) => a[0] - b[0] || (down ? b[1] - a[1] : a[1] - b[1]) || a[2].localeCompare(b[2]);
      body.append(...rows.sort((one, other) => order(value(one, place), value(other, place))));
    });
  });
});
