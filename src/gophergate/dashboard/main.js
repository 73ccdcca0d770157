/** The shell: rail, top bar, and the page that the address names. Pages are loaded when they are first opened. */
import { html, render, useEffect, useState, signal, waiting } from "./ui.js";
import { me, whoami, may, logout } from "./api.js";
import { route } from "./router.js";
import { PLACES } from "./places.js";
import { Icon } from "./icons.js";
import { choice, choose } from "./theme.js";
import { ago, exactTime } from "./format.js";
import { Component } from "./vendor/preact.js";
import * as socket from "./socket.js";
import { Toasts } from "./widgets/toasts.js";
import { Palette, isOpen } from "./widgets/palette.js";
import { Failed, Skeleton } from "./widgets/states.js";
import { Login } from "./pages/login.js";

const LOADERS = {
  overview: () => import("./pages/overview.js"),
  live: () => import("./pages/live.js"),
  calls: () => import("./pages/calls.js"),
  analytics: () => import("./pages/analytics.js"),
  costs: () => import("./pages/costs.js"),
  clients: () => import("./pages/clients.js"),
  teams: () => import("./pages/teams.js"),
  users: () => import("./pages/users.js"),
  audit: () => import("./pages/audit.js"),
  playground: () => import("./pages/playground.js"),
  models: () => import("./pages/models.js"),
  groups: () => import("./pages/groups.js"),
  providers: () => import("./pages/providers.js"),
  settings: () => import("./pages/settings.js"),
  welcome: () => import("./pages/welcome.js"),
};
const WIDE = new Set(["calls", "live", "audit", "models"]);
const narrow = signal(localStorage.getItem("gophergate.rail") === "narrow");
const sheet = signal(false);

