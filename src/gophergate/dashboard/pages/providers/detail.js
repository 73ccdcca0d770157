/** One provider: how it is, a live test, its keys, its settings, its credit. */
import { html, useData } from "../../ui.js";
import { get, may, whole } from "../../api.js";
import { href, route, setQuery } from "../../router.js";
import { Tabs } from "../../widgets/basics.js";
import { Drawer } from "../../widgets/drawer.js";
import { useFresh } from "../../widgets/fresh.js";
import { Loaded } from "../../widgets/states.js";
import { About } from "./about.js";
import { Credit } from "./credit.js";
import { Keys } from "./keys.js";
import { place } from "./place.js";
import { Settings } from "./settings.js";

/** @param {{name: string, onClose: () => void, onChange: () => void}} props */
export function ProviderDrawer({ name, onClose, onChange }) {
  const both = useData(async () => {
    const [row, kinds] = await Promise.all([get(place(name)), whole("/api/providers/kinds")]);
    return { row, kinds };
  }, [name]);
  useFresh(["provider", "breaker", "credential"], both.reload);
  const tab = route.value.query.tab || "about";
  const changed = () => {
    both.reload();
    onChange();
  };
  const gone = () => {
    onChange();
    onClose();
  };
  const footer = html`
    ${may("audit") && html`
      <a class="button" href=${href("audit", "", { kind: "provider", id: name })}>
        Its changes
      </a>
    `}
    <a class="button" href=${href("calls", "", { provider: name })}>
      Its calls
    </a>
    <a class="button" href=${href("models", "", { provider: name })}>
      Its models
    </a>
  `;
  return html`
    <${Drawer} title=${name} onClose=${onClose} footer=${footer}>
      <${Loaded} from=${both}>
        ${({ row, kinds }) => {
          const mine = may("configure") && row.source === "database";
          const tabs = [
            ["about", "About"],
            ["keys", "Keys"],
            ...(mine ? [["settings", "Settings"]] : []),
            ["credit", "Credit"],
          ];
          const shown = tabs.some(([key]) => key === tab) ? tab : "about";
          const kind = kinds.find((one) => one.kind === row.kind);
          return html`
            <div class="stack">
              <${Tabs}
                value=${shown}
                onPick=${(value) => setQuery({ tab: value === "about" ? "" : value })}
                options=${tabs}
              />
              ${shown === "about" && html`<${About} row=${row} kind=${kind} />`}
              ${shown === "keys" && html`<${Keys} row=${row} kind=${kind} mine=${mine} onChange=${changed} />`}
              ${shown === "settings" && html`
                <${Settings} key=${name} provider=${row} kinds=${kinds} onDone=${changed} onGone=${gone} />
              `}
              ${shown === "credit" && html`<${Credit} row=${row} />`}
            </div>
          `;
        }}
      <//>
    <//>
  `;
}
