/** The configuration with its source, backup, sessions, and what runs here. */
import { html, useData } from "../ui.js";
import { get, may, me, post, logout } from "../api.js";
import { route, go } from "../router.js";
import { bytes, count, duration } from "../format.js";
import { Button, Pill, Segments, Tabs } from "../widgets/basics.js";
import { Field, FormBox, useForm } from "../widgets/form.js";
import { Loaded } from "../widgets/states.js";
import { Table } from "../widgets/table.js";
import { toast } from "../widgets/toasts.js";
import { choice, choose } from "../theme.js";

export default function Settings() {
  const tab = route.value.detail || (may("configure") ? "configuration" : "about");
  const tabs = [
    ...(may("configure")
      ? [
          ["configuration", "Configuration"],
          ["backup", "Backup"],
        ]
      : []),
    ["sessions", "You"],
    ["about", "About"],
  ];
  return html`
    <div class="stack">
      <${Tabs} options=${tabs} value=${tab} onPick=${(value) => go("settings", value)} />
      ${tab === "configuration" && html`<${Configuration} />`}
      ${tab === "backup" && html`<${Backup} />`}
      ${tab === "sessions" && html`<${You} />`}
      ${tab === "about" && html`<${About} />`}
    </div>
  `;
}

function Configuration() {
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
              { key: "name", head: "Knob", cell: (row) => html`<code>${row.name}</code>` },
              {
                key: "value",
                head: "Value",
                cell: (row) => html`
                  <code class="clip" title=${row.value}>
                    ${row.value}
                  </code>
                `,
              },
              {
                key: "source",
                head: "From",
                cell: (row) =>
                  !row.source || row.source === "default" ? html`
                    <span class="faint">${row.source || "set at the start"}</span>
                  ` : html`
                    <${Pill} kind="accent" title=${row.source}>
                      ${row.source.length > 40 ? `…${row.source.slice(-38)}` : row.source}
                    <//>
                  `,
              },
              {
                key: "meaning",
                head: "Meaning",
                cell: (row) => html`<span class="small muted wrap">${row.meaning}</span>`,
              },
            ]}
          />
        `}
      <//>
    </section>
  `;
}

function Backup() {
  return html`
    <section class="card">
      <header>
        <h2>Backup</h2>
      </header>
      <div class="body stack">
        <p>
          A consistent copy of the SQLite database, taken while calls go on. Keep it with the encryption key:
          without it the stored provider keys do not open.
        </p>
        <div>
          <a class="button main" href="/api/backup" download>
            Download a backup
          </a>
        </div>
        <p class="muted">
          To restore, stop the gateway and run <code>gophergate db restore FILE</code>. What was there is kept
          beside it. On PostgreSQL use <code>pg_dump</code>.
        </p>
      </div>
    </section>
  `;
}

function You() {
  const user = me.value.user;
  const form = useForm({ current: "", password: "", again: "" }, async (values) => {
    if (values.password !== values.again)
      throw Object.assign(new Error("The two are not the same."), {
        fields: { again: "The two are not the same." },
      });
    await post(`/api/users/${user.id}/password`, { password: values.password, current: values.current });
    toast("Changed. Sign in again.");
    logout();
  });
  return html`
    <section class="card">
      <header>
        <h2>You</h2>
      </header>
      <div class="body stack">
        <div class="field">
          <span class="label">Theme</span>
          <div>
            <${Segments}
              label="Theme"
              options=${[
                ["system", "As the system"],
                ["light", "Light"],
                ["dark", "Dark"],
              ]}
              value=${choice.value}
              onPick=${choose}
            />
          </div>
        </div>
        ${user && html`
          <div style=${{ maxWidth: "400px" }}>
            <h3 style=${{ marginBottom: "12px" }}>Change the password</h3>
            <${FormBox} form=${form} word="Change the password">
              <${Field}
                form=${form}
                name="current"
                kind="password"
                label="The one you have"
                autocomplete="current-password"
              />
              <${Field}
                form=${form}
                name="password"
                kind="password"
                label="The new one"
                autocomplete="new-password"
              />
              <${Field}
                form=${form}
                name="again"
                kind="password"
                label="The new one again"
                autocomplete="new-password"
              />
            <//>
            <p class="small muted" style=${{ marginTop: "8px" }}>
              Every session of yours ends with it.
            </p>
          </div>
        `}
        <div>
          <${Button} onClick=${logout}>Sign out<//>
        </div>
      </div>
    </section>
  `;
}

function About() {
  const system = useData(() => get("/api/system"), [], { every: 5000 });
  return html`
    <${Loaded} from=${system} rows=${8}>
      ${(now) => html`
        <div class="grid">
          <section class="card span-6">
            <header>
              <h2>This gateway</h2>
            </header>
            <div class="body">
              <dl class="pairs">
                <dt>Version</dt>
                <dd>${now.version}</dd>
                <dt>Python</dt>
                <dd>${now.python}</dd>
                <dt>Node</dt>
                <dd>${now.node}</dd>
                <dt>Up</dt>
                <dd>${duration(now.uptime_s * 1000)}</dd>
                <dt>Database</dt>
                <dd>${now.database}</dd>
                <dt>Catalogue version</dt>
                <dd>${now.configuration_version}</dd>
                ${Object.entries(now.broken).map(([name, why]) => html`
                  <dt class="down">${name}</dt>
                  <dd>${why}</dd>
                `)}
              </dl>
              <p style=${{ marginTop: "16px" }}>
                <a href="/api/docs">The API on one page</a> · <a href="/api/openapi.json">openapi.json</a>
              </p>
            </div>
          </section>
          <section class="card span-6">
            <header>
              <h2>Host</h2>
            </header>
            <div class="body">
              <dl class="pairs">
                <dt>Processors</dt>
                <dd>
                  ${now.host.cpus}, ${now.host.cpu_percent} % busy, load ${now.host.load.join(" ")}
                </dd>
                <dt>Memory</dt>
                <dd>
                  ${bytes(now.host.process_memory)} ours, ${bytes(now.host.memory_available)} of${" "}
                  ${bytes(now.host.memory_total)} free
                </dd>
                <dt>Disk</dt>
                <dd>
                  ${bytes(now.host.disk_free)} of ${bytes(now.host.disk_total)} free
                </dd>
                <dt>Open files</dt>
                <dd>${count(now.host.open_files)}</dd>
              </dl>
            </div>
          </section>
          <section class="card span-6">
            <header>
              <h2>Ledger</h2>
            </header>
            <div class="body">
              <dl class="pairs">
                ${Object.entries(now.ledger).map(([name, value]) => html`
                  <dt>${name.replaceAll("_", " ")}</dt>
                  <dd>${typeof value === "number" ? count(value) : String(value)}</dd>
                `)}
              </dl>
            </div>
          </section>
          <section class="card span-6">
            <header>
              <h2>Connections to providers</h2>
            </header>
            <div class="body">
              <dl class="pairs">
                ${Object.entries(now.connections).map(([name, value]) => html`
                  <dt>${name.replaceAll("_", " ")}</dt>
                  <dd>${count(value)}</dd>
                `)}
              </dl>
            </div>
          </section>
        </div>
      `}
    <//>
  `;
}
