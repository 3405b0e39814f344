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
  const [user, setUser] = useState("");
  const [password, setPassword] = useState("");
  return (
    <SignInForm
      label={t("signIn.submit")}
      act={props.act}
      credentials={user !== "" && password !== "" ? { user, password } : undefined}
    >
      <TextInput
        label={t("signIn.user")}
        name="username"
        autoComplete="username"
        value={user}
        onChange={setUser}
        isCode
        isRequired
      />
      <TextInput
        label={t("signIn.password")}
        name="password"
        type="password"
        autoComplete="current-password"
        value={password}
        onChange={setPassword}
        isRequired
      />
    </SignInForm>
  );
}

function TokenForm(props: { readonly act: Act }): Children {
  const [token, setToken] = useState("");
  return (
    <SignInForm
      label={t("signIn.submit")}
      act={props.act}
      credentials={token === "" ? undefined : { token: token.trim() }}
    >
      <TextInput
        label={t("signIn.token")}
        hint={t("signIn.tokenHint")}
        name="token"
        type="password"
        value={token}
        onChange={setToken}
        isCode
        isRequired
      />
    </SignInForm>
  );
}

function SetupForm(props: { readonly secret: string; readonly act: Act }): Children {
  const [user, setUser] = useState("");
  const [password, setPassword] = useState("");
  const [again, setAgain] = useState("");
  const isSame = password === again;
  return (
    <SignInForm
      label={t("signIn.make")}
      act={props.act}
      credentials={
        user !== "" && password !== "" && isSame
          ? { setup: props.secret, user, password }
          : undefined
      }
    >
      <p>{t("signIn.setupLead")}</p>
      <TextInput
        label={t("signIn.user")}
        name="username"
        autoComplete="username"
        value={user}
        onChange={setUser}
        isCode
        isRequired
      />
      <TextInput
        label={t("signIn.password")}
        hint={t("signIn.passwordHint")}
        name="password"
        type="password"
        autoComplete="new-password"
        value={password}
        onChange={setPassword}
        isRequired
      />
      <TextInput
        label={t("signIn.passwordAgain")}
        error={again === "" || isSame ? undefined : t("signIn.passwordsDiffer")}
        type="password"
        autoComplete="new-password"
        value={again}
        onChange={setAgain}
        isRequired
      />
    </SignInForm>
  );
}

/** `credentials` undefined: not complete yet. */
function SignInForm(props: {
  readonly label: string;
  readonly act: Act;
  readonly credentials: Credentials | undefined;
  readonly children: Children;
}): Children {
  const { act, credentials } = props;
  return (
    <form
      class="form"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        if (credentials !== undefined) {
          void act.run(credentials);
        }
      }}
    >
      {props.children}
      <Button
        type="submit"
        variant="primary"
        isDisabled={credentials === undefined}
        isPending={act.isPending}
      >
        {props.label}
      </Button>
    </form>
  );
}
