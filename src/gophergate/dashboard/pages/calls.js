/** Every call: filters, an endless table, and one call beside it. */
import {
  html,
  isPhone,
  useData,
  useEffect,
  useMemo,
  useRef,
  useState,
  useSettled,
  useCallback,
} from "../ui.js";
import { get, names as namesOf, query as search } from "../api.js";
import { OPERATIONS } from "../operations.js";
import { route, setQuery, setDetail, go } from "../router.js";
import { count, duration } from "../format.js";
import { Button, Money, outcomeKind, outcomeWord, When } from "../widgets/basics.js";
import { VirtualTable } from "../widgets/table.js";
import { Drawer } from "../widgets/drawer.js";
import { Empty, Failed, Skeleton } from "../widgets/states.js";
import { CallActions } from "./calls/actions.js";
import { CallDetail } from "./calls/detail.js";
import { range, RangePicker } from "../widgets/range.js";

const FILTERS = [
  "q",
  "status",
  "client_id",
  "model",
  "provider",
  "door",
  "operation",
  "tag",
  "session",
  "unpriced",
  "min_cost",
  "min_latency_ms",
];
const NOBODY = {};
export const Tools = () => html`<${RangePicker} fallback="7d" />`;

function None({ isFiltered }) {
  if (isFiltered)
    return html`
      <${Empty} title="No calls here" action=${html`<${Button} onClick=${() => go("calls")}>Clear the filters<//>`}>
        Nothing in this range fits the filters. A new call is listed within a second.
      <//>
    `;
  return html`
    <${Empty}
      title="No calls in this range"
      action=${
        html`<a class="button" href="#/welcome">
          Make the first call
        </a>`
      }
    >
      A new call is listed within a second. Three steps lead to the first one.
    <//>
  `;
}

export default function Calls() {
  const { query, detail } = route.value;
  const asked = Object.fromEntries(FILTERS.map((name) => [name, query[name] || ""]));
  const when = range("7d");
  const key = JSON.stringify([asked, when.name]);
  const names = useData(() => namesOf("clients"), []).data || NOBODY;
  const shown = useMemo(() => columns(names), [names, isPhone.value]);
  const providers =
    useData(
      () =>
        namesOf("providers")
          .then((found) => Object.keys(found))
          .catch(() => []),
      [],
    ).data || [];
  const list = useList(key, { ...asked, since: when.since });
  const at = list.rows.findIndex((row) => row.id === detail);
  const walk = (step) => {
    const next = list.rows[at + step];
    if (next) setDetail(next.id);
  };
  const exported = (format) => `/api/calls/export${search({ ...asked, since: when.since, format })}`;
  return html`
    <div class="stack">
      <div class="spread">
        <${Filters} asked=${asked} names=${names} providers=${providers} />
        <div class="line">
          <${Button} onClick=${list.restart}>Refresh<//>
          <a class="button" href=${exported("csv")} download>
            CSV
          </a>
          <a class="button" href=${exported("json")} download>
            JSON
          </a>
        </div>
      </div>
      ${list.error && html`<${Failed} error=${list.error} retry=${list.restart} />`}
      <div class="card">
        ${list.rows.length ? html`
          <${VirtualTable}
            columns=${shown}
            rows=${list.rows}
            rowKey=${(row) => row.id}
            selected=${detail}
            onOpen=${(row) => setDetail(row.id)}
            onEnd=${list.more}
            height="var(--tall)"
            label="Calls"
            foot=${
              list.loading ? html`
                <p class="faint small" style=${{ padding: "8px 16px" }}>
                  Loading more…
                </p>
              ` : null
            }
          />
        ` : list.loading ? html`
          <div style=${{ padding: "16px" }}>
            <${Skeleton} rows=${10} />
          </div>
        ` : html`
          <${None} isFiltered=${Object.values(asked).some(Boolean)} />
        `}
      </div>
      ${detail && html`
        <${Drawer}
          key="call"
          title="Call"
          onClose=${() => setDetail("")}
          onWalk=${walk}
          footer=${html`<${CallActions} id=${detail} call=${list.rows[at]} />`}
        >
          <${CallDetail} key=${detail} id=${detail} names=${names} />
        <//>
      `}
    </div>
  `;
}

/** Pages of calls, added up as they are asked for. */
function useList(key, params) {
  const [state, setState] = useState({
    rows: /** @type {any[]} */ ([]),
    cursor: /** @type {string|null} */ (null),
    loading: true,
    error: /** @type {any} */ (null),
  });
  const turn = useRef(0);
  const busy = useRef(false);
  const load = useCallback(
    async (cursor, before) => {
      const mine = turn.current;
      busy.current = true;
      setState((was) => ({ ...was, loading: true }));
      try {
        const page = await get("/api/calls", { ...params, limit: 200, cursor });
        if (mine === turn.current)
          setState({ rows: [...before, ...page.items], cursor: page.next_cursor, loading: false, error: null });
      } catch (error) {
        if (mine === turn.current) setState((was) => ({ ...was, loading: false, error }));
      } finally {
        if (mine === turn.current) busy.current = false;
      }
    },
    [key],
  );
  const restart = useCallback(() => {
    turn.current += 1;
    load(null, []);
  }, [load]);
  useEffect(() => {
    setState((was) => ({ ...was, rows: [] }));
    restart();
    return () => {
      turn.current += 1;
    };
  }, [key]);
  const more = useCallback(() => {
    if (!busy.current && state.cursor) load(state.cursor, state.rows);
  }, [state.cursor, state.rows, load]);
  return { ...state, more, restart };
}

function Filters({ asked, names, providers }) {
  const [text, setText] = useState(asked.q);
  const settled = useSettled(text);
  useEffect(() => {
    if (settled !== asked.q) setQuery({ q: settled });
  }, [settled]);
  const pick = (name, word, options) => html`
    <select
      class="input slim"
      aria-label=${word}
      value=${asked[name]}
      onChange=${(event) => setQuery({ [name]: event.target.value })}
    >
      <option value="">${word}</option>
      ${options.map(([value, shown]) => html`
        <option key=${value} value=${value} selected=${asked[name] === value}>
          ${shown}
        </option>
      `)}
    </select>
  `;
  const others = ["model", "tag", "session", "min_cost", "min_latency_ms"].filter((name) => asked[name]);
  return html`
    <div class="filters">
      <input
        class="input slim"
        data-search
        type="search"
        placeholder="Search calls  ( / )"
        title="Part of an id, a model, a session or an error"
        style=${{ width: "220px" }}
        aria-label="Search calls"
        value=${text}
        onInput=${(event) => setText(event.target.value)}
      />
      ${pick("status", "Any outcome", [
        ["ok", "OK"],
        ["error", "Error"],
        ["refused", "Refused"],
        ["timeout", "Time-out"],
        ["client_closed", "Client left"],
      ])}
      ${pick("client_id", "Any client", Object.entries(names))}
      ${pick(
        "provider",
        "Any provider",
        providers.map((name) => [name, name]),
      )}
      ${pick("operation", "Any operation", Object.entries(OPERATIONS))}
      ${pick("unpriced", "Any price", [["true", "Unpriced"]])}
      ${others.map((name) => html`
        <button
          type="button"
          key=${name}
          class="pill accent"
          style=${{ border: 0, cursor: "pointer" }}
          title="Take this filter away"
          onClick=${() => setQuery({ [name]: "" })}
        >
          ${name.replace("min_", "≥ ")}: ${asked[name]} ✕
        </button>
      `)}
    </div>
  `;
}

const columns = (names) => [
  {
    key: "status",
    head: "",
    width: "14px",
    cell: (row) => html`
      <i
        class=${`dot ${outcomeKind(row.status)}`}
        style=${{ display: "inline-block" }}
        title=${`${outcomeWord(row.status)} ${row.error_code || ""}`}
      ></i>
      <span class="hidden">${outcomeWord(row.status)}</span>
    `,
  },
  {
    key: "at",
    head: "When",
    width: isPhone.value ? "80px" : "92px",
    cell: (row) => html`<${When} at=${row.started_at} />`,
  },
  {
    key: "asked",
    head: "Model asked",
    width: "minmax(110px, 1.3fr)",
    cell: (row) => html`
      <span class="whole" title=${row.model_requested}>
        ${row.model_requested}
        ${row.operation !== "chat" && html`
          ${" "}
          <span class="faint small">${OPERATIONS[row.operation] || row.operation}</span>
        `}
      </span>
    `,
  },
  {
    key: "answered",
    phone: false,
    head: "Answered by",
    width: "minmax(130px, 1.4fr)",
    cell: (row) =>
      row.model ? html`
        <span title=${`${row.provider}/${row.model}`}>
          ${row.provider}/${row.model}
        </span>
      ` : html`
        <span class="faint">${row.error_code || "–"}</span>
      `,
  },
  {
    key: "client",
    phone: false,
    head: "Client",
    width: "minmax(90px, 1fr)",
    cell: (row) =>
      names[row.client_id] || html`
        <span class="mono faint">${row.client_id ? "…" + row.client_id.slice(-6) : "–"}</span>
      `,
  },
  {
    key: "in",
    phone: false,
    head: "Tokens in",
    num: true,
    width: "76px",
    cell: (row) =>
      count(
        row.usage ? (row.usage.input || 0) + (row.usage.cache_read || 0) + (row.usage.cache_write || 0) : null,
      ),
  },
  { key: "out", phone: false, head: "Out", num: true, width: "64px", cell: (row) => count(row.usage?.output) },
  {
    key: "first",
    phone: false,
    head: "First token",
    num: true,
    width: "84px",
    cell: (row) => duration(row.first_token_ms),
  },
  { key: "total", head: "Total", num: true, width: "76px", cell: (row) => duration(row.latency_ms) },
  {
    key: "cost",
    phone: false,
    head: "Cost",
    num: true,
    width: "92px",
    cell: (row) =>
      row.usage ? html`
        <${Money} value=${row.cost} model=${row.provider ? `${row.provider}/${row.model}` : ""} />
      ` : html`
        <span class="faint">–</span>
      `,
  },
];