function Rail({ isSheet = false }) {
  const groups = ["Observe", "Govern", "Build", ""];
  const fold = () => {
    narrow.value = !narrow.value;
    localStorage.setItem("gophergate.rail", narrow.value ? "narrow" : "wide");
  };
  return html`
    <nav class=${`rail ${isSheet ? "sheet" : ""}`} aria-label="Pages">
      <a class="brand" href="#/overview">
        <img src=${new URL("./icon.svg", import.meta.url).href} alt="" />
        <span class="word">GopherGate</span>
      </a>
      ${groups.map((group) => html`
        <div key=${group}>
          ${group ? html`<h3>${group}</h3>` : html`<h3 aria-hidden="true"> </h3>`}
          ${PLACES.filter((place) => place.group === group && (!place.needs || may(place.needs))).map(
            (place) => html`
              <a
                key=${place.page}
                class="item"
                href=${`#/${place.page}`}
                title=${place.word}
                aria-current=${route.value.page === place.page ? "page" : undefined}
                onClick=${() => (sheet.value = false)}
              >
                <${Icon} name=${place.icon} />
                <span class="word">${place.word}</span>
              </a>
            `,
          )}
        </div>
      `)}
      <div class="foot">
        <button
          type="button"
          class="button quiet"
          onClick=${fold}
          aria-label=${narrow.value ? "Widen the rail" : "Narrow the rail"}
        >
          <${Icon} name="fold" />
          <span class="word">Narrow</span>
        </button>
      </div>
    </nav>
  `;
}

function LiveDot() {
  const state = socket.state.value;
  const [kind, word] = {
    live: ["ok", "Live"],
    paused: ["warn", "Paused"],
    connecting: ["", "Connecting"],
    lost: ["bad", "Reconnecting"],
    off: ["", ""],
  }[state] || ["", state];
  if (!word) return null;
  const since = socket.lostSince.value;
  return html`
    <span
      class="live-dot"
      role="status"
      title=${since ? `Stale since ${exactTime(since)}` : "What you see is now"}
    >
      <i class=${`dot ${kind}`}></i>
      <span class="word">
        ${word}
        ${since && state === "lost" ? html`
          ${" "}
          <span class="faint">since ${ago(since)}</span>
        ` : (
          ""
        )}
      </span>
    </span>
  `;
}

function Top({ title, tools }) {
  const dark = document.documentElement.dataset.theme === "dark";
  choice.value; // the button follows the choice
  return html`
    <header class="top">
      <h1>${title}</h1>
      <div class="tools">
        ${tools}
        <${LiveDot} />
        <button
          type="button"
          class="button quiet icon"
          aria-label="Go anywhere (Ctrl K)"
          title="Go anywhere (Ctrl K)"
          onClick=${() => (isOpen.value = true)}
        >
          <${Icon} name="search" />
        </button>
        <button
          type="button"
          class="button quiet icon"
          aria-label=${dark ? "Use the light theme" : "Use the dark theme"}
          title=${dark ? "Light theme" : "Dark theme"}
          onClick=${() => choose(dark ? "light" : "dark")}
        >
          <${Icon} name=${dark ? "sun" : "moon"} />
        </button>
        <${Me} />
      </div>
    </header>
  `;
}

function Me() {
  const [open, setOpen] = useState(false);
  useEffect(() => {
    if (!open) return;
    const close = (event) =>
      (event.key === "Escape" || (event.type === "click" && !event.target.closest(".me"))) && setOpen(false);
    addEventListener("keydown", close);
    addEventListener("click", close);
    return () => {
      removeEventListener("keydown", close);
      removeEventListener("click", close);
    };
  }, [open]);
  const who = me.value;
  const shown = (who.user && (who.user.display_name || who.user.username)) || who.name;
  return html`
    <div class="me" style=${{ position: "relative" }}>
      <button
        type="button"
        class="button quiet"
        aria-haspopup="true"
        aria-expanded=${open}
        aria-label=${`${shown}: account`}
        onClick=${() => setOpen(!open)}
      >
        <span class="who">${shown}</span>
        <span class="initial" aria-hidden="true">
          ${[...shown][0]?.toUpperCase()}
        </span>
      </button>
      ${open && html`
        <div
          class="card"
          style=${{
            position: "absolute",
            right: 0,
            top: "40px",
            padding: "8px",
            width: "220px",
            zIndex: 15,
            boxShadow: "var(--shadow)",
          }}
        >
          <p class="small muted" style=${{ padding: "4px 8px 8px" }}>
            Signed in as ${who.name}
            ${who.user ? html`, ${who.user.role}` : ""}
          </p>
          <a
            class="button quiet"
            style=${{ width: "100%", justifyContent: "flex-start" }}
            href="#/settings/sessions"
          >
            Password and theme
          </a>
          <button
            type="button"
            class="button quiet"
            style=${{ width: "100%", justifyContent: "flex-start" }}
            onClick=${logout}
          >
            Sign out
          </button>
        </div>
      `}
    </div>
  `;
}

const Bottom = () => html`
  <nav class="bottom" aria-label="Main pages">
    ${PLACES.filter((place) => place.thumb).map((place) => html`
      <a
        key=${place.page}
        href=${`#/${place.page}`}
        aria-current=${route.value.page === place.page ? "page" : undefined}
      >
        <${Icon} name=${place.icon} />
        ${place.word}
      </a>
    `)}
    <button type="button" aria-expanded=${sheet.value} onClick=${() => (sheet.value = !sheet.value)}>
      <${Icon} name="menu" />
      More
    </button>
  </nav>
`;

function Page() {
  const { page } = route.value;
  const [loaded, setLoaded] = useState(/** @type {any} */ ({}));
  useEffect(() => {
    const load = LOADERS[page];
    if (!load) {
      setLoaded({ page, error: new Error(`There is no page "${page}".`) });
      return;
    }
    load().then(
      (module) => setLoaded({ page, module }),
      () =>
        setLoaded({
          page,
          error: new Error("This page could not be loaded. The gateway may have been updated: reload."),
        }),
    );
    sheet.value = false;
  }, [page]);
  const place = PLACES.find((one) => one.page === page);
  const title = place ? place.word : page === "welcome" ? "Welcome" : "Not found";
  useEffect(() => {
    document.title = `${title} · GopherGate`;
  }, [title]);
  const ready = loaded.page === page ? loaded : {};
  const Tools = ready.module?.Tools;
  return html`
    <${Top} title=${title} tools=${Tools ? html`<${Tools} />` : null} />
    <${Main} wide=${WIDE.has(page)}>
      ${ready.error ? html`
        <${Failed} error=${ready.error} retry=${() => location.reload()} />
      ` : ready.module ? html`
        <${Guarded} key=${page} of=${ready.module.default} />
      ` : html`
        <${Skeleton} rows=${6} />
      `}
    <//>
  `;
}

/** The page's frame. It says which address it shows, and whether something in it still waits for its answer. */
function Main({ wide, children }) {
  return html`
    <main
      id="main"
      class=${`page ${wide ? "wide" : ""}`}
      tabIndex="-1"
      data-address=${route.value.address}
      aria-busy=${waiting.value > 0}
    >
      ${children}
    </main>
  `;
}

/** A page that breaks says so, and leaves the rest alone. */
class Guarded extends Component {
  constructor() {
    super();
    this.state = { error: null };
  }
  static getDerivedStateFromError(error) {
    return { error };
  }
  componentDidCatch(error) {
    console.error(error);
  }
  render(props, state) {
    if (state.error)
      return html`
        <${Failed}
          error=${new Error(`This page broke: ${state.error.message}`)}
          retry=${() => this.setState({ error: null })}
        />
      `;
    return html`<${props.of} />`;
  }
}

function App() {
  const who = me.value;
  const [failed, setFailed] = useState(/** @type {any} */ (null));
  useEffect(() => {
    whoami().catch(setFailed);
  }, []);
  // While somebody is signed in the socket is held: the dot in the top bar is true on every page.
  useEffect(() => (who ? socket.listen(() => {}) : undefined), [Boolean(who)]);
  if (failed && who === undefined)
    return html`
      <main class="page">
        <${Failed} error=${failed} retry=${() => location.reload()} />
      </main>
    `;
  if (who === undefined) return html`<p class="boot">GopherGate</p>`;
  if (who === null)
    return html`
      <${Login} />
      <${Toasts} />
    `;
  return html`
    <a
      class="skip"
      href="#main"
      onClick=${(event) => {
        event.preventDefault();
        document.getElementById("main")?.focus();
      }}
    >
      Skip to the content
    </a>
    <div class=${`shell ${narrow.value ? "narrow" : ""}`}>
      <${Rail} />
      <div>
        <${Page} />
      </div>
    </div>
    ${sheet.value && html`<${Rail} isSheet />`}
    <${Bottom} />
    <${Palette} />
    <${Toasts} />
  `;
}

addEventListener("keydown", (event) => {
  const typing =
    event.target instanceof HTMLElement &&
    (event.target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName));
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
    event.preventDefault();
    if (me.value) isOpen.value = !isOpen.value;
  } else if (event.key === "/" && !typing) {
    const search = /** @type {HTMLElement|null} */ (document.querySelector("[data-search]"));
    if (search) {
      event.preventDefault();
      search.focus();
    }
  }
});

const root = document.getElementById("app");
if (root) {
  root.textContent = "";
  render(html`<${App} />`, root);
}
