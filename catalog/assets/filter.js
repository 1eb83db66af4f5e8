// Shows the rows that every filter admits. Without it all rows are there.
"use strict";
(() => {
  const form = document.querySelector(".filters");
  const rows = [...document.querySelectorAll("tbody tr")];
  const shown = document.querySelector("#shown");
  const text = form.querySelector("input");
  const selects = [...form.querySelectorAll("select")];
  const texts = rows.map((row) => (row.textContent + " " + row.dataset.text).toLowerCase());

  const admits = (row, index, words) =>
    words.every((word) => texts[index].includes(word)) &&
    selects.every((select) => select.value === "" || row.dataset[select.name].split("|").includes(select.value));

  const filter = () => {
    const words = text.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    rows.forEach((row, index) => {
      row.hidden = !admits(row, index, words);
      count += row.hidden ? 0 : 1;
    });
    shown.textContent = `${count} of ${rows.length} rules`;
  };

  form.hidden = false;
  form.addEventListener("input", filter);
  form.addEventListener("submit", (event) => event.preventDefault());
  filter();
})();
