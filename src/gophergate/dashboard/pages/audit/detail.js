/** One change: the sentence, who, when, from where, and what differs. */
import { html, useData } from "../../ui.js";
import { get } from "../../api.js";
import { href } from "../../router.js";
import { exactTime } from "../../format.js";
import { differences } from "../../members.js";
import { Id, When } from "../../widgets/basics.js";
import { Changes } from "../../widgets/changes.js";
import { Drawer } from "../../widgets/drawer.js";
import { Loaded } from "../../widgets/states.js";
import { sentence } from "./sentences.js";
import { placeOf } from "./things.js";

const NAMED_BY_ID = new Set(["provider", "model", "group", "import"]);
/** What is shown, where its kind is no word for it. */
const WORDS = {
  calls: "prices",
  database: "backups",
  reconciliation: "bills",
  session: "user",
  token: "tokens",
};

/** "admin raised the budget of team Search", what matters in bold. @param {{entry: any, names: any}} props */
export function Sentence({ entry, names }) {
  const { parts, isKnown } = sentence(entry, names);
  return html`
    <span data-known=${isKnown}>
      <b>${entry.actor}</b> ${parts.map((part, n) => (typeof part === "string" ? part : html`<b key=${n}>${part.b}</b>`))}
    </span>
  `;
}

/** @param {{id: string, known: any, names: any, onClose: () => void, onWalk: (step: number) => void}} props */
export function ChangeDrawer({ id, known, names, onClose, onWalk }) {
  const entry = useData(() => (known ? Promise.resolve(known) : get(`/api/audit/${id}`)), [id]);
  const it = entry.data || known;
  const place = it && placeOf(it, names);
  const footer = it && html`
    ${it.target_id && it.target_kind !== "session" && html`
      <a class="button" href=${href("audit", "", { kind: it.target_kind, id: it.target_id })}>
        All its changes
      </a>
    `}
    ${place && html`
      <a class="button" href=${place}>
        Show the ${WORDS[it.target_kind] || it.target_kind}
      </a>
    `}
  `;
  return html`
    <${Drawer} title="Change" onClose=${onClose} onWalk=${onWalk} footer=${footer}>
      <${Loaded} from=${entry}>${(row) => html`<${Change} entry=${row} names=${names} />`}<//>
    <//>
  `;
}

function Change({ entry, names }) {
  const found = differences(entry.before, entry.after);
  const head = !entry.before ? "As it was made" : !entry.after ? "As it was" : "What was changed";
  return html`
    <div class="stack">
      <p class="sentence">
        <${Sentence} entry=${entry} names=${names} />
      </p>
      <dl class="pairs">
        <dt>When</dt>
        <dd>
          ${exactTime(entry.at)} (<${When} at=${entry.at} />)
        </dd>
        <dt>Who</dt>
        <dd>
          ${entry.actor}${" "}
          <a class="small" href=${href("audit", "", { actor: entry.actor })}>
            all they did
          </a>
        </dd>
        <dt>From</dt>
        <dd>${entry.address || "the command line"}</dd>
        ${entry.target_id && !NAMED_BY_ID.has(entry.target_kind) && html`
          <dt>Its id</dt>
          <dd>
            <${Id} id=${entry.target_id} />
          </dd>
        `}
      </dl>
      ${found.length > 0 && html`
        <div class="stack tight">
          <h3>${head}</h3>
          <${Changes} differences=${found} both=${entry.before && entry.after} names=${names} label=${head} />
        </div>
      `}
      ${!found.length && entry.before && entry.after && html`<p class="muted">It was saved as it was before.</p>`}
    </div>
  `;
}
