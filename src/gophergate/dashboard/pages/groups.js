/** Groups: which models stand behind a name, how one is chosen, and where a request would go. */
import { html, useData, useState } from "../ui.js";
import { all, get, may, post, put, del } from "../api.js";
import { route, go, setDetail } from "../router.js";
import { percent, count, money, duration } from "../format.js";
import { Bar, Button, Pill, Sure, Tabs, When } from "../widgets/basics.js";
import { Drawer } from "../widgets/drawer.js";
import { Empty, Failed, Loaded } from "../widgets/states.js";
import { Table } from "../widgets/table.js";
import { toast, attempt } from "../widgets/toasts.js";
import { Icon } from "../icons.js";

const STRATEGIES = [
  ["ordered", "In order: the first that answers"],
  ["weighted", "By weight: a share for each"],
  ["least_latency", "Quickest: the one that answers fastest now"],
  ["least_busy", "Least busy: the one with the fewest calls"],
  ["cheapest", "Cheapest for this request"],
  ["sticky", "Sticky: a session stays where its cache is warm"],
  ["heuristic", "By rules: the first rule that fits"],
  ["classifier", "By a classifier: a small model judges the prompt"],
];

export default function Groups() {
  const { detail, query } = route.value;
  const groups = useData(() => all("/api/groups"), []);
  const close = () => setDetail("");
  return html`
    <div class="stack">
      <${Explain} start=${query.model || ""} />
      <section class="card">
        <header>
          <h2>Groups</h2>
          ${may("route") && html`
            <${Button} kind="main" onClick=${() => setDetail("new")}>
              Create a group
            <//>
          `}
        </header>
        <${Loaded} from=${groups}>
          ${(rows) =>
            rows.length ? html`
              <${Table}
                label="Groups"
                rows=${rows}
                rowKey=${(row) => row.name}
                selected=${detail}
                onOpen=${(row) => setDetail(row.name)}
                columns=${[
                  { key: "name", head: "Group", cell: (row) => html`<b>${row.name}</b>`, sort: (row) => row.name },
                  { key: "strategy", head: "Chosen", cell: (row) => row.strategy.replace("_", " ") },
                  {
                    key: "targets",
                    head: "Targets",
                    cell: (row) => html`
                      <span class="clip" title=${row.targets.map((one) => one.model).join(", ")}>
                        ${row.targets.map((one) => one.model).join(", ")}
                      </span>
                    `,
                  },
                  { key: "fallbacks", head: "Fallbacks", num: true, cell: (row) => row.fallbacks.length },
                  {
                    key: "state",
                    head: "State",
                    cell: (row) =>
                      row.problem ? html`
                        <${Pill} kind="bad" title=${row.problem}>
                          broken
                        <//>
                      ` : row.state === "draft" ? html`
                        <${Pill} kind="warn">draft v${row.version}<//>
                      ` : html`
                        <${Pill} kind="ok">${row.source === "file" ? "in the file" : `v${row.version}`}<//>
                      `,
                  },
                ]}
              />
            ` : html`
              <${Empty}
                title="No group yet"
                action=${
                  may("route") && html`
                    <${Button} kind="main" onClick=${() => setDetail("new")}>
                      Create a group
                    <//>
                  `
                }
              >
                A group is a name that callers ask for, with several models behind it: for fallbacks, for a
                split, for the cheapest or the quickest.
              <//>
            `
          }
        <//>
      </section>
      ${detail && detail !== "explain" && html`
        <${GroupDrawer}
          key=${detail}
          name=${detail === "new" ? "" : detail}
          onClose=${close}
          onChange=${groups.reload}
        />
      `}
    </div>
  `;
}

