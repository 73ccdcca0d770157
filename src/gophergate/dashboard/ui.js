/** The libraries, under one roof: every module takes them from here. */
import { h, render, Fragment } from "./vendor/preact.js";
import { useEffect, useMemo, useRef, useState, useCallback, useLayoutEffect } from "./vendor/hooks.js";
import { signal, computed, effect, batch } from "./vendor/signals.js";
import htm from "./vendor/htm.js";

export const html = htm.bind(h);
export { h, render, Fragment, useEffect, useMemo, useRef, useState, useCallback, useLayoutEffect, signal, computed, effect, batch };

/**
 * Data that a widget loads by itself. What was loaded stays on screen while it is loaded again.
 * @template T
 * @param {() => Promise<T>} load
 * @param {unknown[]} deps loads again when one of them changes
 * @param {{every?: number}} [options] `every`: milliseconds between two loads while the page is visible
 * @returns {{data: T|undefined, error: any, loading: boolean, reload: () => void}}
 */
export function useData(load, deps, options = {}) {
  const [state, setState] = useState({ data: undefined, error: null, loading: true });
  const [turn, setTurn] = useState(0);
  const newest = useRef(0);
  useEffect(() => {
    const mine = ++newest.current;
    setState((was) => ({ ...was, loading: true }));
    load().then(
      (data) => mine === newest.current && setState({ data, error: null, loading: false }),
      (error) => mine === newest.current && setState((was) => ({ ...was, error, loading: false })),
    );
  }, [...deps, turn]);
  useEffect(() => {
    if (!options.every) return;
    const timer = setInterval(() => document.visibilityState === "visible" && setTurn((n) => n + 1), options.every);
    return () => clearInterval(timer);
  }, [options.every]);
  useEffect(() => () => { newest.current = -1; }, []);
  return { ...state, reload: () => setTurn((n) => n + 1) };
}

/** A value that follows another with a delay: what is typed, before it is asked for. */
export function useSettled(value, delay = 250) {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), delay);
    return () => clearTimeout(timer);
  }, [value, delay]);
  return settled;
}

/** A clock for relative times: once every `every` milliseconds. */
export function useClock(every = 15000) {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), every);
    return () => clearInterval(timer);
  }, [every]);
  return now;
}
