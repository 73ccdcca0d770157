/* Before the first paint: the theme that was chosen, else the system's. theme.js changes it later. */
document.documentElement.dataset.theme =
  localStorage.getItem("gophergate.theme") ||
  (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
