const form = document.querySelector("form");
const told = document.querySelector(".more");
const runs = [...document.querySelectorAll(".runs > li")];
form.hidden = false;
form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("input", () => {
  const words = form.elements.words.value.toLowerCase().split(/\s+/);
  for (const run of runs) {
    const text = run.dataset.text;
    run.hidden = !words.every((word) => text.includes(word));
  }
  told.textContent = `${runs.filter((run) => !run.hidden).length} of ${runs.length} shown`;
});
