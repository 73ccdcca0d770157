/** Editors of what others may change meanwhile: only what was changed here is sent; what they changed is shown, and not undone. */
import { html, useData, useState } from "../ui.js";
import { del, get, may, patch } from "../api.js";
import { href } from "../router.js";
import { differences } from "../members.js";
import { Button, Sure } from "./basics.js";
import { Changes } from "./changes.js";
import { FormBox, useForm } from "./form.js";
import { Loaded } from "./states.js";
import { attempt, toast } from "./toasts.js";

/** @typedef {{form: import("./form.js").Form, theirs: any, theirChanges: import("../members.js").Difference[], take: () => void, remove: () => void}} Editor */

const text = (value) => (value && typeof value === "object" ? JSON.stringify(value) : String(value));
const differing = (values, from) => Object.keys(from).filter((name) => text(values[name]) !== text(from[name]));

/**
 * @param {{
 *   row: any, place: string, held: (row: any) => Record<string, any>,
 *   given: (values: Record<string, any>, names: string[], now: any) => Record<string, any>, settable: (row: any) => any,
 *   write?: (body: Record<string, any>, etag: string, how: string) => Promise<any>,
 *   said?: string | ((how: string) => string), gone?: string, onDone: () => void, onGone?: () => void,
 * }} how `row` as it was read, with its etag; `held` by the form, by the names that the API's errors have; `given` to the
 *   API, of whose members those `names` were changed of how it is `now`; `settable`: what somebody else may have changed;
 *   `write`: how it is sent where not as a PATCH, even where nothing differs, since the button (`how`) says something too
 * @returns {Editor}
 */
export function useEditor({
  row,
  place,
  held,
  given,
  settable,
  write,
  said = "Saved",
  gone = "",
  onDone,
  onGone = onDone,
}) {
  const [read, setRead] = useState(row);
  const [theirs, setTheirs] = useState(/** @type {any} */ (null));
  const saved = (now, word) => {
    setRead(now);
    setTheirs(null);
    form.reset(held(now));
    toast(word);
    onDone();
  };
  /** What was changed here, put upon how it is now. */
  const saveOn = async (now, values, how) => {
    const from = held(now);
    const mine = differing(values, held(read));
    const merged = { ...from, ...Object.fromEntries(mine.map((name) => [name, values[name]])) };
    const names = differing(merged, from);
    if (!names.length && !write) return saved(now, "It is so already");
    const body = given(merged, names, now);
    const after = write ? await write(body, now.etag, how) : await patch(place, body, now.etag);
    saved(after, typeof said === "string" ? said : said(how));
  };
  /** Do it to what was read; where that is not how it is any more, show what differs instead. */
  const doTo = async (work) => {
    try {
      await work(theirs || read);
    } catch (error) {
      if (error.status !== 412) throw error;
      const now = await get(place);
      if (differences(settable(read), settable(now)).length) setTheirs(now);
      else await work(now);
    }
  };
  const form = useForm(held(row), (values, how) => doTo((now) => saveOn(now, values, how)));
  const remove = () =>
    attempt(() =>
      doTo(async (now) => {
        await del(place, now.etag);
        toast(gone);
        onGone();
      }),
    );
  const theirChanges = theirs ? differences(settable(read), settable(theirs)) : [];
  return { form, theirs, theirChanges, take: () => saved(theirs, "It is shown as it is now"), remove };
}

/**
 * The form of an editor. With `question` it may be deleted, or whatever `gone` calls that. `audit` is what the log calls
 * it; `more` are other buttons that send it.
 * @param {{editor: Editor, word?: string, more?: any, onCancel?: any, question?: string|null, gone?: string,
 *   audit: {kind: string, id: string}, names?: import("../members.js").Names, children?: any}} props
 */
export function EditorBox({
  editor,
  word = "Save",
  more = null,
  onCancel = null,
  question = "",
  gone = "Delete",
  audit,
  names = {},
  children,
}) {
  const { form, theirs, theirChanges, take, remove } = editor;
  return html`
    <${FormBox}
      form=${form}
      word=${theirs ? "Save mine over it" : word}
      more=${more}
      onCancel=${onCancel}
      danger=${question && html`<${Sure} word=${gone} question=${question} onSure=${remove} />`}
    >
      ${children}
      ${theirs && html`
        <div class="notice warn" role="alert">
          <div class="grow stack tight">
            <b>Somebody changed it meanwhile.</b>
            <${Changes}
              differences=${theirChanges}
              heads=${["As you read it", "As it is now"]}
              label="What somebody else changed"
              names=${names}
            />
            <div class="line">
              <${Button} onClick=${take}>Take theirs<//>
              ${may("audit") && html`
                <a class="button" href=${href("audit", "", audit)}>
                  Who did it
                </a>
              `}
            </div>
          </div>
        </div>
      `}
    <//>
  `;
}

/** What is to be changed, as it is now: a list's rows may be old, and come without their etags. @param {{place: string, children?: any}} props */
export function Read({ place, children }) {
  const row = useData(() => get(place), [place]);
  return html`
    <${Loaded} from=${row} rows=${8}>
      ${children}
    <//>
  `;
}
