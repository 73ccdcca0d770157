/** The shell: rail, top bar, and the page that the address names. Pages are loaded when they are first opened. */
import { html, render, useEffect, useState, waiting } from "./ui.js";
import { me, whoami } from "./api.js";
import { Login } from "./pages/login.js";
import { PLACES } from "./places.js";
import { route } from "./router.js";
import { Bottom, narrow, Rail, sheet } from "./shell/rail.js";
import { Top } from "./shell/top.js";
import * as socket from "./socket.js";
import { Component } from "./vendor/preact.js";
import { isShown as areKeysShown, Keys } from "./widgets/keys.js";
import { isOpen, Palette } from "./widgets/palette.js";
import { Empty, Failed, Skeleton } from "./widgets/states.js";
import { Toasts } from "./widgets/toasts.js";

const LOADERS = {
  overview: () => import("./pages/overview.js"),
  live: () => import("./pages/live.js"),
  calls: () => import("./pages/calls.js"),
  analytics: () => import("./pages/analytics.js"),
  costs: () => import("./pages/costs.js"),
  clients: () => import("./pages/clients.js"),
  teams: () => import("./pages/teams.js"),
  guards: () => import("./pages/guards.js"),
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

function Page() {
  const { page } = route.value;
  const [loaded, setLoaded] = useState(/** @type {any} */ ({}));
  useEffect(() => {
    const load = LOADERS[page];
    if (!load) {
      setLoaded({ page, isMissing: true });
      return;
    }
    // A page that comes when another has been asked for meanwhile must not take that one's place.
    let isAsked = true;
    load().then(
      (module) => isAsked && setLoaded({ page, module }),
      () =>
        isAsked &&
        setLoaded({
          page,
          error: new Error("This page could not be loaded. The gateway may have been updated: reload."),
        }),
    );
    sheet.value = false;
    return () => {
      isAsked = false;
    };
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
      ${ready.isMissing ? html`
        <${Empty}
          title=${`There is no page "${page}"`}
          action=${
            html`<a class="button main" href="#/overview">
              To the overview
            </a>`
          }
        >
          The address may be of another version. Ctrl K finds every page there is.
        <//>
      ` : ready.error ? html`
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
    <${Keys} />
    <${Toasts} />
  `;
}

/** The keys that work on every page. @param {KeyboardEvent} event */
function keys(event) {
  const isTyping =
    event.target instanceof HTMLElement && event.target.matches("input, textarea, select, [contenteditable]");
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
    event.preventDefault();
    if (me.value) isOpen.value = !isOpen.value;
  } else if (event.key === "/" && !isTyping) {
    const search = /** @type {HTMLElement|null} */ (document.querySelector("[data-search]"));
    if (!search) return;
    event.preventDefault();
    search.focus();
  } else if (event.key === "?" && !isTyping && me.value) {
    areKeysShown.value = !areKeysShown.value;
  }
}
addEventListener("keydown", keys);

const root = document.getElementById("app");
if (root) {
  root.textContent = "";
  render(html`<${App} />`, root);
}