function Explain({ start }) {
  const [asked, setAsked] = useState(start);
  const [text, setText] = useState("");
  const [found, setFound] = useState(/** @type {any} */ (null));
  const [failed, setFailed] = useState(/** @type {any} */ (null));
  const ask = async (event) => {
    event?.preventDefault();
    setFailed(null);
    setFound(null);
    /** @type {any} */ const body = { model: asked.trim() };
    if (text.trim()) {
      try {
        body.request = JSON.parse(text);
      } catch {
        body.request = { model: asked.trim(), messages: [{ role: "user", content: text }] };
      }
    }
    try {
      setFound(await post("/api/groups/explain", body));
    } catch (error) {
      setFailed(error);
    }
  };
  useState(() => {
    if (start) ask();
  });
  return html`
    <section class="card">
      <header>
        <h2>Where would it go?</h2>
      </header>
      <form class="body stack tight" onSubmit=${ask}>
        <div class="line nowrap">
          <input
            class="input"
            aria-label="Model or group"
            placeholder="A model or group, as a caller would ask"
            value=${asked}
            onInput=${(event) => setAsked(event.target.value)}
          />
          <button class="button main" disabled=${!asked.trim()}>
            Explain
          </button>
        </div>
        <textarea
          class="input"
          rows="2"
          style=${{ minHeight: "56px" }}
          aria-label="A sample prompt or request"
          placeholder="A sample prompt, or a whole request as JSON (optional)"
          value=${text}
          onInput=${(event) => setText(event.target.value)}
        ></textarea>
        ${failed && html`<${Failed} error=${failed} />`}
        ${found && html`
          <div class="stack tight" role="status">
            <ol class="stack tight">
              ${found.deployments.map((one, n) => html`
                <li key=${one} class="line">
                  <${Pill} kind=${n ? "" : "accent"}>${n + 1}<//> <b>${one}</b>
                </li>
              `)}
            </ol>
            <ul class="small muted">
              ${found.decision.map((step, n) => html`
                <li key=${n}>${step}</li>
              `)}
            </ul>
          </div>
        `}
      </form>
    </section>
  `;
}

function GroupDrawer({ name, onClose, onChange }) {
  const group = useData(
    () =>
      name
        ? get(`/api/groups/${encodeURIComponent(name)}`)
        : Promise.resolve({
            name: "",
            source: "database",
            strategy: "ordered",
            targets: [{ model: "", weight: 1 }],
            fallbacks: [],
            rules: [],
            state: "new",
            version: 0,
          }),
    [name],
  );
  const [tab, setTab] = useState("edit");
  return html`
    <${Drawer} title=${name || "Create a group"} onClose=${onClose}>
      <${Loaded} from=${group}>
        ${(row) => html`
          <div class="stack">
            ${name && html`
              <${Tabs}
                options=${[
                  ["edit", "Targets"],
                  ...(row.source === "database" ? [["versions", "Versions"]] : []),
                  ["simulate", "Simulate"],
                ]}
                value=${tab}
                onPick=${setTab}
              />
            `}
            ${row.problem && html`<div class="notice bad">${row.problem}</div>`}
            ${tab === "edit" && html`
              <${Editor}
                key=${row.version}
                group=${row}
                onDone=${(saved) => {
                  onChange();
                  if (!name) go("groups", saved.name);
                  else group.reload();
                }}
                onGone=${() => {
                  onChange();
                  onClose();
                }}
              />
            `}
            ${tab === "versions" && html`
              <${Versions}
                name=${name}
                onDone=${() => {
                  group.reload();
                  onChange();
                }}
              />
            `}
            ${tab === "simulate" && html`<${Simulate} group=${row} />`}
          </div>
        `}
      <//>
    <//>
  `;
}

