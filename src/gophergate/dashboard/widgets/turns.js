/** A conversation: turns of text, dimmed thoughts, folded tool calls. Everything is text. */
import { html } from "../ui.js";
import { pretty } from "../conversation.js";

export const Part = ({ part }) => {
  if (part.kind === "text") return html`<div class="said">${part.text}</div>`;
  if (part.kind === "thought")
    return html`
      <details open=${part.text.length < 600}>
        <summary>Thinking</summary>
        <div class="said thought">${part.text}</div>
      </details>
    `;
  if (part.kind === "media") return html`<div class="said muted">[${part.text}]</div>`;
  if (part.kind === "picture")
    return html`
      <figure class="said">
        <img src=${part.source} alt=${part.text} />
        <figcaption class="muted small">${part.text}</figcaption>
      </figure>
    `;
  const word =
    part.kind === "tool"
      ? `Calls ${part.name || "a tool"}`
      : part.kind === "result"
        ? "Tool result"
        : part.name || "Other";
  return html`
    <details open=${part.text.length < 400}>
      <summary>${word}</summary>
      <pre class="code">${pretty(part.text)}</pre>
    </details>
  `;
};

export const TurnBox = ({ role, parts, note = "" }) => html`
  <section class="turn">
    <h3>
      <span>${role}</span>
      <span class="faint">${note}</span>
    </h3>
    ${parts.length ? (
      parts.map((part, n) => html`<${Part} key=${n} part=${part} />`)
    ) : html`
      <div class="said faint">Nothing was said.</div>
    `}
  </section>
`;
