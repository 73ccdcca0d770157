/** The catalogue: what can be asked for, what it costs, what it is called upstream. */
import { html, useData, useEffect, useState, useSettled } from "../ui.js";
import { all, get, may, patch, del, names as namesOf } from "../api.js";
import { route, setDetail, setQuery } from "../router.js";
import { percent, exactTime } from "../format.js";
import { Copy, Pill, Sure } from "../widgets/basics.js";
import { Drawer } from "../widgets/drawer.js";
import { Field, FormBox, useForm, textOr } from "../widgets/form.js";
import { Empty, Loaded } from "../widgets/states.js";
import { VirtualTable } from "../widgets/table.js";
import { toast, attempt } from "../widgets/toasts.js";

export default function Models() {
  const { query, detail } = route.value;
  const [text, setText] = useState(query.q || "");
  const settled = useSettled(text);
  useEffect(() => {
    if (settled !== (query.q || "")) setQuery({ q: settled });
  }, [settled]);
  const models = useData(
    () => all("/api/models", { q: query.q, provider: query.provider }, 10000),
    [query.q, query.provider],
  );
  const providers = useData(() => namesOf("providers"), []).data || {};
  const rows = (models.data || []).filter((row) => query.price !== "none" || (!row.price && !row.is_group));
  const at = rows.findIndex((row) => row.name === detail);
  return html`
    <div class="stack">
      <div class="filters">
        <input
          class="input slim"
          data-search
          type="search"
          style=${{ width: "260px" }}
          placeholder="Search models  ( / )"
          aria-label="Search models"
          value=${text}
          onInput=${(event) => setText(event.target.value)}
        />
        <select
          class="input slim"
          aria-label="Provider"
          onChange=${(event) => setQuery({ provider: event.target.value })}
        >
          <option value="">Any provider</option>
          ${Object.keys(providers).map((name) => html`
            <option key=${name} value=${name} selected=${query.provider === name}>
              ${name}
            </option>
          `)}
        </select>
        <select
          class="input slim"
          aria-label="Price"
          onChange=${(event) => setQuery({ price: event.target.value })}
        >
          <option value="">Any price</option>
          <option value="none" selected=${query.price === "none"}>
            Unpriced
          </option>
        </select>
        <span class="small muted">${rows.length} models</span>
      </div>
      <section class="card">
        <${Loaded} from=${models} rows=${10}>
          ${() =>
            rows.length ? html`
              <${VirtualTable}
                label="Models"
                columns=${COLUMNS}
                rows=${rows}
                rowKey=${(row) => row.name}
                selected=${detail}
                onOpen=${(row) => setDetail(row.name)}
                height=${`min(calc(100vh - 180px), ${(rows.length + 1) * 36 + 2}px)`}
              />
            ` : html`
              <${Empty}
                title="No model fits"
                action=${
                  html`<a class="button main" href="#/providers/new">
                    Add a provider
                  </a>`
                }
              >
                Models come with their providers.
              <//>
            `
          }
        <//>
      </section>
      ${detail && html`
        <${Model}
          key=${detail}
          name=${detail}
          onClose=${() => setDetail("")}
          onWalk=${(step) => rows[at + step] && setDetail(rows[at + step].name)}
          onChange=${models.reload}
        />
      `}
    </div>
  `;
}

const price = (key) => ({
  key,
  head: { input: "Input", cache_read: "Cache read", output: "Output" }[key],
  num: true,
  width: "92px",
  cell: (row) => (row.price ? `$${row.price[key]}` : html`<span class="faint">–</span>`),
});
const context = (row) =>
  row.context ? (
    `${row.context >= 1e6 ? `${row.context / 1e6} M` : `${Math.round(row.context / 1000)} k`}`
  ) : html`
    <span class="faint">–</span>
  `;
