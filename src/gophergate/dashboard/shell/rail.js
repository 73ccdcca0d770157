/** The rail of pages; on a phone the few that matter most at the foot, and all of them in a sheet. */
import { html, signal } from "../ui.js";
import { may } from "../api.js";
import { Icon } from "../icons.js";
import { PLACES } from "../places.js";
import { route } from "../router.js";

const KEPT = "gophergate.rail";
/** Whether the rail shows icons only. */
export const narrow = signal(localStorage.getItem(KEPT) === "narrow");
/** Whether the sheet of a phone is open. */
export const sheet = signal(false);

export function Rail({ isSheet = false }) {
  const groups = ["Observe", "Govern", "Build", ""];
  const fold = () => {
    narrow.value = !narrow.value;
    localStorage.setItem(KEPT, narrow.value ? "narrow" : "wide");
  };
  return html`
    <nav class=${`rail ${isSheet ? "sheet" : ""}`} aria-label="Pages">
      <a class="brand" href="#/overview">
        <img src=${new URL("../icon.svg", import.meta.url).href} alt="" />
        <span class="word">GopherGate</span>
      </a>
      ${groups.map((group) => html`
        <div key=${group}>
          ${group ? html`<h3>${group}</h3>` : html`<h3 aria-hidden="true"> </h3>`}
          ${PLACES.filter((place) => place.group === group && (!place.needs || may(place.needs))).map(
            (place) => html`
              <a
                key=${place.page}
                class="item"
                href=${`#/${place.page}`}
                title=${place.word}
                aria-current=${route.value.page === place.page ? "page" : undefined}
                onClick=${() => (sheet.value = false)}
              >
                <${Icon} name=${place.icon} />
                <span class="word">${place.word}</span>
              </a>
            `,
          )}
        </div>
      `)}
      <div class="foot">
        <button
          type="button"
          class="button quiet"
          onClick=${fold}
          aria-label=${narrow.value ? "Widen the rail" : "Narrow the rail"}
        >
          <${Icon} name="fold" />
          <span class="word">Narrow</span>
        </button>
      </div>
    </nav>
  `;
}

export const Bottom = () => html`
  <nav class="bottom" aria-label="Main pages">
    ${PLACES.filter((place) => place.thumb).map((place) => html`
      <a
        key=${place.page}
        href=${`#/${place.page}`}
        aria-current=${route.value.page === place.page ? "page" : undefined}
      >
        <${Icon} name=${place.icon} />
        ${place.word}
      </a>
    `)}
    <button type="button" aria-expanded=${sheet.value} onClick=${() => (sheet.value = !sheet.value)}>
      <${Icon} name="menu" />
      More
    </button>
  </nav>
`;
