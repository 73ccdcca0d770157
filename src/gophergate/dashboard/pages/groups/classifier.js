/** Who rates requests, and which target each rating leads to. */
import { html } from "../../ui.js";

const NEW = { model: "", threshold: 9 };

/** @param {{value: any, targets: {model: string}[], onChange: (value: any) => void, isFixed: boolean}} props */
export function ClassifierFields({ value, targets, onChange, isFixed }) {
  const now = value || NEW;
  const set = (change) => onChange({ ...now, ...change });
  const field = (name, label, more) => html`
    <div class="field">
      <label for=${`classifier-${name}`}>${label}</label>
      <input
        id=${`classifier-${name}`}
        class="input"
        disabled=${isFixed}
        value=${now[name] ?? ""}
        ...${more}
        onInput=${(event) =>
          set({ [name]: event.target.type === "number" ? Number(event.target.value) : event.target.value })
        }
      />
    </div>
  `;
  return html`
    <div class="stack">
      <div class="fields two">
        ${field("model", "Rated by", { list: "model-names", placeholder: "a cheap, quick model" })}
        ${field("threshold", "Hardest rating", { type: "number", min: 1, max: 1000 })}
        ${field("timeout", "Seconds for a rating", {
          type: "number",
          min: 0.1,
          max: 60,
          step: "any",
          placeholder: "5",
        })}
        ${field("remember", "Seconds a rating is good", {
          type: "number",
          min: 0,
          step: "any",
          placeholder: "3600",
        })}
      </div>
      <p class="small muted">${buckets(now.threshold, targets)}</p>
    </div>
  `;
}

/** Which ratings lead to which target: bucket = floor(rating × targets / (threshold + 1)). */
function buckets(threshold, targets) {
  const named = targets.filter((one) => one.model.trim());
  if (!named.length || !threshold) return "Targets stand from the easiest requests to the hardest.";
  const ratings = Array.from({ length: threshold + 1 }, (_, rating) => rating);
  const to = (rating) => Math.min(named.length - 1, Math.floor((rating * named.length) / (threshold + 1)));
  return named
    .map(({ model }, n) => {
      const mine = ratings.filter((rating) => to(rating) === n);
      return mine.length ? `${mine[0]}–${mine[mine.length - 1]} → ${model}` : `no rating → ${model}`;
    })
    .join(", ");
}
