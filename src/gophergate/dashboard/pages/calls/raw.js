/** The record and the bodies as they are kept. */
import { html } from "../../ui.js";
import { pretty } from "../../conversation.js";
import { Button, copyText } from "../../widgets/basics.js";

export function Raw({ call }) {
  const { bodies, ...record } = call;
  return html`
    <div class="stack">
      <div class="spread">
        <h3>Record</h3>
        <${Button} onClick=${() => copyText(JSON.stringify(record, null, 2))}>Copy<//>
      </div>
      <pre class="code">${JSON.stringify(record, null, 2)}</pre>
      ${bodies && html`
        <div class="spread">
          <h3>Request</h3>
          <${Button} onClick=${() => copyText(bodies.request)}>Copy<//>
        </div>
        <pre class="code">${pretty(bodies.request)}</pre>
        <div class="spread">
          <h3>Response</h3>
          <${Button} onClick=${() => copyText(bodies.response)}>Copy<//>
        </div>
        <pre class="code">${pretty(bodies.response)}</pre>
      `}
    </div>
  `;
}
