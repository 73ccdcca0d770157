/** The configuration with its source, webhooks, backup, what is yours, and what runs here. */
import { html } from "../ui.js";
import { may } from "../api.js";
import { route, go } from "../router.js";
import { Tabs } from "../widgets/basics.js";
import { About } from "./settings/about.js";
import { Configuration } from "./settings/configuration.js";
import { Webhooks } from "./settings/webhooks.js";
import { You } from "./settings/you.js";

const OPERATORS = [
  ["configuration", "Configuration"],
  ["webhooks", "Webhooks"],
  ["backup", "Backup"],
];
const EVERYBODY = [
  ["sessions", "You"],
  ["about", "About"],
];
const SHOWN = { configuration: Configuration, webhooks: Webhooks, backup: Backup, sessions: You, about: About };

export default function Settings() {
  const tabs = may("configure") ? [...OPERATORS, ...EVERYBODY] : EVERYBODY;
  const [asked, which = ""] = route.value.detail.split("/");
  const tab = tabs.some(([key]) => key === asked) ? asked : tabs[0][0];
  const Shown = SHOWN[tab];
  return html`
    <div class="stack">
      <${Tabs} options=${tabs} value=${tab} onPick=${(value) => go("settings", value)} />
      <${Shown} which=${which} />
    </div>
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
          To restore, stop the gateway and run <code>gophergate restore FILE</code>. What was there is kept
          beside it. On PostgreSQL use <code>pg_dump</code>.
        </p>
      </div>
    </section>
  `;
}
