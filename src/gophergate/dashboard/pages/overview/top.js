/** The few that cost the most, each a way into its calls. */
import { html } from "../../ui.js";
import { Empty } from "../../widgets/states.js";
import { UsageTable } from "../../widgets/usage.js";

const MOST = 6;

/** @param {{rows: any[], by: string, range: string}} props */
export function Top({ rows, by, range }) {
  if (!rows.length) return html`<${Empty} title="No calls in this range" />`;
  const all = rows.reduce((sum, row) => sum + Number(row.cost), 0);
  return html`
    <${UsageTable}
      label=${`Spend by ${by}`}
      by=${by}
      rows=${rows}
      show=${["calls", "cost"]}
      where=${{ range }}
      most=${MOST}
      whole=${all || 1}
    />
  `;
}
