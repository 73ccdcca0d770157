/** One provider: how it is, a live test, its settings, its credit. */
import { html, useData } from "../../ui.js";
import { del, get, may, patch, put } from "../../api.js";
import { route, setQuery } from "../../router.js";
import { count, money, plural } from "../../format.js";
import { Bar, Sure, Tabs, When } from "../../widgets/basics.js";
import { Drawer } from "../../widgets/drawer.js";
import { Field, FormBox, lines, numberOr, textOr, useForm } from "../../widgets/form.js";
import { Loaded } from "../../widgets/states.js";
import { attempt, toast } from "../../widgets/toasts.js";
import { Ailments, StateOf } from "./state.js";
import { Trial } from "./trial.js";

/** @type {[string, string][]} */
const TIMES = [
  ["connect", "Connect"],
  ["first_byte", "First byte"],
  ["idle", "Silence"],
  ["total", "In all"],
];
const place = (name) => `/api/providers/${encodeURIComponent(name)}`;

/** @param {{name: string, onClose: () => void, onChange: () => void}} props */
export function ProviderDrawer({ name, onClose, onChange }) {
  const provider = useData(() => get(place(name)), [name]);
  const tab = route.value.query.tab || "about";
  const query = encodeURIComponent(name);
  const footer = html`
    <a class="button" href=${`#/calls?provider=${query}`}>
      Its calls
    </a>
    <a class="button" href=${`#/models?provider=${query}`}>
      Its models
    </a>
  `;
  const changed = () => {
    provider.reload();
    onChange();
  };
  const gone = () => {
    onChange();
    onClose();
  };
  return html`
    <${Drawer} title=${name} onClose=${onClose} footer=${footer}>
      <${Loaded} from=${provider}>
        ${(row) => html`
          <div class="stack">
            <${Tabs}
              value=${tab}
              onPick=${(value) => setQuery({ tab: value === "about" ? "" : value })}
              options=${[
                ["about", "About"],
                ...(may("configure") && row.source === "database" ? [["settings", "Settings"]] : []),
                ["credit", "Credit"],
              ]}
            />
            ${tab === "about" && html`<${About} row=${row} />`}
            ${tab === "settings" && html`
              <${Settings} key=${row.updated_at} provider=${row} onDone=${changed} onGone=${gone} />
            `}
            ${tab === "credit" && html`<${Credit} row=${row} />`}
          </div>
        `}
      <//>
    <//>
  `;
}

function About({ row }) {
  return html`
    <div class="stack">
      <dl class="pairs">
        <dt>State</dt>
        <dd>
          <${StateOf} row=${row} /> ${row.problem || ""}
        </dd>
        <dt>Kind</dt>
        <dd>${row.label}</dd>
        <dt>Address</dt>
        <dd class="mono small">${row.base_url || "its own"}</dd>
        <dt>Key</dt>
        <dd>${row.api_key_masked ? html`<code>${row.api_key_masked}</code>` : "none"}</dd>
        ${row.credentials?.length > 1 && html`
          <dt>Keys</dt>
          <dd>
            ${row.credentials.map((one) => html`
              <div key=${one.label}>
                <code>${one.api_key_masked}</code>${" "}
                <span class="muted small">
                  ${one.label}
                  ${one.weight !== 1 ? `, weight ${one.weight}` : ""}
                </span>
              </div>
            `)}
          </dd>
        `}
        ${row.concurrency && html`
          <dt>At a time</dt>
          <dd>${plural(row.concurrency, "call")}</dd>
        `}
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
      ${row.ailments.length > 0 && html`<${Ailments} ailments=${row.ailments} />`}
      ${row.source === "file" && html`
        <div class="notice">It stands in the configuration file, and is changed there.</div>
      `}
      ${may("configure") && html`<${Trial} name=${row.name} />`}
    </div>
  `;
}

function Settings({ provider, onDone, onGone }) {
  const times = provider.timeouts || {};
  const start = {
    api_key: "",
    base_url: provider.base_url || "",
    models: provider.models.join("\n"),
    enabled: provider.enabled,
    ...Object.fromEntries(TIMES.map(([key]) => [key, times[key] ?? ""])),
  };
  const form = useForm(start, async (values) => {
    const body = {
      base_url: textOr(values.base_url.trim()),
      models: lines(values.models),
      enabled: values.enabled,
      timeouts: Object.fromEntries(TIMES.map(([key]) => [key, numberOr(values[key])])),
      ...(values.api_key.trim() ? { api_key: values.api_key.trim() } : {}),
    };
    await patch(place(provider.name), body, provider.etag);
    toast("Saved; new calls use it at once");
    onDone();
  });
  const remove = () =>
    attempt(async () => {
      await del(place(provider.name));
      onGone();
    }, "The provider is deleted");
  return html`
    <${FormBox}
      form=${form}
      word="Save"
      danger=${html`<${Sure} word="Delete" question="Its models can no longer be asked for." onSure=${remove} />`}
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
      <fieldset>
        <legend>Time-outs, seconds</legend>
        <div class="fields two">
          ${TIMES.map(([key, word]) => html`
            <${Field} key=${key} form=${form} name=${key} kind="number" label=${word} />
          `)}
        </div>
      </fieldset>
    <//>
  `;
}

function Credit({ row: { name, source } }) {
  const credit = useData(
    () => (source === "file" ? Promise.resolve(null) : get(`${place(name)}/credits`)),
    [name],
  );
  return html`
    <${Loaded} from=${credit}>
      ${(row) =>
        row ? html`
          <div class="stack">
            <${Balance} row=${row} />
            ${may("configure") && html`<${CreditForm} key=${row.set_at} name=${name} row=${row} onDone=${credit.reload} />`}
          </div>
        ` : html`
          <p class="muted">
            Credit is kept for providers that were added here or by the API; this one stands in the
            configuration file.
          </p>
        `
      }
    <//>
  `;
}

function Balance({ row }) {
  if (row.balance === null)
    return html`
      <p class="muted">
        Say what you have paid in, and what is spent here is taken off live; you are warned before it runs out.
      </p>
    `;
  const share = Number(row.balance) ? Number(row.left) / Number(row.balance) : 0;
  return html`
    <div class=${`notice ${row.is_low ? "warn" : ""}`}>
      <div class="grow stack tight">
        <span>
          <b>${money(row.left)} left</b> of ${money(row.balance)} set <${When} at=${row.set_at} />
          ${row.is_low ? ": running low" : ""}
        </span>
        <${Bar} share=${share} kind=${row.is_low ? "warn" : ""} />
      </div>
    </div>
  `;
}

function CreditForm({ name, row, onDone }) {
  const form = useForm({ balance: row.left ?? "", low: row.low ?? "" }, async (values) => {
    await put(`${place(name)}/credits`, {
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
