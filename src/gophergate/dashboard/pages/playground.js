/** Ask any model, several beside each other, and take the code along. */
import { html, useData, useEffect, useRef, useState } from "../ui.js";
import { all, get, may, post } from "../api.js";
import { route } from "../router.js";
import { count, duration, money } from "../format.js";
import { Button, Copy, Segments } from "../widgets/basics.js";
import { Failed } from "../widgets/states.js";
import { Part } from "../widgets/turns.js";
import { answered, asked } from "../conversation.js";
import { toast } from "../widgets/toasts.js";

const KEY = "gophergate.playground.key";
const TOOL = '[{"type": "function", "function": {"name": "weather", "description": "The weather in a city", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}}}]';

export default function Playground() {
  const replay = useRef(takeReplay());
  const models = useData(() => all("/api/models", {}, 5000), []);
  const [columns, setColumns] = useState(() => [{ id: 1, model: route.value.query.model || replay.current?.model || "" }]);
  const [system, setSystem] = useState(replay.current?.system || "");
  const [prompt, setPrompt] = useState(replay.current?.prompt || "Say hello to a gopher in one sentence.");
  const [tools, setTools] = useState("");
  const [images, setImages] = useState(/** @type {string[]} */ ([]));
  const [temperature, setTemperature] = useState("");
  const [limit, setLimit] = useState("");
  const [stream, setStream] = useState(true);
  const [results, setResults] = useState(/** @type {Record<number, any>} */ ({}));
  const [key, setKey] = useState(sessionStorage.getItem(KEY) || "");
  const [asking, setAsking] = useState(false);
  const [code, setCode] = useState("curl");
  const running = useRef(/** @type {AbortController|null} */ (null));
  const first = models.data?.find((row) => row.enabled)?.name || "demo/echo";
  const wrong = toolsWrong(tools);
  useEffect(() => () => running.current?.abort(), []);

  const body = (model) => ({
    model: model || first,
    messages: [...(system ? [{ role: "system", content: system }] : []), { role: "user", content: images.length ? [{ type: "text", text: prompt }, ...images.map((url) => ({ type: "image_url", image_url: { url } }))] : prompt }],
    ...(stream ? { stream: true, stream_options: { include_usage: true } } : {}), ...(tools.trim() ? { tools: JSON.parse(tools) } : {}), ...(temperature !== "" ? { temperature: Number(temperature) } : {}), ...(limit !== "" ? { max_completion_tokens: Number(limit) } : {}),
  });

  const send = async () => {
    if (asking) { running.current?.abort(); return; }
    let secret = key;
    if (!secret) { try { secret = await ownKey(); setKey(secret); sessionStorage.setItem(KEY, secret); } catch (error) { toast(error.message, "bad"); return; } }
    const stop = (running.current = new AbortController());
    setAsking(true); setResults({});
    await Promise.all(columns.map((column) => one(column.id, body(column.model), secret, stop.signal, (result) => setResults((was) => ({ ...was, [column.id]: result })))));
    setAsking(false);
  };
  const addImage = (files) => [...files].filter((file) => file.type.startsWith("image/")).forEach((file) => { const reader = new FileReader(); reader.onload = () => setImages((was) => [...was, String(reader.result)]); reader.readAsDataURL(file); });

  return html`<div class="stack" onPaste=${(event) => addImage(event.clipboardData?.files || [])}>
    <section class="card"><div class="body stack"><div class="grid"><div class="span-8 stack">
        <div class="field"><label for="play-system">System</label><textarea id="play-system" class="input" rows="2" style=${{ minHeight: "52px" }} value=${system} placeholder="You are…" onInput=${(event) => setSystem(event.target.value)}></textarea></div>
        <div class="field"><label for="play-prompt">Message</label><textarea id="play-prompt" class="input" rows="5" value=${prompt} onInput=${(event) => setPrompt(event.target.value)} onKeyDown=${(event) => { if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) send(); }}></textarea><span class="hint">Ctrl and Enter sends.</span></div>
        <div class="drop" onDragOver=${(event) => event.preventDefault()} onDrop=${(event) => { event.preventDefault(); addImage(event.dataTransfer.files); }}>Drop or paste pictures here, or <label style=${{ color: "var(--accent)", cursor: "pointer" }}>choose<input class="hidden" type="file" accept="image/*" multiple onChange=${(event) => addImage(event.target.files)} /></label>.
          ${images.length > 0 && html`<div class="thumbs" style=${{ marginTop: "8px" }}>${images.map((url, n) => html`<button key=${n} type="button" class="button quiet" title="Take away" onClick=${() => setImages(images.filter((_, at) => at !== n))}><img src=${url} alt=${`Picture ${n + 1}`} /></button>`)}</div>`}</div></div>
      <div class="span-4 stack"><div class="field"><label for="play-tools">Tools</label><textarea id="play-tools" class="input mono" rows="4" spellcheck="false" placeholder="[] or a list of tools as JSON" aria-invalid=${wrong ? "true" : undefined} value=${tools} onInput=${(event) => setTools(event.target.value)}></textarea>${wrong ? html`<span class="wrong">${wrong}</span>` : html`<span class="hint"><button type="button" class="copy" style=${{ color: "var(--accent)" }} onClick=${() => setTools(JSON.stringify(JSON.parse(TOOL), null, 2))}>Use an example</button></span>`}</div>
        <div class="fields two"><div class="field"><label for="play-temperature">Temperature</label><input id="play-temperature" class="input" type="number" step="0.1" min="0" max="2" placeholder="its own" value=${temperature} onInput=${(event) => setTemperature(event.target.value)} /></div><div class="field"><label for="play-limit">Most tokens</label><input id="play-limit" class="input" type="number" min="1" placeholder="its own" value=${limit} onInput=${(event) => setLimit(event.target.value)} /></div></div>
        <label class="check"><input type="checkbox" checked=${stream} onChange=${(event) => setStream(event.target.checked)} /> Stream</label>
        <div class="field"><label for="play-key">Client key</label><input id="play-key" class="input" type="password" autocomplete="off" placeholder=${may("edit") ? "one is made for you" : "sk-gg-…"} value=${key} onInput=${(event) => { setKey(event.target.value); sessionStorage.setItem(KEY, event.target.value); }} /><span class="hint">Calls from here are metered like all others.</span></div></div></div>
      <div class="line"><${Button} kind="main" onClick=${send} disabled=${Boolean(wrong)}>${asking ? "Stop" : columns.length > 1 ? `Ask ${columns.length} models` : "Ask"}<//><${Button} onClick=${() => setColumns([...columns, { id: Math.max(...columns.map((one) => one.id)) + 1, model: "" }])} disabled=${columns.length > 3}>Add a column<//></div></div></section>
    ${models.error && html`<${Failed} error=${models.error} />`}
    <div class="columns">${columns.map((column) => html`<section class="card" key=${column.id}><header class="nowrap"><${Picker} models=${models.data || []} value=${column.model || first} onPick=${(model) => setColumns(columns.map((one) => (one.id === column.id ? { ...one, model } : one)))} />${columns.length > 1 && html`<${Button} kind="quiet" onClick=${() => setColumns(columns.filter((one) => one.id !== column.id))}>Remove<//>`}</header><${Result} result=${results[column.id]} /></section>`)}</div>
    <section class="card"><header><h2>As code</h2><div class="line"><${Segments} label="Language" options=${[["curl", "curl"], ["python", "Python"], ["typescript", "TypeScript"]]} value=${code} onPick=${setCode} /><${Copy} text=${wrong ? "" : written(code, body(columns[0].model))} label="Copy the code" /></div></header><div class="body"><pre class="code">${wrong ? "" : written(code, body(columns[0].model))}</pre></div></section></div>`;
}

