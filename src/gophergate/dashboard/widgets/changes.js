/** What differs between two states of a thing, member by member, as people read it. */
import { html } from "../ui.js";
import { isEmpty, valueOf } from "../members.js";

/**
 * @param {{differences: import("../members.js").Difference[], names?: import("../members.js").Names, label?: string,
 *   both?: any, heads?: [string, string]}} props not `both`: the one state that there is
 */
export function Changes({
  differences,
  names = {},
  both = true,
  label = "What was changed",
  heads = ["Before", "After"],
}) {
  const had = both || differences.some((one) => one.before !== undefined);
  const has = both || differences.some((one) => one.after !== undefined);
  const [first, second] = both ? heads : ["Value", "Value"];
  return html`
    <table class="changes" aria-label=${label}>
      <thead>
        <tr>
          <th scope="col">What</th>
          ${had && html`<th scope="col">${first}</th>`}
          ${has && html`<th scope="col">${second}</th>`}
        </tr>
      </thead>
      <tbody>
        ${differences.map((one) => html`
          <tr key=${one.path}>
            <th scope="row">${one.label}</th>
            ${had && html`
              <td class="was" data-head=${both ? first : ""}>
                <div>${said(one, one.before, one.after, names)}</div>
              </td>
            `}
            ${has && html`
              <td class="now" data-head=${both ? second : ""}>
                <div>${said(one, one.after, one.before, names)}</div>
              </td>
            `}
          </tr>
        `)}
      </tbody>
    </table>
  `;
}

/** A value; of a long list only what the other state has not. */
function said({ path }, value, other, names) {
  if (Array.isArray(value) && Array.isArray(other) && value.length > 3) {
    const own = value.filter((one) => !other.includes(one));
    const same = value.length - own.length;
    if (own.length < value.length && (own.length || other.some((one) => !value.includes(one))))
      return html`
        ${own.length > 0 && html`<div>${valueOf(path, own, names)}</div>`}
        <span class="faint">
          ${own.length ? "and " : ""}
          ${same} that ${same === 1 ? "is" : "are"} in both
        </span>
      `;
  }
  const text = valueOf(path, value, names);
  return isEmpty(value) ? html`<span class="faint">${text}</span>` : text;
}
