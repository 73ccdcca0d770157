/** The bar at the top: where one is, the page's own tools, whether what is seen is live, palette, theme, account. */
import { html, useEffect, useState } from "../ui.js";
import { logout, me } from "../api.js";
import { ago, exactTime } from "../format.js";
import { Icon } from "../icons.js";
import * as socket from "../socket.js";
import { choice, choose } from "../theme.js";
import { isOpen } from "../widgets/palette.js";

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

export function Top({ title, tools }) {
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