function Picker({ models, value, onPick }) {
  const [text, setText] = useState("");
  const known = models.filter((row) => row.enabled);
  const price = known.find((row) => row.name === value)?.price;
  return html`<div class="grow"><input class="input slim" style=${{ width: "100%" }} list="play-models" aria-label="Model" value=${text || value} onFocus=${(event) => event.target.select()} onInput=${(event) => { setText(event.target.value); if (known.some((row) => row.name === event.target.value)) { onPick(event.target.value); setText(""); } }} onBlur=${(event) => { if (event.target.value.trim()) onPick(event.target.value.trim()); setText(""); }} />
    <datalist id="play-models">${known.map((row) => html`<option key=${row.name} value=${row.name}>${row.price ? `$${row.price.input} in, $${row.price.output} out` : ""}</option>`)}</datalist><span class="small muted">${price ? `$${price.input} in, $${price.output} out per million` : "unpriced"}</span></div>`;
}

function Result({ result }) {
  if (!result) return html`<p class="playout faint">The answer comes here.</p>`;
  return html`<div class="turn" style=${{ border: 0 }} aria-live="polite">${result.error && html`<div style=${{ padding: "16px" }}><${Failed} error=${new Error(result.error)} /></div>`}${result.parts.map((part, n) => html`<${Part} key=${n} part=${part} />`)}${!result.parts.length && !result.error && html`<p class="playout faint">Waiting…</p>`}</div>
    <p class="small muted figures" style=${{ padding: "8px 16px", borderTop: "1px solid var(--line)" }}>${result.first ? `first token ${duration(result.first)} · ` : ""}${duration(result.ms)}${result.usage ? ` · ${count(result.usage.prompt_tokens)} in, ${count(result.usage.completion_tokens)} out` : ""}${result.cost !== undefined ? ` · ${money(result.cost)}` : ""}${result.answered ? ` · ${result.answered}` : ""}</p>`;
}

