/**
 * Signing in with user and password or with a token, and making the first user by the set-up link. The
 * server limits how often one may try; its words are shown as they are.
 */
import { useEffect, useState } from "preact/hooks";
import { useAct } from "../../data/act.ts";
import { ApiProblem } from "../../data/api.ts";
import { basePath } from "../../data/base-path.ts";
import { askRole } from "../../data/product-access.ts";
import { type Credentials, loadSession, session, signIn } from "../../data/session.ts";
import { t } from "../../i18n/text.ts";
import { useNavigate, useQuery } from "../../route.ts";
import { Button } from "../../ui/button.tsx";
import { ProblemText } from "../../ui/error-state.tsx";
import { TextInput } from "../../ui/field.tsx";
import { Page } from "../../ui/page.tsx";
import type { Children } from "../../ui/props.ts";
import { Tabs } from "../../ui/tabs.tsx";
import {
  earlyErrors,
  type FieldErrors,
  type FieldName,
  type Fields,
  readCredentials,
} from "./credentials.ts";
import { nextAddress } from "./next-address.ts";
import "./sign-in.css";

const UNAUTHENTICATED = 401;

type Way = "password" | "token";

/** See the head of the file. */
export default function SignInScreen(): Children {
  const [setup] = useQuery("setup");
  const [next] = useQuery("next");
  const navigate = useNavigate();
  const [product] = useQuery("product");
  const act = useAct(async (credentials: Credentials) => {
    await signIn(credentials);
    if (product !== "") {
      await refuseStranger(product);
      navigate(nextAddress(next, basePath), { isReplacing: true });
    }
  });
  const known = session.value;
  const isIn = known?.state === "signed-in" && product === "";
  useEffect(() => {
    if (isIn) {
      navigate(nextAddress(next, basePath), { isReplacing: true });
    }
  }, [isIn, next, navigate]);
  const isSetup = setup !== "";
  return (
    <div class="sign-in">
      <Page title={isSetup ? t("signIn.setupTitle") : t("signIn.title")}>
        {!isSetup && known?.needs_setup === true && <p class="notice">{t("signIn.needsSetup")}</p>}
        {product !== "" && <p class="notice">{t("signIn.also", { product })}</p>}
        {isSetup ? <SetupForm secret={setup} act={act} /> : <SignInForms act={act} />}
        {act.problem !== undefined && <ProblemText problem={act.problem} />}
      </Page>
    </div>
  );
}

/** At `codis fe` a user that one product knows may be a stranger to another. Throws `ApiProblem`. */
async function refuseStranger(product: string): Promise<void> {
  const role = await askRole(product);
  // What was signed in to before is signed in to still.
  await loadSession();
  if (role === null) {
    throw new ApiProblem(UNAUTHENTICATED, "UNAUTHENTICATED", t("signIn.stranger", { product }));
  }
}

interface Act {
  readonly run: (credentials: Credentials) => Promise<boolean>;
  readonly isPending: boolean;
}

function SignInForms(props: { readonly act: Act }): Children {
  const [way, setWay] = useQuery("with");
  const open: Way = way === "token" ? "token" : "password";
  return (
    <Tabs
      label={t("signIn.how")}
      open={open}
      onChange={(key: Way) => setWay(key === "password" ? "" : key)}
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

function SetupForm(props: { readonly secret: string; readonly act: Act }): Children {
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
