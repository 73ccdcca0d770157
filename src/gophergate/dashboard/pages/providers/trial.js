/** A real call to a provider, now: does it answer, how fast, and if not, why. */
import { html, useEffect, useState } from "../../ui.js";
import { post } from "../../api.js";
import { duration } from "../../format.js";
import { Button } from "../../widgets/basics.js";

/**
 * @param {{name: string, auto?: boolean, credential?: string, of?: string}} props with `auto` it is asked at once; on the
 * key of the label `credential`, or on the first; `of`: which model, where it is no choice
 */
export function Trial({ name, auto = false, credential = "", of = "" }) {
  const [state, setState] = useState(/** @type {any} */ (null));
  const [model, setModel] = useState(of);
  const run = async () => {
    setState({ isBusy: true });
    try {
      setState(
        await post(`/api/providers/${encodeURIComponent(name)}/test`, {
          ...(model.trim() ? { model: model.trim() } : {}),
          ...(credential ? { credential } : {}),
        }),
      );
    } catch (error) {
      setState({ ok: false, message: error.message });
    }
  };
  useEffect(() => {
    if (auto) run();
  }, []);
  return html`
    <div class="stack tight">
      <div class="line">
        <${Button} onClick=${run} disabled=${state?.isBusy}>
          ${state?.isBusy ? "Asking it…" : credential ? "Test" : of ? "Test it now" : "Test with a real call"}
        <//>
        ${!credential && !of && html`
          <input
            class="input slim"
            aria-label="Model to ask"
            placeholder="its first model"
            value=${model}
            onInput=${(event) => setModel(event.target.value)}
          />
        `}
      </div>
      ${state && !state.isBusy && html`
        <div class=${`notice ${state.ok ? "" : "bad"}`} role="status">
          <div class="grow">
            <b>${state.ok ? "It answers" : "It does not answer"}</b>${" "}
            ${state.asked && html`
              <span class="muted">
                asked ${state.asked}
                ${state.status ? `, answered ${state.status}` : ""}, ${duration(state.ms)}
              </span>
            `}
            <p class="small">${state.ok ? state.reply : state.message}</p>
          </div>
        </div>
      `}
    </div>
  `;
}
