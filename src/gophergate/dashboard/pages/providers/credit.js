/** What was paid in at a provider, and what is left of it. */
import { html, useData } from "../../ui.js";
import { get, may, put } from "../../api.js";
import { money } from "../../format.js";
import { Bar, When } from "../../widgets/basics.js";
import { Field, FormBox, textOr, useForm } from "../../widgets/form.js";
import { Loaded } from "../../widgets/states.js";
import { toast } from "../../widgets/toasts.js";
import { place } from "./place.js";

/** @param {{row: any}} props */
export function Credit({ row: { name, source } }) {
  const credit = useData(
    () => (source === "file" ? Promise.resolve(null) : get(`${place(name)}/credits`)),
    [name],
  );
  return html`
    <${Loaded} from=${credit}>
      ${(row) =>
        row ? html`
          <div class="stack">
            <${Balance} row=${row} />
            ${may("configure") && html`<${CreditForm} key=${row.set_at} name=${name} row=${row} onDone=${credit.reload} />`}
          </div>
        ` : html`
          <p class="muted">
            Credit is kept for providers that were added here or by the API; this one stands in the
            configuration file.
          </p>
        `
      }
    <//>
  `;
}

function Balance({ row }) {
  if (row.balance === null)
    return html`
      <p class="muted">
        Say what you have paid in, and what is spent here is taken off live; you are warned before it runs out.
      </p>
    `;
  const share = Number(row.balance) ? Number(row.left) / Number(row.balance) : 0;
  return html`
    <div class=${`notice ${row.is_low ? "warn" : ""}`}>
      <div class="grow stack tight">
        <span>
          <b>${money(row.left)} left</b> of ${money(row.balance)} set <${When} at=${row.set_at} />
          ${row.is_low ? ": running low" : ""}
        </span>
        <${Bar} share=${share} kind=${row.is_low ? "warn" : ""} />
      </div>
    </div>
  `;
}

function CreditForm({ name, row, onDone }) {
  const form = useForm({ balance: row.left ?? "", low: row.low ?? "" }, async (values) => {
    await put(`${place(name)}/credits`, {
      balance: textOr(String(values.balance).trim()),
      low: textOr(String(values.low).trim()),
    });
    toast("Saved");
    onDone();
  });
  return html`
    <${FormBox} form=${form} word="Set the credit">
      <div class="fields two">
        <${Field} form=${form} name="balance" label="Credit now, US dollars" placeholder="50.00" />
        <${Field} form=${form} name="low" label="Warn below" placeholder="5.00" />
      </div>
    <//>
  `;
}
