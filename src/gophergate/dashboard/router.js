/** Where we are: `#/page/detail?query`. The whole state of a view stands in it. */
import { signal, computed } from "./ui.js";

const place = signal(read());
addEventListener("hashchange", look);

/** The event comes a moment after the address: who changes it looks at once, or what comes between would undo it. */
function look() {
  if (place.peek().address !== location.hash) place.value = read();
}

function read() {
  const text = location.hash.replace(/^#\/?/, "");
  const [path, search = ""] = text.split("?");
  const parts = path.split("/").filter(Boolean).map(decodeURIComponent);
  return {
    address: location.hash,
    page: parts[0] || "overview",
    detail: parts.slice(1).join("/"),
    query: Object.fromEntries(new URLSearchParams(search)),
  };
}

export const route = computed(() => place.value);

/** The address of a view. */
export function href(page, detail = "", query = {}) {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query))
    if (value !== "" && value !== null && value !== undefined) search.set(name, String(value));
  const tail = search.toString();
  return `#/${page}${detail ? "/" + detail.split("/").map(encodeURIComponent).join("/") : ""}${tail ? "?" + tail : ""}`;
}

export function go(page, detail = "", query = {}) {
  location.hash = href(page, detail, query);
  look();
}

/** Change some of the query; "" takes a member out. Filters replace the entry in the history, details add one. */
export function setQuery(change) {
  const now = place.value;
  history.replaceState(null, "", href(now.page, now.detail, { ...now.query, ...change }));
  look();
}

/** Open something beside the list, or nothing; which of its tabs was open goes with it. @param {string} detail */
export function setDetail(detail) {
  const { tab, open, ...rest } = place.value.query;
  go(place.value.page, detail, detail && tab ? { ...rest, tab } : rest);
}

/** Open a form beside a list whose details are names: any word may be the name of one, so it stands in the query. @param {string} form */
export function openForm(form) {
  const { tab, ...rest } = place.value.query;
  go(place.value.page, "", { ...rest, open: form });
}

/** The form that is open so, "" for none. */
export const openedForm = computed(() => (place.value.detail ? "" : place.value.query.open || ""));
