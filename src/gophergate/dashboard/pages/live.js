/** Calls as they happen: on the left what runs and what just ended, on the right one of them as it is written. */
import { html, useData, useEffect, useRef } from "../ui.js";
import { names as namesOf } from "../api.js";
import { route, setQuery } from "../router.js";
import { count } from "../format.js";
import * as socket from "../socket.js";
import { Button, Segments } from "../widgets/basics.js";
import { Empty } from "../widgets/states.js";
import { follow, hold, paused, skipped, toggle, view, waitingCount } from "./live/feed.js";
import { linesOf } from "./live/lines.js";
import { List } from "./live/list.js";
import { Watched } from "./live/watched.js";

/** Milliseconds that a call stays on the right after it ended, before the next is followed. */
const LINGER = 4000;

export const Tools = () => html`
  <${Button}
    onClick=${toggle}
    aria-pressed=${paused.value}
    title=${paused.value ? "So many calls began or ended meanwhile" : "Let what is shown stand still"}
  >
    ${paused.value ? `Go on${waitingCount.value ? ` (${count(waitingCount.value)})` : ""}` : "Pause"}
  <//>
`;

export default function Live() {
  const names = useData(() => namesOf("clients"), []).data || {};
  useEffect(follow, []);
  const { at, isBusy } = view.value;
  const { q = "", call: picked = "" } = route.value.query;
  const show = /** @type {import("./live/lines.js").Show} */ (
    ["running", "failed"].includes(route.value.query.show) ? route.value.query.show : "all"
  );
  const { lines, more, running } = linesOf(view.value, show, q, names);
  const watched = useFollowed(view.value, lines, picked);
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
          ${isBusy && html`
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
            ${lines.length ? html`
              <${List}
                lines=${lines}
                more=${more}
                at=${at}
                names=${names}
                picked=${watched}
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
              <${Watched} key=${watched.id} call=${watched} at=${at} names=${names} />
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

/**
 * The picked call, else one that runs, until a moment after its end: what is read must not be swapped for the next.
 * @param {import("./live/feed.js").View} view @param {import("./live/lines.js").Line[]} lines @param {string} picked
 */
function useFollowed({ at, calls }, lines, picked) {
  const followed = useRef("");
  const now = calls.get(calls.has(picked) ? picked : followed.current);
  const isOver = !now || (now.ended !== undefined && at - now.ended > LINGER);
  if (isOver && now?.id !== picked) {
    const shown = lines.map((line) => ("call" in line ? line.call : calls.get(line.newest)));
    const next = shown.find((call) => call && call.ended === undefined) || (now ? undefined : shown[0]);
    if (next) followed.current = next.id;
  }
  const call = calls.get(calls.has(picked) ? picked : followed.current);
  useEffect(() => hold(call?.id || ""), [call?.id]);
  return call;
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
