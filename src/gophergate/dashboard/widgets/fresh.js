/** Views that follow what others change: the server says what was changed, the view asks for it anew. */
import { useEffect } from "../ui.js";
import { isChanging } from "../api.js";
import { listen } from "../socket.js";

const SETTLE = 250;

/**
 * Load again when one of these kinds of things was changed by anybody: "provider", "group", "key"... While we change
 * something ourselves it waits: what we delete is announced before we have the answer, and would be asked for in vain.
 * @param {string[]} kinds @param {() => void} reload
 */
export function useFresh(kinds, reload) {
  useEffect(() => {
    let timer = 0;
    const load = () => {
      if (isChanging()) timer = window.setTimeout(load, SETTLE);
      else reload();
    };
    const stop = listen(({ type, data }) => {
      if (type !== "event") return;
      if (!kinds.includes(data.kind === "configuration" ? data.target_kind : data.kind)) return;
      clearTimeout(timer);
      timer = window.setTimeout(load, SETTLE);
    });
    return () => {
      clearTimeout(timer);
      stop();
    };
  }, []);
}
