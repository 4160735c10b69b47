/* Light or dark. Loaded before the first paint, as a classic script, so that a chosen theme does not flash. */
const root = document.documentElement;
const system = matchMedia("(prefers-color-scheme: dark)");

function chosen(): string | null {
  try { return localStorage.getItem("podarium.theme"); } catch { return null; }
}

function announce(): void {
  const dark = (root.dataset.theme ?? (system.matches ? "dark" : "light")) === "dark";
  document.dispatchEvent(new CustomEvent("podarium:theme", { detail: { dark } }));
}

const theme = chosen();
if (theme === "light" || theme === "dark") root.dataset.theme = theme;
system.addEventListener("change", announce);

document.addEventListener("click", (event) => {
  const target = event.target as Element;
  if (target.closest("[data-theme-switch]")) {
    const dark = (root.dataset.theme ?? (system.matches ? "dark" : "light")) === "dark";
    const next = dark ? "light" : "dark";
    // Back to what the system says: nothing to remember.
    if (next === (system.matches ? "dark" : "light")) delete root.dataset.theme;
    else root.dataset.theme = next;
    try {
      if (root.dataset.theme) localStorage.setItem("podarium.theme", root.dataset.theme);
      else localStorage.removeItem("podarium.theme");
    } catch { /* private mode */ }
    announce();
  }
  // An open menu closes when something else is clicked.
  for (const menu of document.querySelectorAll<HTMLDetailsElement>("details.menu[open]")) {
    if (!menu.contains(target)) menu.open = false;
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const menu = document.querySelector<HTMLDetailsElement>("details.menu[open]");
  if (!menu) return;
  menu.open = false;
  menu.querySelector("summary")?.focus();
});