const COLUMNS = [
  {
    key: "name",
    head: "Model",
    width: "minmax(220px, 2fr)",
    cell: (row) => html`<b title=${row.name}>${row.name}</b>`,
  },
  { key: "context", head: "Context", num: true, width: "76px", cell: context },
  {
    key: "takes",
    head: "Takes",
    width: "minmax(110px, 0.8fr)",
    cell: (row) => html`<span class="small muted">${(row.modalities || []).join(", ")}</span>`,
  },
  price("input"),
  price("cache_read"),
  price("output"),
  {
    key: "mapped",
    head: "Called upstream",
    width: "minmax(100px, 1fr)",
    cell: (row) => row.mapped_name || html`<span class="faint">the same</span>`,
  },
  {
    key: "state",
    head: "State",
    width: "160px",
    cell: (row) => html`
      ${row.is_group ? html`
        <${Pill} kind="accent">group<//>
      ` : !row.enabled ? html`
        <${Pill} kind="bad">disabled<//>
      ` : row.price ? html`
        <${Pill} kind="ok">enabled<//>
      ` : html`
        <${Pill} kind="warn">unpriced<//>
      `}${" "}
      ${row.price_override ? html`<${Pill} kind="accent">your price<//>` : ""}
    `,
  },
];

function Model({ name, onClose, onWalk, onChange }) {
  const model = useData(() => get(`/api/models/${name}`), [name]);
  return html`
    <${Drawer}
      title=${name}
      onClose=${onClose}
      onWalk=${onWalk}
      footer=${
        html`
          <a class="button" href=${`#/calls?model=${encodeURIComponent(name)}`}>
            Its calls
          </a>
          <a class="button" href=${`#/playground?model=${encodeURIComponent(name)}`}>
            Try it
          </a>
        `
      }
    >
      <${Loaded} from=${model}>
        ${(row) => html`
          <div class="stack">
            <dl class="pairs">
              <dt>Ask for it as</dt>
              <dd>
                <code>${row.name}</code>
                <${Copy} text=${row.name} />
              </dd>
              ${row.context && html`
                <dt>Context</dt>
                <dd>
                  ${row.context.toLocaleString()} tokens
                  ${row.max_output ? `, writes at most ${row.max_output.toLocaleString()}` : ""}
                </dd>
              `}
              <dt>Price</dt>
              <dd>
                ${row.price ? html`
                  $${row.price.input} in, $${row.price.cache_read} cached, $${row.price.output} out per million${" "}
                  <span class="small muted">(${row.price.version})</span>
                ` : html`
                  <${Pill} kind="warn">unpriced<//>
                `}
              </dd>
              ${row.discounts.map((one) => html`
                <dt>Discount</dt>
                <dd>
                  −${percent(Number(one.share))} since ${exactTime(one.since)}
                  ${one.until ? ` until ${exactTime(one.until)}` : ""} ${one.note}
                </dd>
              `)}
            </dl>
            ${row.is_group ? html`
              <a href=${`#/groups/${encodeURIComponent(row.name)}`}>Open the group</a>
            ` : (
              may("route") && html`
                <${ModelForm}
                  model=${row}
                  onDone=${() => {
                    model.reload();
                    onChange();
                  }}
                />
              `
            )}
          </div>
        `}
      <//>
    <//>
  `;
}

function ModelForm({ model, onDone }) {
  const known = model.price_override || {};
  const first = model.discounts[0];
  const form = useForm(
    {
      enabled: model.enabled,
      mapped_name: model.mapped_name || "",
      input: known.input || "",
      cache_read: known.cache_read || "",
      cache_write: known.cache_write || "",
      output: known.output || "",
      off: first ? String(Number(first.share) * 100) : "",
      from: first ? first.since.slice(0, 10) : "",
      to: first?.until ? first.until.slice(0, 10) : "",
    },
    async (values) => {
      const given = Object.fromEntries(
        ["input", "cache_read", "cache_write", "output"].map((key) => [
          key,
          textOr(String(values[key]).trim()),
        ]),
      );
      const day = (text) => new Date(`${text}T00:00:00`).toISOString();
      const discounts = values.off
        ? [
            {
              share: String(Number(values.off) / 100),
              since: day(values.from || new Date().toISOString().slice(0, 10)),
              until: values.to ? day(values.to) : null,
            },
          ]
        : [];
      await patch(
        `/api/models/${model.name}`,
        {
          enabled: values.enabled,
          mapped_name: textOr(values.mapped_name.trim()),
          price: Object.values(given).some(Boolean) ? given : null,
          discounts,
        },
        model.etag,
      );
      toast("Saved");
      onDone();
    },
  );
  const reset = () =>
    attempt(async () => {
      await del(`/api/models/${model.name}`);
      onDone();
    }, "Back to what it is by itself");
  return html`
    <${FormBox}
      form=${form}
      word="Save"
      danger=${model.updated_at && html`<${Sure} word="Reset" question="Forget your settings for it?" onSure=${reset} />`}
    >
      <${Field} form=${form} name="enabled" kind="check" label="May be asked for" />
      <${Field}
        form=${form}
        name="mapped_name"
        label="Called upstream"
        placeholder="the same"
        hint="What the provider is asked for instead."
      />
      <h3>Your price, US dollars per million tokens</h3>
      <div class="fields two">
        <${Field} form=${form} name="input" label="Input" placeholder=${model.price?.input || ""} />
        <${Field} form=${form} name="output" label="Output" placeholder=${model.price?.output || ""} />
        <${Field} form=${form} name="cache_read" label="Cache read" placeholder=${model.price?.cache_read || ""} />
        <${Field}
          form=${form}
          name="cache_write"
          label="Cache write"
          placeholder=${model.price?.cache_write || ""}
        />
      </div>
      <h3>Discount</h3>
      <div class="fields two">
        <${Field} form=${form} name="off" kind="number" label="Percent off" placeholder="25" />
        <${Field} form=${form} name="from" kind="date" label="From" />
        <${Field} form=${form} name="to" kind="date" label="Until" />
      </div>
    <//>
  `;
}
