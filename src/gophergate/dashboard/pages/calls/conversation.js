/** What was asked and answered, read as a conversation. */
import { html } from "../../ui.js";
import { answered } from "../../answer.js";
import { asked } from "../../conversation.js";
import { bytes } from "../../format.js";
import { isPlain, operated } from "../../operations.js";
import { Empty } from "../../widgets/states.js";
import { TurnBox } from "../../widgets/turns.js";

const turnsOf = (call) =>
  isPlain(call.operation)
    ? operated(call)
    : [...asked(call.bodies.request), { role: "answer", parts: answered(call.bodies.response) }];

export function Conversation({ call }) {
  if (call.bodies_hidden)
    return html`<${Empty} title="Not for your role">Who may read what is said decides an administrator.<//>`;
  if (!call.bodies)
    return html`
      <${Empty} title="What was said was not kept">
        Set <code>logging.bodies</code> to <code>all</code> or <code>errors</code> to keep it.
      <//>
    `;
  const turns = turnsOf(call);
  return html`
    <div class="turns">
      ${turns.map((turn, n) => html`
        <${TurnBox}
          key=${n}
          role=${turn.role}
          parts=${turn.parts}
          note=${(turn.role === "answer" && call.finish_reason) || ""}
        />
      `)}
      ${call.bodies.is_cut && html`
        <p class="faint small">
          Cut: ${bytes(call.bodies.request_size)} were asked, ${bytes(call.bodies.response_size)} answered.
        </p>
      `}
    </div>
  `;
}
