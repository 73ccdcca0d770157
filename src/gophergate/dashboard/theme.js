/** Light, dark, or as the system has it. boot.js applies the choice before the first paint. */
import { signal } from "./ui.js";

const KEY = "gophergate.theme";
const system = matchMedia("(prefers-color-scheme: dark)");
export const choice = signal(localStorage.getItem(KEY) || "system");

export function choose(value) {
  choice.value = value;
  if (value === "system") localStorage.removeItem(KEY);
  else localStorage.setItem(KEY, value);
  apply();
}

function apply() {
  const theme = choice.value === "system" ? (system.matches ? "dark" : "light") : choice.value;
  document.documentElement.dataset.theme = theme;
  dispatchEvent(new Event("themechange"));
}
system.addEventListener("change", apply);

/** A colour token as the browser draws it now. */
export const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
