/** The libraries, under one roof: every module takes them from here. */
import { h, render, Fragment } from "./vendor/preact.js";
import { useEffect, useMemo, useRef, useState, useCallback, useLayoutEffect } from "./vendor/hooks.js";
import { signal, computed, effect, batch } from "./vendor/signals.js";
import htm from "./vendor/htm.js";

export const html = htm.bind(h);
export {
  h,
  render,
  Fragment,
  useEffect,
  useMemo,
  useRef,
  useState,
  useCallback,
  useLayoutEffect,
  signal,
  computed,
  effect,
  batch,
};

const phone = matchMedia("(max-width: 560px)");
/** Whether there is only room for what matters most. */
export const isPhone = signal(phone.matches);
phone.addEventListener("change", () => {
  isPhone.value = phone.matches;
});

/** How many widgets wait for the answer to a new question; what is asked again by itself does not count. */
export const waiting = signal(0);

/**
 * Data that a widget loads by itself. What was loaded stays on screen while it is loaded again. When the question has
 * changed it is `stale` from that very render on: the old answer under a new label must be seen to be old.
 * @template T
 * @param {() => Promise<T>} load
 * @param {unknown[]} deps loads again when one of them changes
 * @param {{every?: number}} [options] `every`: milliseconds between two loads while the page is visible
 * @returns {{data: T|undefined, error: any, loading: boolean, stale: boolean, reload: () => void}}
 */
export function useData(load, deps, options = {}) {
  const [state, setState] = useState({
    data: /** @type {T|undefined} */ (undefined),
    error: null,
    answers: deps,
    loading: true,
  });
  const [turn, setTurn] = useState({ quiet: false });
  const newest = useRef(0);
  useLayoutEffect(() => {
    const mine = ++newest.current;
    const quiet = turn.quiet && same(state.answers, deps);
    if (!quiet) waiting.value = waiting.peek() + 1;
    setState((was) => ({ ...was, loading: true }));
    load()
      .then(
        (data) => mine === newest.current && setState({ data, error: null, answers: deps, loading: false }),
        (error) =>
          mine === newest.current &&
          setState((was) => ({
            data: same(was.answers, deps) ? was.data : undefined,
            error,
            answers: deps,
            loading: false,
          })),
      )
      .finally(() => {
        if (!quiet) waiting.value = waiting.peek() - 1;
      });
  }, [...deps, turn]);
  useEffect(() => {
    if (!options.every) return;
    const timer = setInterval(
      () => document.visibilityState === "visible" && setTurn({ quiet: true }),
      options.every,
    );
    return () => clearInterval(timer);
  }, [options.every]);
  useEffect(
    () => () => {
      newest.current = -1;
    },
    [],
  );
  return {
    data: state.data,
    error: state.error,
    loading: state.loading,
    stale: !same(state.answers, deps),
    reload: () => setTurn({ quiet: false }),
  };
}

const same = (a, b) => a.length === b.length && a.every((one, n) => Object.is(one, b[n]));

/** A value that follows another with a delay: what is typed, before it is asked for. */
export function useSettled(value, delay = 250) {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), delay);
    return () => clearTimeout(timer);
  }, [value, delay]);
  return settled;
}

const clock = signal(Date.now());
setInterval(() => (clock.value = Date.now()), 15000);
/** A clock for relative times, the same for all: every quarter of a minute. */
export const useClock = () => clock.value;
