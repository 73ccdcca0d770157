/** The only caller of the operators' API. Knows the session, its CSRF token, and how errors look. */
import { signal } from "./ui.js";

/** Who is signed in: undefined until it is known, null for nobody. */
export const me = signal(/** @type {any} */ (undefined));

export class ApiError extends Error {
  /** @param {number} status @param {any} body */
  constructor(status, body) {
    const said = body && body.error;
    super(
      (said && said.message) || (status ? `The server answered ${status}.` : "The server cannot be reached."),
    );
    this.status = status;
    this.code = said && said.code;
    this.param = said && said.param;
    /** @type {Record<string, string>} */
    this.fields = {};
    for (const one of (said && said.fields) || []) this.fields[one.field] = one.message;
    if (this.param && !this.fields[this.param]) this.fields[this.param] = this.message;
  }
}

/** @param {Record<string, any>} [params] leaves out what is empty */
export function query(params) {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(params || {})) {
    if (value !== undefined && value !== null && value !== "") search.set(name, String(value));
  }
  const text = search.toString();
  return text ? `?${text}` : "";
}

/** @param {string} path @param {Record<string, any>} [params] */
export const get = (path, params) => ask("GET", path + query(params));
/** @param {string} path @param {any} [body] */
export const post = (path, body) => ask("POST", path, body === undefined ? {} : body);
export const patch = (path, body, etag) => ask("PATCH", path, body, etag);
export const put = (path, body, etag) => ask("PUT", path, body, etag);
/** @param {string} path @param {string} [etag] */
export const del = (path, etag) => ask("DELETE", path, undefined, etag);

/** A list that has no pages, and takes nothing that is about them. @param {string} path @returns {Promise<any[]>} */
export const whole = (path) => get(path).then((page) => page.items);

/** Every page of a list, up to `most` items. */
export async function all(path, params = {}, most = 2000) {
  const items = [];
  let cursor = null;
  do {
    const page = await get(path, { limit: 200, ...params, cursor });
    items.push(...page.items);
    cursor = page.next_cursor;
  } while (cursor && items.length < most);
  return items;
}

let changes = 0;
/** Whether something that we change is under way: what it concerns may be gone when the answer comes. */
export const isChanging = () => changes > 0;

/** @param {string} method @param {string} path @param {any} [body] @param {string} [etag] */
async function ask(method, path, body, etag) {
  if (method === "GET") return answer(method, path, body, etag);
  changes += 1;
  try {
    return await answer(method, path, body, etag);
  } finally {
    changes -= 1;
  }
}

/** @param {string} method @param {string} path @param {any} [body] @param {string} [etag] */
async function answer(method, path, body, etag) {
  /** @type {Record<string, string>} */
  const headers = { accept: "application/json" };
  if (body !== undefined) headers["content-type"] = "application/json";
  if (etag) headers["if-match"] = etag;
  if (method !== "GET" && me.value && me.value.csrf_token) headers["x-csrf-token"] = me.value.csrf_token;
  let response;
  try {
    response = await fetch(path, {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      credentials: "same-origin",
    });
  } catch {
    throw new ApiError(0, null);
  }
  const text = await response.text();
  let data = null;
  try {
    data = text ? JSON.parse(text) : null;
  } catch {
    data = null;
  }
  if (response.status === 401 && path !== "/api/auth/login") {
    localStorage.removeItem(SIGNED_IN);
    me.value = null;
  }
  if (!response.ok) throw new ApiError(response.status, data);
  const tag = response.headers.get("etag");
  if (tag && data && typeof data === "object" && !Array.isArray(data))
    Object.defineProperty(data, "etag", { value: tag });
  return data;
}

/** Whether the one who is signed in may do that. */
export const may = (permission) => Boolean(me.value && me.value.permissions.includes(permission));

const SIGNED_IN = "gophergate.signed-in";

/** Learn who is signed in. A browser that nobody signed in from does not ask: the answer would be an error. */
export async function whoami() {
  if (!localStorage.getItem(SIGNED_IN)) {
    me.value = null;
    return;
  }
  try {
    me.value = await get("/api/auth/me");
  } catch (error) {
    if (error.status === 401) me.value = null;
    else throw error;
  }
}

export async function login(username, password) {
  await post("/api/auth/login", { username, password });
  localStorage.setItem(SIGNED_IN, "yes");
  await whoami();
}

export async function logout() {
  await post("/api/auth/logout").catch(() => {});
  localStorage.removeItem(SIGNED_IN);
  me.value = null;
  sessionStorage.clear(); // What was typed is not for whoever signs in next.
}

const named = new Map();
/** Names of clients, teams and keys by id, for showing; loaded once in a while. @returns {Promise<Record<string, string>>} */
export function names(kind) {
  const known = named.get(kind);
  if (known && Date.now() - known.at < 30000) return known.names;
  const found = all(`/api/${kind}`).then(
    (rows) => Object.fromEntries(rows.map((row) => [row.id ?? row.name, row.name || row.username || row.id])),
    () => ({}),
  );
  named.set(kind, { at: Date.now(), names: found });
  return found;
}
export const forgetNames = () => named.clear();
