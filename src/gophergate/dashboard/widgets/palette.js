/** Ctrl+K: go anywhere, do anything, by typing. */
import { html, signal, useState, useEffect, useLayoutEffect, useRef, useSettled } from "../ui.js";
import { PLACES } from "../places.js";
import { all, get, may, logout } from "../api.js";
import { choose } from "../theme.js";
import { go } from "../router.js";

export const isOpen = signal(false);

const ACTIONS = [
  ["Use the light theme", () => choose("light")],
  ["Use the dark theme", () => choose("dark")],
  ["Follow the system's theme", () => choose("system")],
  ["Sign out", () => logout()],
];

export function Palette() {
  const [text, setText] = useState("");
  const [at, setAt] = useState(0);
  const [objects, setObjects] = useState(/** @type {any[]|null} */ (null));
  const [early, setEarly] = useState(false);
  const [models, setModels] = useState(/** @type {{to: string, found: any[]}} */ ({ to: "", found: [] }));
  const sought = text.trim().replace(/^model\s+/i, "");
  const settled = useSettled(sought);
  const input = useRef(/** @type {HTMLInputElement|null} */ (null));
  const open = isOpen.value;
  // Before the next key is heard: whoever types at once types into the palette.
  useLayoutEffect(() => {
    if (!open) return;
    setText("");
    setAt(0);
    setEarly(false);
    const before = /** @type {HTMLElement|null} */ (document.activeElement);
    input.current?.focus();
    return () => before?.focus?.();
  }, [open]);
  useEffect(() => {
    if (!open) return;
    Promise.all([
      all("/api/providers").catch(() => []),
      all("/api/clients").catch(() => []),
      all("/api/groups").catch(() => []),
      all("/api/guards").catch(() => []),
    ]).then(([providers, clients, groups, guards]) =>
      setObjects([
        ...providers.map((one) => [`Provider ${one.name}`, () => go("providers", one.name)]),
        ...clients.map((one) => [`Client ${one.name}`, () => go("clients", one.id)]),
        ...groups.map((one) => [`Group ${one.name}`, () => go("groups", one.name)]),
        ...guards.map((one) => [`Guard ${one.name}`, () => go("guards", one.name)]),
      ]),
    );
  }, [open]);
  // There may be thousands: the server is asked for those that are meant.
  useEffect(() => {
    if (!open || settled.length < 2) return;
    let isWanted = true;
    const keep = (items) =>
      isWanted &&
      setModels({
        to: settled,
        found: items
          .filter((one) => !one.is_group)
          .map((one) => [`Model ${one.name}`, () => go("models", one.name)]),
      });
    get("/api/models", { q: settled, limit: 8 }).then(
      ({ items }) => keep(items),
      () => keep([]),
    );
    return () => {
      isWanted = false; // an answer to an older question may come after that to the newer one
    };
  }, [open, settled]);
  const isKnown = Boolean(objects) && (sought.length < 2 || models.to === sought);
  // Enter was quicker than the list: it holds once the list is here.
  useEffect(() => {
    if (early && isKnown) {
      setEarly(false);
      if (list.length) run(list[0]);
    }
  }, [early, isKnown]);
  const wanted = text.trim().toLowerCase();
  const every = [
    ...PLACES.filter((place) => !place.needs || may(place.needs)).map((place) => [
      place.word,
      () => go(place.page),
    ]),
    ...(objects || []),
    ...(isKnown ? models.found : []),
    ...ACTIONS,
  ];
  const found = every.filter(
    ([word]) => !wanted || wanted.split(/\s+/).every((part) => word.toLowerCase().includes(part)),
  );
  if (/^(req_|[0-9a-hjkmnp-tv-z]{20,})/i.test(text.trim()))
    found.unshift([`Find the call ${text.trim()}`, () => go("calls", "", { q: text.trim() })]);
  const list = found.slice(0, 12);
  const run = (entry) => {
    isOpen.value = false;
    entry?.[1]();
  };
  const keys = (event) => {
    if (event.key === "Escape") {
      event.preventDefault();
      isOpen.value = false;
    }
    if (event.key === "ArrowDown") {
      event.preventDefault();
      setAt(Math.min(at + 1, list.length - 1));
    }
    if (event.key === "ArrowUp") {
      event.preventDefault();
      setAt(Math.max(at - 1, 0));
    }
    if (event.key === "Enter") {
      event.preventDefault();
      if (list.length) run(list[at]);
      else if (!isKnown) setEarly(true);
    }
    if (event.key === "Tab") event.preventDefault();
  };
  if (!open) return null;
  return html`
    <div class="veil" onClick=${(event) => event.target === event.currentTarget && (isOpen.value = false)}>
      <div class="dialog palette" role="dialog" aria-modal="true" aria-label="Go anywhere">
        <input
          ref=${input}
          value=${text}
          placeholder="Go to a page, a provider, a model, a client, a call…"
          role="combobox"
          aria-expanded="true"
          aria-controls="palette-list"
          aria-activedescendant=${list.length ? `palette-${at}` : undefined}
          aria-label="Where to"
          onInput=${(event) => {
            setText(event.target.value);
            setAt(0);
            setEarly(false);
          }}
          onKeyDown=${keys}
        />
        <ul id="palette-list" role="listbox" aria-label="Places and actions">
          ${list.map((entry, n) => html`
            <li
              key=${entry[0]}
              id=${`palette-${n}`}
              role="option"
              aria-selected=${n === at}
              onMouseEnter=${() => setAt(n)}
              onClick=${() => run(entry)}
            >
              ${entry[0]}
            </li>
          `)}
          ${!list.length && html`
            <li role="option" aria-selected="false" class="faint">
              ${isKnown ? "Nothing is called that." : "Looking…"}
            </li>
          `}
        </ul>
      </div>
    </div>
  `;
}
