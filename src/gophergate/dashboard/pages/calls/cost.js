/** Why it costs that: class times rate is the amount, by the price that was in force. */
import { html, useData } from "../../ui.js";
import { get } from "../../api.js";
import { exactly, money } from "../../format.js";
import { Money } from "../../widgets/basics.js";
import { Empty, Loaded } from "../../widgets/states.js";

/** @type {[string, string][]} */
const CLASSES = [
  ["input", "Input"],
  ["cache_read", "Cache read"],
  ["cache_write", "Cache write, 5 min"],
  ["cache_write_1h", "Cache write, 1 h"],
  ["audio_input", "Audio in"],
  ["image_input", "Image in"],
  ["output", "Output"],
  ["reasoning", "of which reasoning"],
  ["audio_output", "Audio out"],
  ["image_output", "Image out"],
];
const SOURCES = { provider: "the provider's own report", estimated: "our estimate of what was delivered" };
/** Atto-dollars a token at one dollar for a million. */
const ATTOS = 1e12;

export function Cost({ call }) {
  const name = call.provider ? `${call.provider}/${call.model}` : "";
  const rates = useData(() => ratesOf(call, name), [call.id]);
  if (!call.usage) return html`<${Empty} title="Nothing was used">So it costs nothing.<//>`;
  return html`
    <${Loaded} from=${rates}>
      ${(found) => html`
        <div class="stack tight">
          <${Classes} call=${call} name=${name} rates=${found} />
          <p class="small muted">
            Usage is ${SOURCES[call.usage_source] || "unknown"}. Price version:${" "}
            <code>${call.price_version || "none"}</code>
            ${found?.isOfToday ? "; the rates shown are today's" : ""}
            ${call.usage.provider_cost ? html`; the provider says ${money(call.usage.provider_cost)}` : ""}.
          </p>
        </div>
      `}
    <//>
  `;
}

/** Dollars for a million tokens by class: of the card that priced the call, else of today. */
async function ratesOf(call, name) {
  // Cards are kept by a name that ends with a sum of their contents; older calls name a list only.
  if (call.price_version?.includes(" #")) {
    const kept = await get("/api/prices/card", { version: call.price_version }).catch(() => null);
    if (kept) return { of: ofCard(kept.card, call.usage), isOfToday: false };
  }
  const price = name && (await get(`/api/models/${name}`).catch(() => null))?.price;
  return price
    ? { of: (key) => (price[key] === undefined ? null : Number(price[key])), isOfToday: true }
    : null;
}

/** The band that the prompt falls into; reasoning is part of the output where it has no rate of its own. */
function ofCard(card, usage) {
  const prompt = ["input", "cache_read", "cache_write", "cache_write_1h", "audio_input", "image_input"].reduce(
    (sum, key) => sum + (usage?.[key] || 0),
    0,
  );
  const band = [...card.bands].reverse().find((one) => prompt > (one.above || 0)) || card.bands[0];
  return (key) => (band[key] === undefined || band[key] === null ? null : Number(band[key]) / ATTOS);
}

function Classes({ call, name, rates }) {
  const rows = CLASSES.filter(([key]) => call.usage[key] !== null && call.usage[key] !== undefined);
  const none = html`<span class="faint">–</span>`;
  return html`
    <div class="table">
      <table aria-label="Cost by class">
        <thead>
          <tr>
            <th>Class</th>
            <th class="num">Tokens</th>
            <th class="num">$ per million</th>
            <th class="num">Amount</th>
          </tr>
        </thead>
        <tbody>
          ${rows.map(([key, word]) => {
            const rate = key === "reasoning" ? null : (rates?.of(key) ?? null);
            return html`
              <tr key=${key}>
                <td class=${key === "reasoning" ? "muted" : ""}>${word}</td>
                <td class="num">${exactly(call.usage[key])}</td>
                <td class="num">
                  ${rate === null
                    ? none
                    : rate.toLocaleString("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 6 })}
                </td>
                <td class="num">${rate === null ? none : money((rate * call.usage[key]) / 1e6)}</td>
              </tr>
            `;
          })}
        </tbody>
        <tfoot>
          <tr>
            <td>Charged</td>
            <td></td>
            <td></td>
            <td class="num">
              <${Money} value=${call.cost} model=${name} />
            </td>
          </tr>
        </tfoot>
      </table>
    </div>
  `;
}
