/** A call again: in a terminal, or in the playground. */
import { html } from "../../ui.js";
import { get, may } from "../../api.js";
import { go } from "../../router.js";
import { Button, copyText } from "../../widgets/basics.js";
import { toast } from "../../widgets/toasts.js";
import { keepReplay } from "../playground/replay.js";

const DOORS = {
  openai_chat: "/v1/chat/completions",
  openai_responses: "/v1/responses",
  anthropic_messages: "/v1/messages",
  ollama: "/api/chat",
  openai_embeddings: "/v1/embeddings",
  ollama_embeddings: "/api/embed",
  cohere_embed: "/v2/embed",
  openai_completions: "/v1/completions",
  openai_images: "/v1/images/generations",
  openai_image_edits: "/v1/images/edits",
  openai_moderations: "/v1/moderations",
  rerank: "/v1/rerank",
  openai_speech: "/v1/audio/speech",
  openai_transcriptions: "/v1/audio/transcriptions",
  openai_translations: "/v1/audio/translations",
};
const BY_FORM = new Set(["openai_image_edits", "openai_transcriptions", "openai_translations"]);

/** The call again, for a terminal. */
export function curlOf(call) {
  const body =
    (call.bodies && call.bodies.request) ||
    JSON.stringify(
      { model: call.model_requested, messages: [{ role: "user", content: "..." }], stream: call.stream },
      null,
      2,
    );
  const path =
    call.door === "gemini_embeddings"
      ? `/v1beta/models/${call.model_requested}:batchEmbedContents`
      : call.door === "gemini"
        ? `/v1beta/models/${call.model_requested}:${call.stream ? "streamGenerateContent?alt=sse" : "generateContent"}`
        : DOORS[call.door] || "/v1/chat/completions";
  if (BY_FORM.has(call.door) && !body.startsWith("{"))
    return `curl ${location.origin}${path} \\\n  -H "authorization: Bearer $GOPHERGATE_KEY" \\\n  -F model='${call.model_requested}' \\\n  -F ${call.door === "openai_image_edits" ? "image" : "file"}=@FILE`;
  return `curl ${location.origin}${path} \\\n  -H "authorization: Bearer $GOPHERGATE_KEY" \\\n  -H "content-type: application/json" \\\n  -d '${body.replaceAll("'", "'\\''")}'`;
}

/** Only what is said in turns is asked again in the playground. */
const isChat = (call) => call.operation === "chat";

/** @param {{id: string, call?: {operation: string}}} props `call` is its row, where the page has it at hand */
export function CallActions({ id, call: row }) {
  const fetched = () => get(`/api/calls/${encodeURIComponent(id)}`);
  const copy = async () => copyText(curlOf(await fetched()), "Copied as curl");
  const replay = async () => {
    const call = await fetched();
    if (!isChat(call)) {
      toast("The playground asks for chat only.", "bad");
      return;
    }
    if (!call.bodies) {
      toast("What was said was not kept, so it cannot be replayed.", "bad");
      return;
    }
    keepReplay(call.model_requested, call.bodies.request);
    go("playground");
  };
  return html`
    <${Button} onClick=${copy}>Copy as curl<//>
    ${may("bodies") && (!row || isChat(row)) && html`<${Button} onClick=${replay}>Open in playground<//>`}
  `;
}
