/** Providers: add one in three clicks with a live test; re-key, disable, watch its credit. */
import { html, useData, useState } from "../ui.js";
import { all, get, may, post, patch, put, del } from "../api.js";
import { route, setDetail, go } from "../router.js";
import { count, duration, money, percent } from "../format.js";
import { Bar, Button, Pill, Sure, Tabs, When } from "../widgets/basics.js";
import { Drawer } from "../widgets/drawer.js";
import { Field, FormBox, useForm, lines, numberOr, textOr } from "../widgets/form.js";
import { Empty, Loaded } from "../widgets/states.js";
import { Table } from "../widgets/table.js";
import { toast, attempt } from "../widgets/toasts.js";

const STATES = {
  ok: ["ok", "in service"],
  disabled: ["", "disabled"],
  failing: ["bad", "failing"],
  broken: ["bad", "out of service"],
};

export default function Providers() {
  const { detail } = route.value;
  const providers = useData(() => all("/api/providers"), [], { every: 30000 });
  const usage = useData(
    () => get("/api/usage", { by: "provider", since: new Date(Date.now() - 86400000).toISOString() }),
    [],
  );
  const seen = Object.fromEntries((usage.data?.items || []).map((row) => [row.id, row]));
  const close = () => setDetail("");
  return html`
    <section class="card">
      <header>
        <h2>Providers</h2>
        ${may("configure") && html`
          <${Button} kind="main" onClick=${() => setDetail("new")}>
            Add a provider
          <//>
        `}
      </header>
      <${Loaded} from=${providers} rows=${8}>
        ${(rows) =>
          rows.length ? html`
            <${Table}
              label="Providers"
              rows=${rows}
              rowKey=${(row) => row.name}
              selected=${detail}
              onOpen=${(row) => setDetail(row.name)}
              columns=${[
                {
                  key: "name",
                  head: "Provider",
                  cell: (row) => html`
                    <b>${row.name}</b> <span class="muted small">${row.label}</span>
                  `,
                  sort: (row) => row.name,
                },
                {
                  key: "state",
                  head: "State",
                  cell: (row) => html`
                    <${Pill} kind=${STATES[row.state][0]} title=${row.problem || ""}>
                      ${STATES[row.state][1]}
                    <//>${" "}
                    ${row.breaker && row.breaker !== "closed" ? html`
                      <${Pill} kind="bad">breaker ${row.breaker}<//>
                    ` : (
                      ""
                    )}
                  `,
                },
                {
                  key: "key",
                  head: "Key",
                  cell: (row) =>
                    row.api_key_masked ? html`<code>${row.api_key_masked}</code>` : html`<span class="faint">none</span>`,
                },
                {
                  key: "models",
                  head: "Models",
                  num: true,
                  cell: (row) => count(row.known_models),
                  sort: (row) => row.known_models,
                },
                {
                  key: "calls",
                  head: "Calls, a day",
                  num: true,
                  cell: (row) => count(seen[row.name]?.calls || 0),
                  sort: (row) => seen[row.name]?.calls || 0,
                },
                {
                  key: "errors",
                  head: "Failed",
                  num: true,
                  cell: (row) => {
                    const one = seen[row.name];
                    return one ? percent((one.error + one.timeout) / one.calls) : html`<span class="faint">–</span>`;
                  },
                },
                { key: "p50", head: "p50", num: true, cell: (row) => duration(seen[row.name]?.latency_ms_p50) },
                {
                  key: "source",
                  head: "Kept in",
                  cell: (row) => html`
                    <span class="muted small">${row.source === "file" ? "the file" : "the database"}</span>
                  `,
                },
              ]}
            />
          ` : html`
            <${Empty}
              title="No provider yet"
              action=${
                may("configure") && html`
                  <${Button} kind="main" onClick=${() => setDetail("new")}>
                    Add a provider
                  <//>
                `
              }
            >
              A provider answers calls. Add one with its key, or serve with <code>--demo</code> to try without.
            <//>
          `
        }
      <//>
      ${detail === "new" && may("configure") && html`<${NewProvider} onClose=${close} onDone=${providers.reload} />`}
      ${detail && detail !== "new" && html`
        <${Provider} key=${detail} name=${detail} onClose=${close} onChange=${providers.reload} />
      `}
    </section>
  `;
}

