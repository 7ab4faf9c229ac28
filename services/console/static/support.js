// What a citizen wrote, one paragraph at a time. What is not shown is blurred and inert: nobody hears, selects or finds it.
// Without this script a paragraph that is not shown is not there at all.
const parts = [...document.querySelectorAll(".veil")];
const stop = document.getElementById("stop");

function settle(part) {
  part.classList.toggle("blurred", !part.open);
  part.lastElementChild.inert = !part.open;
}

function shown(part) {
  settle(part);
  if (part.open) document.getElementById("stopped").textContent = "";
}

function hideAll(event) {
  event.preventDefault();
  for (const part of parts) {
    part.open = false;
    settle(part);
  }
  document.getElementById("stopped").textContent = stop.dataset.said;
  stop.focus();
}

for (const part of parts) {
  part.addEventListener("toggle", () => shown(part));
  settle(part);
}
if (stop) {
  stop.addEventListener("click", hideAll);
  document.addEventListener("keydown", (event) => event.key === "Escape" && hideAll(event));
}
