/** One person: added, changed, given a new password. */
import { html } from "../../ui.js";
import { me, post } from "../../api.js";
import { EditorBox, useEditor } from "../../widgets/editor.js";
import { Field, FormBox, textOr, useForm } from "../../widgets/form.js";
import { Folded } from "../../widgets/folded.js";
import { toast } from "../../widgets/toasts.js";

const ROLES = [
  ["viewer", "Viewer: sees numbers, not what is said"],
  ["editor", "Editor: clients, keys, groups, budgets"],
  ["admin", "Admin: providers, people, settings"],
  ["owner", "Owner: everything"],
];

const held = (user) => ({
  username: user?.username || "",
  display_name: user?.display_name || "",
  role: user?.role || "viewer",
  team_id: user?.team_id || "",
  disabled: user?.disabled || false,
});
const given = (values) => ({
  username: values.username.trim(),
  display_name: values.display_name.trim() || values.username.trim(),
  role: values.role,
  team_id: textOr(values.team_id),
});
const settable = ({ username, display_name, role, team_id, disabled }) => ({
  username,
  display_name,
  role,
  team_id,
  disabled,
});

/** @param {{teams: Record<string, string>, onClose: () => void, onDone: () => void}} props */
export function NewPerson({ teams, onClose, onDone }) {
  const form = useForm({ ...held(null), password: "" }, async (values) => {
    await post("/api/users", { ...given(values), password: values.password });
    toast("The user is added");
    onDone();
  });
  return html`
    <${FormBox} form=${form} word="Add the user" onCancel=${onClose}>
      <${Fields} form=${form} teams=${teams} />
      <${Password} form=${form} label="Password" />
    <//>
  `;
}

/** @param {{user: any, teams: Record<string, string>, onClose: () => void, onDone: () => void}} props */
export function Person({ user, teams, onClose, onDone }) {
  const isMe = me.value.user?.id === user.id;
  const editor = useEditor({
    row: user,
    place: `/api/users/${user.id}`,
    held,
    given: (values) => ({ ...given(values), disabled: values.disabled }),
    settable,
    gone: "The user is deleted",
    onDone,
  });
  return html`
    <div class="stack">
      <${EditorBox}
        editor=${editor}
        onCancel=${onClose}
        question=${isMe ? "" : "They are signed out at once."}
        audit=${{ kind: "user", id: user.id }}
        names=${{ teams }}
      >
        <${Fields} form=${editor.form} teams=${teams} />
        ${!isMe && html`
          <${Field}
            form=${editor.form}
            name="disabled"
            kind="check"
            label="Disabled"
            hint="They are signed out at once, and cannot sign in while it is."
          />
        `}
      <//>
      ${isMe ? html`
        <p class="muted small">
          Your password is changed under <a href="#/settings/sessions">Settings</a>.
        </p>
      ` : html`
        <${NewPassword} user=${user} onDone=${onDone} />
      `}
    </div>
  `;
}

const Fields = ({ form, teams }) => html`
  <${Field} form=${form} name="username" label="User name" required />
  <${Field} form=${form} name="display_name" label="Shown as" placeholder=${form.values.username} />
  <${Field} form=${form} name="role" label="Role" kind="select" options=${ROLES} />
  <${Field}
    form=${form}
    name="team_id"
    label="Team"
    kind="select"
    options=${[["", "None: sees all teams' numbers"], ...Object.entries(teams)]}
    hint="Viewers and editors with a team see only what is theirs."
  />
`;

const Password = ({ form, label }) => html`
  <${Field}
    form=${form}
    name="password"
    label=${label}
    kind="password"
    autocomplete="new-password"
    hint="At least 8 characters."
  />
`;

function NewPassword({ user, onDone }) {
  const form = useForm({ password: "" }, async ({ password }) => {
    await post(`/api/users/${user.id}/password`, { password });
    toast("The password is set; they sign in with it from now on");
    onDone();
  });
  return html`
    <${Folded} word="Set a new password…" legend="Set a new password">
      ${(close) => html`
        <${FormBox} form=${form} word="Set the password" onCancel=${close}>
          <${Password} form=${form} label="New password" />
        <//>
      `}
    <//>
  `;
}
