/** Signing in. */
import { html } from "../ui.js";
import { login } from "../api.js";
import { Field, useForm } from "../widgets/form.js";

export function Login() {
  const form = useForm({ username: "", password: "" }, (values) =>
    login(values.username.trim(), values.password),
  );
  return html`
    <main class="signin">
      <div class="card">
        <form onSubmit=${form.submit} novalidate>
          <div class="line">
            <img src=${new URL("../icon.svg", import.meta.url).href} alt="" />
            <h1>GopherGate</h1>
          </div>
          ${form.error && html`
            <div class="notice bad" role="alert">
              ${form.error.message}
            </div>
          `}
          <${Field} form=${form} name="username" label="User name" required autocomplete="username" />
          <${Field}
            form=${form}
            name="password"
            label="Password"
            kind="password"
            required
            autocomplete="current-password"
          />
          <button class="button main" disabled=${form.busy}>
            ${form.busy ? "Signing in…" : "Sign in"}
          </button>
          <p class="small muted">
            The first start prints the administrator's password once.${" "}
            <code>gophergate users reset-password admin</code> makes a new one.
          </p>
        </form>
      </div>
    </main>
  `;
}
