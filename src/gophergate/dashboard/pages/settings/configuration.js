/** Every knob with its value, where that comes from, and what it is for. */
import { html, isPhone, useData } from "../../ui.js";
import { get } from "../../api.js";
import { Pill } from "../../widgets/basics.js";
import { Loaded } from "../../widgets/states.js";
import { Table } from "../../widgets/table.js";

export function Configuration() {
  const rows = useData(() => get("/api/settings").then((page) => page.items), []);
  return html`
    <section class="card">
      <header>
        <h2>Configuration</h2>
        <span class="small muted">from the file and the environment; a change there needs a restart</span>
      </header>
      <${Loaded} from=${rows} rows=${8}>
        ${(found) => html`
          <${Table}
            label="Settings"
            rows=${found}
            rowKey=${(row) => row.name}
            columns=${[
              {
                key: "name",
                head: "Knob",
                cell: (row) =>
                  isPhone.value ? html`
                    <div class="wrap">
                      <code>${row.name}</code>
                      <div>${value(row)}</div>
                      <div class="small muted">${row.meaning}</div>
                      ${row.source && row.source !== "default" && html`<div>${source(row)}</div>`}
                    </div>
                  ` : html`
                    <code>${row.name}</code>
                  `,
              },
              { key: "value", head: "Value", phone: false, cell: value },
              { key: "source", head: "From", phone: false, cell: source },
              {
                key: "meaning",
                head: "Meaning",
                phone: false,
                cell: (row) => html`<span class="small muted wrap">${row.meaning}</span>`,
              },
            ]}
          />
        `}
      <//>
    </section>
  `;
}

const value = (row) =>
  row.value ? html`
    <code class="clip" title=${row.value}>
      ${row.value}
    </code>
  ` : html`
    <span class="small faint">not set</span>
  `;

const source = (row) =>
  !row.source || row.source === "default" ? html`
    <span class="small faint">${row.source || "set at the start"}</span>
  ` : html`
    <${Pill} kind="accent" title=${row.source}>
      ${row.source.length > 32 ? `…${row.source.slice(-30)}` : row.source}
    <//>
  `;