function NewProvider({ onClose, onDone }) {
  const kinds = useData(() => all("/api/providers/kinds"), []);
  const [made, setMade] = useState("");
  const form = useForm({ kind: "", name: "", api_key: "", base_url: "" }, async (values) => {
    await post("/api/providers", {
      name: values.name.trim(),
      kind: values.kind,
      api_key: textOr(values.api_key.trim()),
      base_url: textOr(values.base_url.trim()),
    });
    onDone();
    setMade(values.name.trim());
  });
  const kind = (kinds.data || []).find((one) => one.kind === form.values.kind);
  const pick = (value) => {
    form.set("kind", value);
    if (!form.values.name || (kinds.data || []).some((one) => one.kind === form.values.name))
      form.set("name", value);
  };
  return html`
    <${Drawer} slim title=${made ? `${made} is added` : "Add a provider"} onClose=${onClose}>
      ${made ? html`
        <div class="stack">
          <${Trial} name=${made} auto />
          <div class="line">
            <${Button} kind="main" onClick=${() => go("providers", made)}>
              Show it
            <//>
            <a class="button" href=${`#/models?provider=${encodeURIComponent(made)}`}>
              Its models
            </a>
          </div>
        </div>
      ` : html`
        <${Loaded} from=${kinds}>
          ${(rows) => html`
            <${FormBox} form=${{ ...form, set: form.set }} word="Add and test" onCancel=${onClose}>
              <div class="field">
                <label for="field-kind">Which</label>
                <select
                  id="field-kind"
                  class="input"
                  value=${form.values.kind}
                  onChange=${(event) => pick(event.target.value)}
                >
                  <option value="">Choose…</option>
                  ${rows.map((one) => html`
                    <option key=${one.kind} value=${one.kind} selected=${one.kind === form.values.kind}>
                      ${one.label}
                    </option>
                  `)}
                </select>
                ${form.wrong.kind && html`<span class="wrong">${form.wrong.kind}</span>`}
              </div>
              ${kind && html`
                <${Field}
                  form=${form}
                  name="name"
                  label="Name"
                  hint=${`The prefix of its models: ${form.values.name || kind.kind}/…`}
                />
                ${(kind.needs_key || kind.needs_base_url) && html`
                  <${Field}
                    form=${form}
                    name="api_key"
                    label="Its API key"
                    kind="password"
                    autocomplete="new-password"
                    hint="Kept encrypted; shown masked from now on."
                  />
                `}
                ${(kind.needs_base_url || !kind.needs_key) && html`
                  <${Field}
                    form=${form}
                    name="base_url"
                    label="Address"
                    placeholder=${kind.base_url || "https://host/v1"}
                  />
                `}
              `}
            <//>
          `}
        <//>
      `}
    <//>
  `;
}

function Trial({ name, auto = false }) {
  const [state, setState] = useState(/** @type {any} */ (null));
  const run = async () => {
    setState({ busy: true });
    try {
      setState(await post(`/api/providers/${encodeURIComponent(name)}/test`));
    } catch (error) {
      setState({ ok: false, message: error.message, ms: 0 });
    }
  };
  useState(() => {
    if (auto) run();
  });
  return html`
    <div class="stack tight">
      <div class="line">
        <${Button} onClick=${run} disabled=${state?.busy}>
          ${state?.busy ? "Asking it…" : "Test with a real call"}
        <//>
      </div>
      ${state && !state.busy && html`
        <div class=${`notice ${state.ok ? "" : "bad"}`} role="status">
          <div class="grow">
            <b>${state.ok ? "It answers" : "It does not answer"}</b>${" "}
            ${state.asked ? html`
              <span class="muted">
                asked ${state.asked}, ${duration(state.ms)}
              </span>
            ` : (
              ""
            )}
            <p class="small">${state.ok ? state.reply : state.message}</p>
          </div>
        </div>
      `}
    </div>
  `;
}

function Provider({ name, onClose, onChange }) {
  const provider = useData(() => get(`/api/providers/${encodeURIComponent(name)}`), [name]);
  const [tab, setTab] = useState("about");
  const mine = may("configure");
  return html`
    <${Drawer}
      title=${name}
      onClose=${onClose}
      footer=${
        html`
          <a class="button" href=${`#/calls?provider=${encodeURIComponent(name)}`}>
            Its calls
          </a>
          <a class="button" href=${`#/models?provider=${encodeURIComponent(name)}`}>
            Its models
          </a>
        `
      }
    >
      <${Loaded} from=${provider}>
        ${(row) => html`
          <div class="stack">
            <${Tabs}
              value=${tab}
              onPick=${setTab}
              options=${[
                ["about", "About"],
                ...(mine && row.source === "database" ? [["settings", "Settings"]] : []),
                ["credit", "Credit"],
              ]}
            />
            ${tab === "about" && html`
              <div class="stack">
                <dl class="pairs">
                  <dt>State</dt>
                  <dd>
                    <${Pill} kind=${STATES[row.state][0]}>${STATES[row.state][1]}<//> ${row.problem || ""}
                  </dd>
                  <dt>Kind</dt>
                  <dd>${row.label}</dd>
                  <dt>Address</dt>
                  <dd class="mono small">${row.base_url || "its own"}</dd>
                  <dt>Key</dt>
                  <dd>${row.api_key_masked ? html`<code>${row.api_key_masked}</code>` : "none"}</dd>
                  <dt>Speaks</dt>
                  <dd>${row.speaks.join(", ")}</dd>
                  <dt>Models</dt>
                  <dd>${count(row.known_models)} known</dd>
                  ${row.updated_at && html`
                    <dt>Changed</dt>
                    <dd>
                      <${When} at=${row.updated_at} />
                    </dd>
                  `}
                </dl>
                ${row.source === "file" && html`
                  <div class="notice">It stands in the configuration file, and is changed there.</div>
                `}
                ${mine && html`<${Trial} name=${name} />`}
              </div>
            `}
            ${tab === "settings" && html`
              <${ProviderForm}
                provider=${row}
                onDone=${() => {
                  provider.reload();
                  onChange();
                }}
                onGone=${() => {
                  onChange();
                  onClose();
                }}
              />
            `}
            ${tab === "credit" && html`<${Credit} name=${name} />`}
          </div>
        `}
      <//>
    <//>
  `;
}

