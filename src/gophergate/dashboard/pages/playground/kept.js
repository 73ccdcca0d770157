/** What is being tried, kept in this tab over reloads and other pages, for the one who typed it. */
import { useEffect, useRef } from "../../ui.js";
import { me } from "../../api.js";
import { emptyDraft } from "./draft.js";

/** @typedef {{draft: import("./draft.js").Draft, columns: import("./columns.js").Column[], key: string}} State */

const KEPT = "gophergate.playground";
const SETTLED = 400;

const owner = () => me.value?.user?.id ?? me.value?.name;

/** @returns {Partial<State>} nothing where nothing was kept, or by somebody else */
export function kept() {
  const text = sessionStorage.getItem(KEPT);
  if (!text) return {};
  try {
    const { by, draft, columns, key } = JSON.parse(text);
    return by === owner() ? { draft: { ...emptyDraft(), ...draft }, columns, key } : {};
  } catch {
    return {}; // An older page's: there is nothing in it that could be read.
  }
}

/** Keep the state when it has stood still for a moment, and when the page is left. @param {State} state */
export function useKept(state) {
  const newest = useRef(state);
  newest.current = state;
  useEffect(() => {
    const timer = setTimeout(() => keep(newest.current), SETTLED);
    return () => clearTimeout(timer);
  }, [state.draft, state.columns, state.key]);
  useEffect(() => {
    const leave = () => keep(newest.current);
    addEventListener("pagehide", leave);
    return () => {
      removeEventListener("pagehide", leave);
      leave();
    };
  }, []);
}

/** @param {State} state */
function keep(state) {
  if (!me.value) return;
  const write = (draft) => sessionStorage.setItem(KEPT, JSON.stringify({ ...state, draft, by: owner() }));
  try {
    write(state.draft);
  } catch {
    // A tab keeps some five million characters: pictures may be more, the words never are.
    const { messages } = state.draft;
    write({ ...state.draft, messages: messages.map((one) => ({ ...one, images: [] })) });
  }
}
