/** One call, whole: facts, conversation, timeline, cost, decision, raw. */
import { html, useData } from "../../ui.js";
import { get } from "../../api.js";
import { route, setQuery } from "../../router.js";
import { isPlain } from "../../operations.js";
import { Tabs } from "../../widgets/basics.js";
import { Loaded } from "../../widgets/states.js";
import { Conversation } from "./conversation.js";
import { Cost } from "./cost.js";
import { Decision } from "./decision.js";
import { Facts } from "./facts.js";
import { Raw } from "./raw.js";
import { Timeline } from "./timeline.js";

/** @type {Record<string, [string, any]>} */
const TABS = {
  conversation: ["Conversation", Conversation],
  timeline: ["Timeline", Timeline],
  cost: ["Cost", Cost],
  decision: ["Decision", Decision],
  raw: ["Raw", Raw],
};

/** @param {{id: string, names?: Record<string, string>}} props `names` of clients by id */
export function CallDetail({ id, names = {} }) {
  const call = useData(() => get(`/api/calls/${encodeURIComponent(id)}`), [id]);
  const tab = TABS[route.value.query.tab] ? route.value.query.tab : "conversation";
  const Shown = TABS[tab][1];
  return html`
    <${Loaded} from=${call} rows=${8}>
      ${(one) => html`
        <div class="stack">
          <${Facts} call=${one} names=${names} />
          <${Tabs}
            value=${tab}
            onPick=${(value) => setQuery({ tab: value === "conversation" ? "" : value })}
            options=${Object.entries(TABS).map(([key, [word]]) => [
              key,
              key === "conversation" && isPlain(one.operation) ? "Content" : word,
            ])}
          />
          <${Shown} call=${one} />
        </div>
      `}
    <//>
  `;
}