function Editor({ group, onDone, onGone }) {
  const fixed = group.source === "file" || !may("route");
  const [name, setName] = useState(group.name);
  const [strategy, setStrategy] = useState(group.strategy);
  const [targets, setTargets] = useState(() =>
    group.targets.map((one) => ({ model: one.model, weight: one.weight ?? 1 })),
  );
  const [fallbacks, setFallbacks] = useState(() => group.fallbacks.map((model) => ({ model })));
  const [rules, setRules] = useState(group.rules);
  const [failed, setFailed] = useState(/** @type {any} */ (null));
  const models =
    useData(() => all("/api/models", {}, 3000).then((rows) => rows.map((row) => row.name)), []).data || [];
  const usage = useData(
    () => get("/api/usage", { by: "model", since: new Date(Date.now() - 3600000).toISOString() }),
    [],
  ).data;
  const calls = Object.fromEntries((usage?.items || []).map((row) => [row.id, row.calls]));
  const inAll = targets.reduce(
    (sum, one) => sum + (calls[one.model] || calls[one.model.split("/").slice(1).join("/")] || 0),
    0,
  );
  const weights = targets.reduce((sum, one) => sum + Number(one.weight || 0), 0) || 1;
  const save = async (draft) => {
    setFailed(null);
    const body = {
      strategy,
      targets: targets
        .filter((one) => one.model.trim())
        .map((one) => ({ model: one.model.trim(), weight: Number(one.weight) })),
      fallbacks: fallbacks.map((one) => one.model.trim()).filter(Boolean),
      rules,
      draft,
    };
    try {
      const saved = group.name
        ? await put(`/api/groups/${encodeURIComponent(group.name)}`, body, group.etag)
        : await post("/api/groups", { ...body, name: name.trim() });
      toast(draft ? "Saved as a draft" : "In force");
      onDone(saved);
    } catch (error) {
      setFailed(error);
    }
  };
  const share = (one) =>
    inAll
      ? (calls[one.model] || calls[one.model.split("/").slice(1).join("/")] || 0) / inAll
      : strategy === "weighted"
        ? Number(one.weight || 0) / weights
        : 0;
  return html`
    <div class="stack">
      ${failed && html`<${Failed} error=${failed} />`}
      ${group.source === "file" && html`
        <div class="notice">It stands in the configuration file, and is changed there.</div>
      `}
      ${!group.name && html`
        <div class="field">
          <label for="group-name">Name</label>
          <input
            id="group-name"
            class="input"
            placeholder="fast"
            value=${name}
            onInput=${(event) => setName(event.target.value)}
          />
          <span class="hint">What callers ask for as the model.</span>
        </div>
      `}
      <div class="field">
        <label for="group-strategy">How one is chosen</label>
        <select
          id="group-strategy"
          class="input"
          disabled=${fixed}
          onChange=${(event) => setStrategy(event.target.value)}
        >
          ${STRATEGIES.map(([value, word]) => html`
            <option key=${value} value=${value} selected=${value === strategy}>
              ${word}
            </option>
          `)}
        </select>
      </div>
      <div class="field">
        <span class="label">Targets</span>
        <datalist id="model-names">
          ${models.map((one) => html`
            <option key=${one} value=${one} />
          `)}
        </datalist>
        <${Rows}
          rows=${targets}
          onChange=${setTargets}
          fixed=${fixed}
          weighted=${strategy === "weighted"}
          share=${share}
        />
        <span class="hint">
          ${inAll
            ? `Bars show real shares of the last hour's ${count(inAll)} calls.`
            : strategy === "weighted"
              ? "Bars show the shares by weight; there were no calls in the last hour."
              : "No calls in the last hour."}
        </span>
      </div>
      <div class="field">
        <span class="label">When every target has failed</span>
        <${Rows} rows=${fallbacks} onChange=${setFallbacks} fixed=${fixed} />
      </div>
      ${(strategy === "heuristic" || rules.length > 0) && html`
        <${Rules} rules=${rules} onChange=${setRules} fixed=${fixed} />
      `}
      ${!fixed && html`
        <div class="spread">
          <div class="line">
            <${Button} kind="main" onClick=${() => save(false)}>
              ${group.name ? "Put in force" : "Create the group"}
            <//>
            <${Button} onClick=${() => save(true)}>Save as a draft<//>
          </div>
          ${group.name && html`
            <${Sure}
              word="Delete"
              question="Callers who ask for it get an error."
              onSure=${() =>
                attempt(async () => {
                  await del(`/api/groups/${encodeURIComponent(group.name)}`);
                  onGone();
                }, "The group is deleted")
              }
            />
          `}
        </div>
      `}
    </div>
  `;
}

/** Rows that can be dragged, or moved with Alt and the arrows. */
function Rows({ rows, onChange, fixed, weighted = false, share }) {
  const [held, setHeld] = useState(-1);
  const set = (at, change) => onChange(rows.map((row, n) => (n === at ? { ...row, ...change } : row)));
  const move = (from, to) => {
    if (to < 0 || to >= rows.length || from === to) return;
    const next = [...rows];
    next.splice(to, 0, ...next.splice(from, 1));
    onChange(next);
  };
  return html`
    <ul class="targets">
      ${rows.map((row, n) => html`
        <li
          key=${n}
          draggable=${!fixed && held === n}
          onDragOver=${(event) => event.preventDefault()}
          onDragEnter=${() => {
            if (held >= 0 && held !== n) {
              move(held, n);
              setHeld(n);
            }
          }}
          onDragEnd=${() => setHeld(-1)}
        >
          <button
            type="button"
            class="drag"
            disabled=${fixed}
            title="Drag, or Alt and the arrow keys"
            aria-label=${`Move ${row.model || "this row"}`}
            onMouseDown=${() => setHeld(n)}
            onKeyDown=${(event) => {
              if (event.altKey && event.key === "ArrowUp") move(n, n - 1);
              if (event.altKey && event.key === "ArrowDown") move(n, n + 1);
            }}
          >
            ⋮⋮
          </button>
          <input
            class="input"
            list="model-names"
            aria-label="Model or group"
            placeholder="provider/model or a group"
            disabled=${fixed}
            value=${row.model}
            onInput=${(event) => set(n, { model: event.target.value })}
          />
          ${weighted ? html`
            <input
              class="input"
              type="number"
              min="0"
              step="any"
              aria-label="Weight"
              disabled=${fixed}
              value=${row.weight}
              onInput=${(event) => set(n, { weight: event.target.value })}
            />
          ` : html`
            <span></span>
          `}
          ${share ? html`<${Bar} share=${share(row)} label=${`${row.model}: ${percent(share(row))}`} />` : html`<span></span>`}
          ${!fixed && html`
            <button
              type="button"
              class="button quiet icon"
              aria-label="Take away"
              onClick=${() => onChange(rows.filter((_, at) => at !== n))}
            >
              <${Icon} name="close" />
            </button>
          `}
        </li>
      `)}
    </ul>
    ${!fixed && html`
      <div>
        <${Button} kind="quiet" onClick=${() => onChange([...rows, { model: "", weight: 1 }])}>
          <${Icon} name="plus" />
          Add
        <//>
      </div>
    `}
  `;
}

const CONDITIONS = [
  ["min_input_tokens", "the input has at least", "tokens"],
  ["max_input_tokens", "the input has at most", "tokens"],
  ["min_messages", "there are at least", "messages"],
  ["has_tools", "tools are offered", ""],
  ["has_images", "there are images", ""],
  ["contains", "the last message contains", ""],
  ["stream", "it is streamed", ""],
];

function Rules({ rules, onChange, fixed }) {
  const set = (at, rule) => onChange(rules.map((one, n) => (n === at ? rule : one)));
  const sentence = (rule) =>
    Object.entries(rule.when || {})
      .map(([name, value]) => {
        const [, word, unit] = CONDITIONS.find(([key]) => key === name) || [name, name, ""];
        return value === true ? word : `${word} ${value} ${unit}`.trim();
      })
      .join(" and ") || "always";
  return html`
    <div class="field">
      <span class="label">Rules, the first that fits</span>
      <ol class="stack tight">
        ${rules.map((rule, n) => html`
          <li key=${n} class="card" style=${{ padding: "12px" }}>
            <div class="spread">
              <span>
                When ${sentence(rule)} → <b>${rule.target || rule.model || "…"}</b>
              </span>
              ${!fixed && html`
                <button
                  type="button"
                  class="button quiet icon"
                  aria-label="Take the rule away"
                  onClick=${() => onChange(rules.filter((_, at) => at !== n))}
                >
                  <${Icon} name="close" />
                </button>
              `}
            </div>
            ${!fixed && html`
              <div class="line" style=${{ marginTop: "8px" }}>
                <select
                  class="input slim"
                  aria-label="Add a condition"
                  value=""
                  onChange=${(event) => {
                    const name = event.target.value;
                    if (name)
                      set(n, {
                        ...rule,
                        when: {
                          ...(rule.when || {}),
                          [name]: ["has_tools", "has_images", "stream"].includes(name)
                            ? true
                            : name === "contains"
                              ? ""
                              : 1000,
                        },
                      });
                    event.target.value = "";
                  }}
                >
                  <option value="">Add a condition…</option>
                  ${CONDITIONS.map(([name, word]) => html`
                    <option key=${name} value=${name}>
                      ${word}
                    </option>
                  `)}
                </select>
                ${Object.entries(rule.when || {})
                  .filter(([, value]) => value !== true)
                  .map(([name, value]) => html`
                    <input
                      key=${name}
                      class="input slim"
                      style=${{ width: "120px" }}
                      aria-label=${name}
                      value=${value}
                      onInput=${(event) =>
                        set(n, {
                          ...rule,
                          when: {
                            ...rule.when,
                            [name]: name === "contains" ? event.target.value : Number(event.target.value),
                          },
                        })
                      }
                    />
                  `)}
                <span>→</span>
                <input
                  class="input slim"
                  list="model-names"
                  aria-label="Target"
                  placeholder="target"
                  value=${rule.target || ""}
                  onInput=${(event) => set(n, { ...rule, target: event.target.value })}
                />
              </div>
            `}
          </li>
        `)}
      </ol>
      ${!fixed && html`
        <div>
          <${Button} kind="quiet" onClick=${() => onChange([...rules, { when: {}, target: "" }])}>
            <${Icon} name="plus" />
            Add a rule
          <//>
        </div>
      `}
    </div>
  `;
}

function Versions({ name, onDone }) {
  const versions = useData(() => all(`/api/groups/${encodeURIComponent(name)}/versions`), [name]);
  const publish = (version) =>
    attempt(async () => {
      await post(`/api/groups/${encodeURIComponent(name)}/publish`, { version });
      versions.reload();
      onDone();
    }, `Version ${version} is in force`);
  return html`
    <${Loaded} from=${versions}>
      ${(rows) => html`
        <ul class="stack">
          ${rows.map((row) => html`
            <li key=${row.version} class="card" style=${{ padding: "12px 16px" }}>
              <div class="spread">
                <span>
                  <b>Version ${row.version}</b>${" "}
                  <${Pill} kind=${row.state === "published" ? "ok" : row.state === "draft" ? "warn" : ""}>
                    ${row.state}
                  <//>${" "}
                  <span class="muted small">
                    <${When} at=${row.created_at} />
                  </span>
                </span>
                ${may("route") && row.state !== "published" && html`
                  <${Button} onClick=${() => publish(row.version)}>
                    ${row.state === "draft" ? "Publish" : "Go back to it"}
                  <//>
                `}
              </div>
              <p class="small muted">
                ${row.strategy.replace("_", " ")}: ${row.targets.map((one) => one.model).join(", ")}
              </p>
            </li>
          `)}
        </ul>
      `}
    <//>
  `;
}

function Simulate({ group }) {
  const [state, setState] = useState(/** @type {any} */ (null));
  const run = async () => {
    setState({ busy: true });
    try {
      setState(
        await post("/api/groups/simulate", {
          name: group.name,
          strategy: group.strategy,
          targets: group.targets.map((one) => ({ model: one.model, weight: one.weight ?? 1 })),
          fallbacks: group.fallbacks,
          rules: group.rules,
          calls: 5000,
        }),
      );
    } catch (error) {
      setState({ error });
    }
  };
  return html`
    <div class="stack">
      <p class="muted">
        Replays the last calls that asked for this group against it as it stands here: which model each would
        have got, and what that changes.
      </p>
      <div>
        <${Button} kind="main" onClick=${run} disabled=${state?.busy}>
          ${state?.busy ? "Replaying…" : "Replay the last 5,000 calls"}
        <//>
      </div>
      ${state?.error && html`<${Failed} error=${state.error} />`}
      ${state?.calls !== undefined && html`
        <dl class="facts">
          <div>
            <dt>Calls</dt>
            <dd>${count(state.calls)}</dd>
          </div>
          <div>
            <dt>Answered by another</dt>
            <dd>${count(state.moved)}</dd>
          </div>
          <div>
            <dt>Cost then</dt>
            <dd>${money(state.cost_before)}</dd>
          </div>
          <div>
            <dt>Cost now</dt>
            <dd>${money(state.cost_after)}</dd>
          </div>
          <div>
            <dt>Latency then</dt>
            <dd>${duration(state.latency_ms_before)}</dd>
          </div>
          <div>
            <dt>Latency now</dt>
            <dd>${duration(state.latency_ms_after)}</dd>
          </div>
        </dl>
        <${Table}
          label="By model"
          rows=${state.models}
          rowKey=${(row) => row.model}
          columns=${[
            { key: "model", head: "Model", cell: (row) => row.model },
            { key: "before", head: "Then", num: true, cell: (row) => count(row.before) },
            { key: "after", head: "Now", num: true, cell: (row) => count(row.after) },
          ]}
        />
      `}
    </div>
  `;
}
