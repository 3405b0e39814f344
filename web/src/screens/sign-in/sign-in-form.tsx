/**
 * The forms of the sign-in: user and password, a token, or the first user. What is wrong is told at its field.
 */
import { useState } from "preact/hooks";
import type { Credentials } from "../../data/session.ts";
import { t } from "../../i18n/text.ts";
import { Button } from "../../ui/button.tsx";
import { TextInput } from "../../ui/field.tsx";
import type { Children } from "../../ui/props.ts";
import { Tabs } from "../../ui/tabs.tsx";
import {
  earlyErrors,
  type FieldErrors,
  type FieldName,
  type Fields,
  readCredentials,
} from "./credentials.ts";

type Way = "password" | "token";

/** Sends what the form holds; see `useAct`. */
interface Act {
  readonly run: (credentials: Credentials) => Promise<boolean>;
  readonly isPending: boolean;
}

/** Both ways to sign in; `way` is the open one: `token`, else with a password. */
export function SignInForms(props: {
  readonly act: Act;
  readonly way: string;
  readonly onWay: (way: string) => void;
}): Children {
  const open: Way = props.way === "token" ? "token" : "password";
  return (
    <Tabs
      label={t("signIn.how")}
      open={open}
      onChange={(key: Way) => props.onWay(key === "password" ? "" : key)}
      tabs={[
        { key: "password", title: t("signIn.byPassword") },
        { key: "token", title: t("signIn.byToken") },
      ]}
    >
      {open === "password" ? <PasswordForm act={props.act} /> : <TokenForm act={props.act} />}
    </Tabs>
  );
}

function PasswordForm(props: { readonly act: Act }): Children {
  return (
    <SignInForm label={t("signIn.submit")} act={props.act}>
      {(error) => (
        <>
          <UserInput error={error} />
          <TextInput
            label={t("signIn.password")}
            name="password"
            type="password"
            autoComplete="current-password"
            error={error("password")}
            isRequired
          />
        </>
      )}
    </SignInForm>
  );
}

function TokenForm(props: { readonly act: Act }): Children {
  return (
    <SignInForm label={t("signIn.submit")} act={props.act}>
      {(error) => (
        <TextInput
          label={t("signIn.token")}
          hint={t("signIn.tokenHint")}
          name="token"
          type="password"
          error={error("token")}
          isCode
          isRequired
        />
      )}
    </SignInForm>
  );
}

/** Makes the first user; `secret` is that of the set-up link. */
export function SetupForm(props: { readonly secret: string; readonly act: Act }): Children {
  return (
    <SignInForm label={t("signIn.make")} act={props.act} setup={props.secret}>
      {(error) => (
        <>
          <p>{t("signIn.setupLead")}</p>
          <UserInput error={error} />
          <TextInput
            label={t("signIn.password")}
            hint={t("signIn.passwordHint")}
            name="password"
            type="password"
            autoComplete="new-password"
            error={error("password")}
            isRequired
          />
          <TextInput
            label={t("signIn.passwordAgain")}
            name="again"
            type="password"
            autoComplete="new-password"
            error={error("again")}
            isRequired
          />
        </>
      )}
    </SignInForm>
  );
}

/** The text of what is wrong with a field; undefined when nothing is. */
type ErrorOf = (name: FieldName) => string | undefined;

function UserInput(props: { readonly error: ErrorOf }): Children {
  return (
    <TextInput
      label={t("signIn.user")}
      name="username"
      autoComplete="username"
      error={props.error("username")}
      isCode
      isRequired
    />
  );
}

/**
 * The fields are read when the form is sent: a browser that fills them in tells scripts nothing of it, so a button
 * that waits for that would stay off.
 */
function SignInForm(props: {
  readonly label: string;
  readonly act: Act;
  /** Secret of the set-up link. */
  readonly setup?: string | undefined;
  readonly children: (error: ErrorOf) => Children;
}): Children {
  const { act, setup = "" } = props;
  const [errors, setErrors] = useState<FieldErrors>({});
  const submit = (form: HTMLFormElement): void => {
    const found = readCredentials(fieldsOf(form), setup);
    setErrors("errors" in found ? found.errors : {});
    if ("errors" in found) {
      const [first = ""] = Object.keys(found.errors);
      form.querySelector<HTMLInputElement>(`[name="${first}"]`)?.focus();
      return;
    }
    void act.run(found.credentials);
  };
  return (
    <form
      class="form"
      noValidate
      onInput={(event) => setErrors(earlyErrors(fieldsOf(event.currentTarget)))}
      onSubmit={(event) => {
        event.preventDefault();
        submit(event.currentTarget);
      }}
    >
      {props.children((name) => {
        const key = errors[name];
        return key === undefined ? undefined : t(key);
      })}
      <Button type="submit" variant="primary" isPending={act.isPending}>
        {props.label}
      </Button>
    </form>
  );
}

function fieldsOf(form: HTMLFormElement): Fields {
  return Object.fromEntries(new FormData(form)) as Fields;
}
