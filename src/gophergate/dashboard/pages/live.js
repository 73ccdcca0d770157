/** Calls as they happen: on the left what runs and what just ended, on the right one of them as it is written. */
import { html, useData, useEffect, useRef } from "../ui.js";
import { names as namesOf } from "../api.js";
import { route, setQuery } from "../router.js";
import { count } from "../format.js";
import * as socket from "../socket.js";
import { Button, Segments } from "../widgets/basics.js";
import { Empty } from "../widgets/states.js";
import { calls, drawn, follow, isBusy, lately, paused, skipped, toggle, waitingCount } from "./live/feed.js";
import { lines } from "./live/lines.js";
import { List } from "./live/list.js";
import { Watched } from "./live/watched.js";

/** Milliseconds that a call stays on the right after it ended, before the next is followed. */
const LINGER = 4000;

export const Tools = () => html`
  <${Button} onClick=${toggle} aria-pressed=${paused.value}>
    ${paused.value ? `Go on${waitingCount.value ? ` (${count(waitingCount.value)})` : ""}` : "Pause"}
  <//>
`;

const isFailed = (status) => !["ok", "running", "client_closed"].includes(status);

export default function Live() {
  const names = useData(() => namesOf("clients"), []).data || {};
  useEffect(follow, []);
  drawn.value; // The page is drawn when the feed says so.
  const { show = "all", q = "", call: picked = "" } = route.value.query;
  const wanted = q.toLowerCase();
  const passes = (call) =>
    (show === "all" || (show === "running" ? call.status === "running" : isFailed(call.status))) &&
    (!wanted ||
      `${call.model_requested} ${call.provider}/${call.model} ${names[call.client_id] || ""} ${call.prompt || ""}`
        .toLowerCase()
        .includes(wanted));
  const found = [...calls.values()].filter(passes);
  const shown = lines(found, lately(), { isBusy: isBusy.value, passes });
  const watched = useFollowed(found, picked);
  const running = found.filter((call) => call.status === "running").length;
  return html`
    <div class="stack">
      <div class="spread">
        <div class="filters">
          <${Segments}
            label="Which calls"
            value=${show}
            onPick=${(value) => setQuery({ show: value === "all" ? "" : value })}
            options=${[
              ["all", "All"],
              ["running", `In flight ${running}`],
              ["failed", "Failed"],
            ]}
          />
          <input
            class="input slim wide"
            data-search
            type="search"
            placeholder="Filter by model, client, prompt  ( / )"
            aria-label="Filter the live calls"
            value=${q}
            onInput=${(event) => setQuery({ q: event.target.value })}
          />
          ${isBusy.value && html`
            <span
              class="pill accent"
              title="More ends than can be read one by one: lines count what ended within the last minute"
            >
              merged
            </span>
          `}
          ${skipped.value > 0 && html`
            <span class="pill warn" title="More happened at once than can be shown; every call is in the log">
              ${count(skipped.value)} not shown
            </span>
          `}
        </div>
        <${Host} />
      </div>
      <div class="livewrap">
        <section class="card" aria-label="Calls in flight and just done">
          <div class="scroll">
            ${shown.length ? html`
              <${List}
                lines=${shown}
                names=${names}
                picked=${watched?.id || ""}
                onPick=${(id) => setQuery({ call: id })}
              />
            ` : html`
              <${Nothing} isFiltered=${show !== "all" || Boolean(q)} />
            `}
          </div>
        </section>
        <section class="card" aria-label="The selected call">
          <div class="scroll" tabIndex="0">
            ${watched ? html`
              <${Watched} key=${watched.id} call=${watched} names=${names} />
            ` : html`
              <${Empty} title="No call is selected">
                The newest is shown here by itself; pick another on the left.
              <//>
            `}
          </div>
        </section>
      </div>
    </div>
  `;
}

/** The picked call, else one that runs, until a moment after its end: what is read must not be swapped for the next. */
function useFollowed(found, picked) {
  const followed = useRef("");
  if (picked && calls.has(picked)) return calls.get(picked);
  const now = calls.get(followed.current);
  const isOver = !now || (now.ended !== undefined && performance.now() - now.ended > LINGER);
  const next =
    found.findLast((call) => call.status === "running") || (now ? undefined : found[found.length - 1]);
  if (isOver && next) followed.current = next.id;
  return calls.get(followed.current);
}

function Nothing({ isFiltered }) {
  if (isFiltered)
    return html`
      <${Empty}
        title="No call fits the filter"
        action=${html`<${Button} onClick=${() => setQuery({ q: "", show: "" })}>Show all<//>`}
      >
        Calls are going on that it hides, or none are.
      <//>
    `;
  return html`
    <${Empty} title="Nothing is being asked">
      Calls appear here within a moment of their arrival. <a href="#/playground">Ask something</a> and watch.
    <//>
  `;
}

function Host() {
  const now = socket.host.value;
  if (!now) return null;
  return html`
    <span class="small muted figures host" title=${`${now.host.name}: ${now.host.cpus} processors`}>
      CPU ${Math.round(now.host.cpu_percent)} % · memory ${Math.round(now.host.process_memory / 1e6)} MB ·${" "}
      ${now.connections?.open ?? 0} provider connections · ${now.viewers} watching
    </span>
  `;
}
