/** The few that cost the most, each a way into its calls. */
import { html } from "../../ui.js";
import { count, exactly, money } from "../../format.js";
import { Bar, Pill } from "../../widgets/basics.js";
import { nameOf } from "../../widgets/range.js";
import { href } from "../../router.js";

const MOST = 6;

/** @param {{rows: any[], by: string, member: string, range: string}} props */
export function Top({ rows, by, member, range }) {
  if (!rows.length) return html`<p class="body muted">No calls in this range.</p>`;
  const shown = [...rows].sort((a, b) => Number(b.cost) - Number(a.cost)).slice(0, MOST);
  const most = Number(shown[0].cost) || 1;
  return html`
    <div class="table">
      <table>
        <thead>
          <tr>
            <th>Name</th>
            <th class="num">Calls</th>
            <th class="num">Spend</th>
            <th class="share">
              <span class="hidden">Share</span>
            </th>
          </tr>
        </thead>
        <tbody>
          ${shown.map((row) => html`
            <tr key=${row.id}>
              <td>
                ${row.id ? html`
                  <a class="clip" href=${href("calls", "", { [member]: row.id, range })}>
                    ${row.name}
                  </a>
                ` : html`
                  <span class="muted">${nameOf(row, by)}</span>
                `}
              </td>
              <td class="num" title=${exactly(row.calls)}>
                ${count(row.calls)}
              </td>
              <td class="num" title=${`$${row.cost}`}>
                ${Number(row.cost) === 0 && row.unpriced ? html`<${Pill} kind="warn">unpriced<//>` : money(row.cost)}
              </td>
              <td class="share">
                <${Bar} share=${Number(row.cost) / most} label=${`${nameOf(row, by)}: ${money(row.cost)}`} />
              </td>
            </tr>
          `)}
        </tbody>
      </table>
    </div>
  `;
}
