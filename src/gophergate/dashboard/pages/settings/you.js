/** What is yours: the theme, the password, the session. */
import { html } from "../../ui.js";
import { logout, me, post } from "../../api.js";
import { choice, choose } from "../../theme.js";
import { Button, Segments } from "../../widgets/basics.js";
import { Field, FormBox, useForm, wrongAt } from "../../widgets/form.js";
import { toast } from "../../widgets/toasts.js";

export function You() {
  const user = me.value.user;
  const form = useForm({ current: "", password: "", again: "" }, async (values) => {
    if (values.password !== values.again) throw wrongAt("again", "The two are not the same.");
    await post(`/api/users/${user.id}/password`, { password: values.password, current: values.current });
    toast("Changed. Sign in again.");
    logout();
  });
  return html`
    <section class="card">
      <header>
        <h2>You</h2>
      </header>
      <div class="body stack">
        <div class="field">
          <span class="label">Theme</span>
          <div>
            <${Segments}
              label="Theme"
              options=${[
                ["system", "As the system"],
                ["light", "Light"],
                ["dark", "Dark"],
              ]}
              value=${choice.value}
              onPick=${choose}
            />
          </div>
        </div>
        ${user && html`
          <div style=${{ maxWidth: "400px" }}>
            <h3 style=${{ marginBottom: "12px" }}>Change the password</h3>
            <${FormBox} form=${form} word="Change the password">
              <${Field}
                form=${form}
                name="current"
                kind="password"
                label="The one you have"
                autocomplete="current-password"
              />
              <${Field}
                form=${form}
                name="password"
                kind="password"
                label="The new one"
                autocomplete="new-password"
              />
              <${Field}
                form=${form}
                name="again"
                kind="password"
                label="The new one again"
                autocomplete="new-password"
              />
            <//>
            <p class="small muted" style=${{ marginTop: "8px" }}>
              Every session of yours ends with it.
            </p>
          </div>
        `}
        <div>
          <${Button} onClick=${logout}>Sign out<//>
        </div>
      </div>
    </section>
  `;
}
