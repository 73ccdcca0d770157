/** Three steps to the first call. Each ticks itself when it has happened. */
import { html, useData, useEffect, useState } from "../ui.js";
import { all, get, may, post } from "../api.js";
import { listen } from "../socket.js";
import { Button, Pill, Secret } from "../widgets/basics.js";
import { Failed } from "../widgets/states.js";
import { attempt } from "../widgets/toasts.js";
import { FirstCall } from "./clients/new.js";

export default function Welcome() {
  const keys = useData(() => all("/api/keys"), []);
  const providers = useData(() => all("/api/providers"), [], { every: 5000 });
  const calls = useData(() => get("/api/calls", { limit: 1 }), []);
  const [made, setMade] = useState("");
  const [called, setCalled] = useState(/** @type {any} */ (null));
  useEffect(
    () =>
      listen(
        (message) => {
          if (message.type === "call.finished" && message.data.status === "ok") setCalled(message.data);
        },
        ["calls"],
      ),
    [],
  );
  const live = (keys.data || []).filter((key) => !key.revoked_at);
  const real = (providers.data || []).filter((one) => one.kind !== "simulator" && one.state === "ok");
  const demo = (providers.data || []).find((one) => one.kind === "simulator");
  const done = called || calls.data?.items[0];
  const model = real.length
    ? real[0].models[0]
      ? `${real[0].name}/${real[0].models[0]}`
      : `${real[0].name}/…`
    : "demo/echo";
  const make = () =>
    attempt(async () => {
      setMade((await post("/api/clients", { name: `first-${Date.now().toString(36)}` })).key.key);
      keys.reload();
    });
  return html`
    <section class="card" style=${{ maxWidth: "760px" }}>
      <header>
        <h2>Three steps to the first call</h2>
      </header>
      <div class="body stack">
        ${keys.error && html`<${Failed} error=${keys.error} retry=${keys.reload} />`}
        <ol class="steps">
          <li class=${live.length ? "done" : ""}>
            <div class="stack tight">
              <h2>A client key</h2>
              ${made ? html`
                <${Secret} label="Your key" value=${made} />
              ` : html`
                <p class="muted">
                  ${live.length
                    ? `${live.length} ${live.length === 1 ? "key is" : "keys are"} ready; the first was printed at the first start.`
                    : "Applications show it with each call."}
                </p>
              `}
              ${may("edit") && !made && html`
                <div>
                  <${Button} kind=${live.length ? "" : "main"} onClick=${make}>
                    ${live.length ? "Make another to see it here" : "Make a key"}
                  <//>
                </div>
              `}
            </div>
          </li>
          <li class=${real.length || demo ? "done" : ""}>
            <div class="stack tight">
              <h2>A provider</h2>
              <p class="muted">
                ${real.length
                  ? `${real.map((one) => one.name).join(", ")} ${real.length === 1 ? "answers" : "answer"}.`
                  : demo
                    ? "The simulator answers without an account. Add a real one when you like."
                    : "Who answers the calls."}
              </p>
              ${may("configure") && html`
                <div>
                  <a class="button" href="#/providers?open=new">
                    Add a provider
                  </a>
                </div>
              `}
            </div>
          </li>
          <li class=${done ? "done" : ""}>
            <div class="stack tight">
              <h2>The first call</h2>
              <${FirstCall} secret=${made || "$GOPHERGATE_KEY"} model=${model} label="With curl" />
              ${done ? html`
                <p>
                  <${Pill} kind="ok">arrived<//> <a href=${`#/calls/${done.id}`}>${done.model_requested}</a>
                  ${" · "}
                  <a href="#/overview">To the overview</a>
                </p>
              ` : html`
                <p class="muted" role="status">
                  Waiting for it… <a href="#/playground">or ask from the playground</a>
                </p>
              `}
            </div>
          </li>
        </ol>
      </div>
    </section>
  `;
}
