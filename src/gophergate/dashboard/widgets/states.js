/** What stands where data will be: while it loads, when there is none, when it failed. */
import { html } from "../ui.js";

export const Skeleton = ({ rows = 4 }) => html`
  <div class="stack" role="status" aria-label="Loading">
    ${Array.from({ length: rows }, (_, n) => html`
      <div class="skeleton" key=${n} style=${{ width: `${90 - ((n * 17) % 40)}%` }}></div>
    `)}
  </div>
`;

export const Empty = ({ title, children, action = null }) => html`
  <div class="empty">
    <h2>${title}</h2>
    ${children && html`<p>${children}</p>`}
    ${action}
  </div>
`;

export const Failed = ({ error, retry = null }) => html`
  <div class="notice bad" role="alert">
    <span>${error.message}</span>
    ${retry && html`
      <button class="button" onClick=${retry}>
        Try again
      </button>
    `}
  </div>
`;

/** One widget's data, whichever state it is in. `children` is called with the data. An answer to an older question is dimmed. */
export function Loaded({ from, rows = 4, children }) {
  if (from.data === undefined)
    return from.error ? html`<${Failed} error=${from.error} retry=${from.reload} />` : html`<${Skeleton} rows=${rows} />`;
  return html`
    <div class="loaded" aria-busy=${from.stale}>
      ${from.error && html`<${Failed} error=${from.error} retry=${from.reload} />`}
      ${children(from.data)}
    </div>
  `;
}