function ProviderForm({ provider, onDone, onGone }) {
  const times = provider.timeouts || {};
  const form = useForm(
    {
      api_key: "",
      base_url: provider.base_url || "",
      models: provider.models.join("\n"),
      enabled: provider.enabled,
      connect: times.connect ?? "",
      first_byte: times.first_byte ?? "",
      idle: times.idle ?? "",
      total: times.total ?? "",
    },
    async (values) => {
      const body = {
        base_url: textOr(values.base_url.trim()),
        models: values.models.trim() ? lines(values.models) : [],
        enabled: values.enabled,
        timeouts: Object.fromEntries(
          ["connect", "first_byte", "idle", "total"].map((key) => [key, numberOr(values[key])]),
        ),
      };
      if (values.api_key.trim()) body.api_key = values.api_key.trim();
      await patch(`/api/providers/${encodeURIComponent(provider.name)}`, body, provider.etag);
      toast("Saved; new calls use it at once");
      onDone();
    },
  );
  return html`
    <${FormBox}
      form=${form}
      word="Save"
      danger=${
        html`<${Sure}
          word="Delete"
          question="Its models can no longer be asked for."
          onSure=${() =>
            attempt(async () => {
              await del(`/api/providers/${encodeURIComponent(provider.name)}`);
              onGone();
            }, "The provider is deleted")
          }
        />`
      }
    >
      <${Field} form=${form} name="enabled" kind="check" label="Calls may go to it" />
      <${Field}
        form=${form}
        name="api_key"
        label="New API key"
        kind="password"
        autocomplete="new-password"
        hint=${`Empty keeps ${provider.api_key_masked || "none"}.`}
      />
      <${Field} form=${form} name="base_url" label="Address" placeholder="its own" />
      <${Field}
        form=${form}
        name="models"
        kind="lines"
        label="Models to list"
        hint="One a line. Empty: the provider's own list."
      />
      <h3>Time-outs, seconds</h3>
      <div class="fields two">
        <${Field} form=${form} name="connect" kind="number" label="Connect" />
        <${Field} form=${form} name="first_byte" kind="number" label="First byte" />
        <${Field} form=${form} name="idle" kind="number" label="Silence" />
        <${Field} form=${form} name="total" kind="number" label="In all" />
      </div>
    <//>
  `;
}

function Credit({ name }) {
  const credit = useData(() => get(`/api/providers/${encodeURIComponent(name)}/credits`), [name]);
  return html`
    <${Loaded} from=${credit}>
      ${(row) => html`
        <div class="stack">
          ${row.balance !== null ? html`
            <div class=${`notice ${row.is_low ? "warn" : ""}`}>
              <div class="grow">
                <b>${money(row.left)} left</b> of ${money(row.balance)} set <${When} at=${row.set_at} />
                ${row.is_low ? ": running low" : ""}
                <div style=${{ marginTop: "8px" }}>
                  <${Bar}
                    share=${Number(row.balance) ? Number(row.left) / Number(row.balance) : 0}
                    kind=${row.is_low ? "warn" : ""}
                  />
                </div>
              </div>
            </div>
          ` : html`
            <p class="muted">
              Say what you have paid in, and what is spent here is taken off live; you are warned before it runs
              out.
            </p>
          `}
          ${may("configure") && html`<${CreditForm} name=${name} row=${row} onDone=${credit.reload} />`}
        </div>
      `}
    <//>
  `;
}

function CreditForm({ name, row, onDone }) {
  const form = useForm({ balance: row.left ?? "", low: row.low ?? "" }, async (values) => {
    await put(`/api/providers/${encodeURIComponent(name)}/credits`, {
      balance: textOr(String(values.balance).trim()),
      low: textOr(String(values.low).trim()),
    });
    toast("Saved");
    onDone();
  });
  return html`
    <${FormBox} form=${form} word="Set the credit">
      <div class="fields two">
        <${Field} form=${form} name="balance" label="Credit now, US dollars" placeholder="50.00" />
        <${Field} form=${form} name="low" label="Warn below" placeholder="5.00" />
      </div>
    <//>
  `;
}