async function one(id, body, secret, signal, show) {
  const began = performance.now();
  const result = { parts: [], ms: 0, first: 0, usage: null, error: "", answered: "", cost: undefined };
  const update = () => { result.ms = performance.now() - began; show({ ...result }); };
  update();
  try {
    const response = await fetch("/v1/chat/completions", { method: "POST", signal, credentials: "omit", headers: { "content-type": "application/json", authorization: `Bearer ${secret}`, "x-gophergate-tags": "source=playground" }, body: JSON.stringify(body) });
    result.answered = response.headers.get("x-gophergate-model") || "";
    if (!response.ok || !body.stream) {
      const text = await response.text();
      if (!response.ok) { result.error = JSON.parse(text).error?.message || text; if (response.status === 401) sessionStorage.removeItem(KEY); }
      else { const data = JSON.parse(text); result.parts = answered(text); result.usage = data.usage; result.cost = response.headers.get("x-gophergate-cost"); }
      update(); return;
    }
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let text = "", drawn = 0;
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      text += value;
      if (!result.first) result.first = performance.now() - began;
      const found = /"usage":\s*(\{.*?\})\s*[,}]\s*(?:"|\n|$)/.exec(value);
      if (found) { for (const line of value.split("\n")) if (line.includes('"usage"')) { try { result.usage = JSON.parse(line.slice(5)).usage || result.usage; } catch { /* half a line */ } } }
      if (performance.now() - drawn > 60) { drawn = performance.now(); result.parts = answered(text); update(); }
    }
    result.parts = answered(text);
    update();
    const id = response.headers.get("x-request-id");
    if (id) setTimeout(async () => { try { const page = await get("/api/calls", { request_id: id }); if (page.items[0]) { result.cost = page.items[0].cost; show({ ...result }); } } catch { /* the log is a moment behind */ } }, 1200);
  } catch (error) {
    result.error = error.name === "AbortError" ? "Stopped." : error.message;
    update();
  }
}

/** A key of the playground's own client, good for a day; made once a session. */
async function ownKey() {
  if (!may("edit")) throw new Error("Paste a client key: your role does not make keys.");
  const clients = await all("/api/clients");
  const mine = clients.find((row) => row.name === "playground");
  if (!mine) return (await post("/api/clients", { name: "playground" })).key.key;
  return (await post("/api/keys", { client_id: mine.id, name: "playground", expires_at: new Date(Date.now() + 86400000).toISOString() })).key;
}

function toolsWrong(text) {
  if (!text.trim()) return "";
  try {
    const data = JSON.parse(text);
    if (!Array.isArray(data)) return "Tools are a JSON list.";
    for (const [n, tool] of data.entries()) {
      if (tool.type === "function" && !tool.function?.name) return `Tool ${n + 1} has no function.name.`;
      if (tool.function?.parameters && tool.function.parameters.type !== "object") return `The parameters of ${tool.function.name} must be a schema of type object.`;
    }
    return "";
  } catch (error) { return `Not JSON: ${error.message}`; }
}

function takeReplay() {
  try {
    const kept = JSON.parse(sessionStorage.getItem("gophergate.replay") || "null");
    sessionStorage.removeItem("gophergate.replay");
    if (!kept) return null;
    const turns = asked(kept.body);
    const text = (role) => turns.filter((turn) => turn.role === role).map((turn) => turn.parts.filter((part) => part.kind === "text").map((part) => part.text).join("\n")).join("\n");
    return { model: kept.model, system: text("system"), prompt: text("user") };
  } catch { return null; }
}

function written(language, body) {
  const origin = location.origin, text = JSON.stringify(body, null, 2);
  if (language === "curl") return `curl ${origin}/v1/chat/completions \\\n  -H "authorization: Bearer $GOPHERGATE_KEY" \\\n  -H "content-type: application/json" \\\n  -d '${text.replaceAll("'", "'\\''")}'`;
  const python = (value) => {
    if (value === true) return "True";
    if (value === false) return "False";
    if (value === null) return "None";
    if (Array.isArray(value)) return `[${value.map(python).join(", ")}]`;
    if (typeof value === "object") return `{${Object.entries(value).map(([name, inner]) => `${JSON.stringify(name)}: ${python(inner)}`).join(", ")}}`;
    return JSON.stringify(value);
  };
  if (language === "python") return `import os\nfrom openai import OpenAI\n\nclient = OpenAI(base_url="${origin}/v1", api_key=os.environ["GOPHERGATE_KEY"])\nanswer = client.chat.completions.create(\n${Object.entries(body).map(([name, value]) => `    ${name}=${python(value)},`).join("\n")}\n)\n${body.stream ? 'for chunk in answer:\n    if chunk.choices:\n        print(chunk.choices[0].delta.content or "", end="")' : "print(answer.choices[0].message.content)"}`;
  return `import OpenAI from "openai";\n\nconst client = new OpenAI({ baseURL: "${origin}/v1", apiKey: process.env.GOPHERGATE_KEY });\nconst answer = await client.chat.completions.create(${text});\n${body.stream ? 'for await (const chunk of answer) process.stdout.write(chunk.choices[0]?.delta?.content ?? "");' : "console.log(answer.choices[0].message.content);"}`;
}
