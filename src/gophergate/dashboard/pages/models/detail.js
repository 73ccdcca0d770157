/** One model: what is known of it, what it costs, and what is set about it here. */
import { html, useData } from "../../ui.js";
import { get, may } from "../../api.js";
import { exactly, exactTime, percent } from "../../format.js";
import { Copy, Pill } from "../../widgets/basics.js";
import { readsWords } from "../../widgets/abilities.js";
import { Drawer } from "../../widgets/drawer.js";
import { Loaded } from "../../widgets/states.js";
import { ModelForm, place } from "./form.js";

const SOURCES = {
  file: "the configuration file",
  database: "the dashboard",
  provider: "its provider's own list",
  call: "a call that named it",
};

/** @param {{name: string, onClose: () => void, onWalk: (step: number) => void, onChange: () => void}} props */
export function ModelDrawer({ name, onClose, onWalk, onChange }) {
  const model = useData(() => get(place(name)), [name]);
  const changed = () => {
    model.reload();
    onChange();
  };
  const query = encodeURIComponent(name);
  const footer = html`
    <a class="button" href=${`#/calls?model=${query}`}>
      Its calls
    </a>
    <a class="button" href=${`#/playground?model=${query}`}>
      Try it
    </a>
  `;
  return html`
    <${Drawer} title=${name} onClose=${onClose} onWalk=${onWalk} footer=${footer}>
      <${Loaded} from=${model}>
        ${(row) => html`
          <div class="stack">
            <${Known} row=${row} />
            <${Price} row=${row} />
            ${row.is_group ? html`
              <a href=${`#/groups/${encodeURIComponent(row.name)}`}>Open the group</a>
            ` : (
              may("route") && html`<${ModelForm} key=${row.updated_at} model=${row} onDone=${changed} />`
            )}
          </div>
        `}
      <//>
    <//>
  `;
}

function Known({ row }) {
  const facts = row.facts || {};
  const abilities = [
    ["calls tools", facts.tool_call],
    ["reasons", facts.reasoning],
    ["structured output", facts.structured_output],
    ["temperature", facts.temperature],
  ];
  const said = (value) =>
    abilities
      .filter(([, can]) => can === value)
      .map(([word]) => word)
      .join(", ");
  return html`
    <dl class="pairs">
      <dt>Ask for it as</dt>
      <dd>
        <code>${row.name}</code>
        <${Copy} text=${row.name} />
      </dd>
      ${row.is_group && html`
        <dt>Members</dt>
        <dd>${row.members.join(", ")}</dd>
      `}
      ${facts.context && html`
        <dt>Context</dt>
        <dd>
          ${exactly(facts.context)} tokens
          ${facts.max_output ? `, writes at most ${exactly(facts.max_output)}` : ""}
        </dd>
      `}
      ${readsWords(row) && html`
        <dt>Reads</dt>
        <dd>
          ${readsWords(row)}
          ${facts.writes?.length ? `; writes ${facts.writes.join(", ")}` : ""}
        </dd>
      `}
      ${said(true) && html`
        <dt>Can</dt>
        <dd>
          ${said(true)}
          ${said(false) ? html`
            ; <span class="muted">not: ${said(false)}</span>
          ` : (
            ""
          )}
        </dd>
      `}
      ${(facts.released || facts.knowledge) && html`
        <dt>Released</dt>
        <dd>
          ${facts.released || "–"}
          ${facts.knowledge ? `, knows until ${facts.knowledge}` : ""}
          ${facts.status ? html`
            ${" "}
            <${Pill} kind="warn">${facts.status}<//>
          ` : (
            ""
          )}
        </dd>
      `}
      ${facts.said_by && html`
        <dt>Says who</dt>
        <dd>
          ${facts.said_by} <span class="muted small">as models.dev names it</span>
        </dd>
      `}
      ${!row.facts && !row.is_group && html`
        <dt>Known of it</dt>
        <dd class="muted">nothing: its name is in no list</dd>
      `}
      ${row.source && !row.is_group && html`
        <dt>Comes from</dt>
        <dd>${SOURCES[row.source] || row.source}</dd>
      `}
    </dl>
  `;
}

/** @type {[string, string][]} */
const CLASSES = [
  ["input", "Input"],
  ["cache_read", "Cache read"],
  ["cache_write", "Cache write"],
  ["output", "Output"],
];

function Price({ row }) {
  if (row.is_group) return null;
  if (!row.price)
    return html`
      <div class="notice warn">
        <span>
          <b>Unpriced.</b> Its calls are counted, and cost nothing known. Set a price below.
        </span>
      </div>
    `;
  return html`
    <div class="stack tight">
      <dl class="facts">
        ${CLASSES.map(([key, word]) => html`
          <div key=${key}>
            <dt>${word}</dt>
            <dd>$${row.price[key]}</dd>
          </div>
        `)}
      </dl>
      <p class="small muted">
        US dollars per million tokens, by ${row.price.version}.
        ${row.price.bands > 1 ? " Long prompts cost more." : ""}
      </p>
      ${row.discounts.map((one) => html`
        <p key=${one.since} class="small">
          <${Pill} kind="ok">−${percent(Number(one.share))}<//> since ${exactTime(one.since)}
          ${one.until ? ` until ${exactTime(one.until)}` : ""} ${one.note}
        </p>
      `)}
    </div>
  `;
}
