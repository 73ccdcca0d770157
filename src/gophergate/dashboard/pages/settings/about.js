/** What runs here: versions, the host, the ledger, connections. */
import { html, useData } from "../../ui.js";
import { get } from "../../api.js";
import { bytes, count, duration } from "../../format.js";
import { Loaded } from "../../widgets/states.js";

export function About() {
  const system = useData(() => get("/api/system"), [], { every: 5000 });
  return html`
    <${Loaded} from=${system} rows=${8}>
      ${(now) => html`
        <div class="grid">
          <${Card} title="This gateway" facts=${gateway(now)}>
            <p class="small">
              <a href="/api/docs">The API on one page</a> · <a href="/api/openapi.json">openapi.json</a>
            </p>
          <//>
          <${Card} title="Host" facts=${host(now.host)} />
          <${Card} wide title="Ledger" facts=${figures(now.ledger)} />
          <${Card} wide title="Connections to providers" facts=${figures(now.connections)} />
        </div>
      `}
    <//>
  `;
}

/** @param {{title: string, facts: [string, any][], wide?: boolean, children?: any}} props `wide`: many figures, side by side */
const Card = ({ title, facts, wide = false, children = null }) => html`
  <section class=${`card ${wide ? "span-12" : "span-6"}`}>
    <header>
      <h2>${title}</h2>
    </header>
    <div class="body stack">
      <dl class=${wide ? "facts" : "pairs"}>
        ${facts.map(([name, value]) =>
          wide ? html`
            <div key=${name}>
              <dt>${name}</dt>
              <dd>${value}</dd>
            </div>
          ` : html`
            <dt>${name}</dt>
            <dd>${value}</dd>
          `,
        )}
      </dl>
      ${children}
    </div>
  </section>
`;

/** @returns {[string, any][]} */
const gateway = (now) => [
  ["Version", now.version],
  ["Python", now.python],
  ["Node", now.node],
  ["Up", duration(now.uptime_s * 1000)],
  ["Database", html`<span class="mono small">${now.database}</span>`],
  ["Catalogue version", now.configuration_version],
  ...Object.entries(now.broken).map(
    ([name, why]) => /** @type {[string, any]} */ ([name, html`<span class="down">${why}</span>`]),
  ),
];

/** @returns {[string, any][]} */
const host = (now) => [
  ["Processors", `${now.cpus}, ${now.cpu_percent} % busy, load ${now.load.join(" ")}`],
  [
    "Memory",
    `${bytes(now.process_memory)} ours, ${bytes(now.memory_available)} of ${bytes(now.memory_total)} free`,
  ],
  ["Disk", `${bytes(now.disk_free)} of ${bytes(now.disk_total)} free`],
  ["Open files", count(now.open_files)],
];

/** Counters as the server names them; what is nested is told with the name of what holds it. @returns {[string, any][]} */
function figures(counters, before = "") {
  return Object.entries(counters || {}).flatMap(([name, value]) => {
    const words = `${before}${name.replaceAll("_", " ")}`;
    if (value && typeof value === "object") return figures(value, `${words}, `);
    const shown =
      value === null || value === ""
        ? "none"
        : typeof value === "boolean"
          ? value
            ? "yes"
            : "no"
          : typeof value === "number"
            ? /bytes|size/.test(name)
              ? bytes(value)
              : count(value)
            : String(value);
    return [/** @type {[string, any]} */ ([words[0].toUpperCase() + words.slice(1), shown])];
  });
}
