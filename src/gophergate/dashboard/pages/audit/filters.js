/** What the audit log is narrowed by: who, what they did, to what, when. All of it stands in the address. */
import { html, useEffect, useState, useSettled } from "../../ui.js";
import { setQuery } from "../../router.js";
import { RANGES } from "../../widgets/range.js";
import { ACTIONS, actionsOf } from "./sentences.js";
import { KINDS } from "./things.js";

const HOURS = { "1h": 1, "24h": 24, "7d": 168, "30d": 720, "90d": 2160 };
const FILTERS = ["actor", "kind", "id", "action", "range", "since", "until"];

/** The question for the API that an address means. @param {Record<string, string>} query */
export function asked(query) {
  const hours = HOURS[query.range];
  // To the minute: what is the same range is the same question.
  const now = Math.ceil(Date.now() / 60000) * 60000;
  return {
    actor: query.actor,
    target_kind: query.kind,
    target_id: query.id,
    action: query.action,
    since: hours ? new Date(now - hours * 3600000).toISOString() : midnight(query.since),
    until: midnight(query.until, 1),
  };
}

export const isNarrowed = (query) => FILTERS.some((name) => query[name]);

/** The beginning of a day here, or of one `later`. */
function midnight(day, later = 0) {
  const at = new Date(`${day}T00:00:00`);
  if (!day || Number.isNaN(at.getTime())) return undefined;
  at.setDate(at.getDate() + later);
  return at.toISOString();
}

/** @param {{query: Record<string, string>, rows: any[]}} props */
export function Filters({ query, rows }) {
  const actors = [...new Set(rows.map((row) => row.actor))].sort();
  const isBetween = query.range === "between" || query.since || query.until;
  const actions = query.kind ? actionsOf(query.kind) : Object.keys(ACTIONS);
  return html`
    <div class="filters">
      ${query.id && html`
        <button
          type="button"
          class="pill accent chip"
          title="Take this filter away"
          onClick=${() => setQuery({ id: "" })}
        >
          only ${query.id} ✕
        </button>
      `}
      <${Actor} asked=${query.actor || ""} known=${actors} />
      <${Pick}
        word="What was changed"
        all="Everything"
        value=${query.kind}
        options=${Object.entries(KINDS)}
        onPick=${(kind) => setQuery({ kind, id: "", action: "" })}
      />
      <${Pick}
        word="What was done"
        all="Any action"
        value=${query.action}
        options=${actions.map((action) => [action, ACTIONS[action]])}
        onPick=${(action) => setQuery({ action })}
      />
      <${Pick}
        word="When"
        all="Any time"
        value=${isBetween ? "between" : query.range}
        options=${[
          ...RANGES.map(([key, word]) => [key, `Last ${word.toLowerCase()}`]),
          ["between", "Between two days"],
        ]}
        onPick=${(range) => setQuery({ range, since: "", until: "" })}
      />
      ${isBetween && html`
        <${Day} word="First day" name="since" value=${query.since} />
        <${Day} word="Last day" name="until" value=${query.until} />
      `}
    </div>
  `;
}

function Actor({ asked: now, known }) {
  const [text, setText] = useState(now);
  const settled = useSettled(text);
  useEffect(() => {
    if (settled !== now) setQuery({ actor: settled });
  }, [settled]);
  useEffect(() => {
    if (now !== settled) setText(now);
  }, [now]);
  return html`
    <input
      class="input slim"
      type="search"
      data-search
      list="audit-actors"
      placeholder="Who  ( / )"
      aria-label="Who did it"
      value=${text}
      onInput=${(event) => setText(event.target.value)}
    />
    <datalist id="audit-actors">
      ${known.map((one) => html`
        <option key=${one} value=${one} />
      `)}
    </datalist>
  `;
}

const Pick = ({ word, all, value = "", options, onPick }) => html`
  <select class="input slim" aria-label=${word} value=${value} onChange=${(event) => onPick(event.target.value)}>
    <option value="">${all}</option>
    ${options.map(([key, shown]) => html`
      <option key=${key} value=${key} selected=${key === value}>
        ${shown}
      </option>
    `)}
  </select>
`;

const Day = ({ word, name, value = "" }) => html`
  <input
    class="input slim"
    type="date"
    aria-label=${word}
    value=${value}
    onChange=${(event) =>
      setQuery({ range: "", [name]: event.target.value, ...(event.target.value ? {} : { range: "between" }) })
    }
  />
`;
