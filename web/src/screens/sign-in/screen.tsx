/**
 * Signing in with user and password or with a token, and making the first user by the set-up link. The
 * server limits how often one may try; its words are shown as they are.
 */
import { useEffect } from "preact/hooks";
import { useAct } from "../../data/act.ts";
import { basePath } from "../../data/base-path.ts";
import { type Credentials, session, signIn } from "../../data/session.ts";
import { t } from "../../i18n/text.ts";
import { useNavigate, useQuery } from "../../route.ts";
import { ProblemText } from "../../ui/error-state.tsx";
import { Page } from "../../ui/page.tsx";
import type { Children } from "../../ui/props.ts";
import { nextAddress } from "./next-address.ts";
import "./sign-in.css";
import { SetupForm, SignInForms } from "./sign-in-form.tsx";
import { refuseStranger } from "./stranger.ts";

/** See the head of the file. */
export default function SignInScreen(): Children {
  const [setup] = useQuery("setup");
  const [next] = useQuery("next");
  const navigate = useNavigate();
  const [product] = useQuery("product");
  const [way, setWay] = useQuery("with");
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
        {isSetup ? (
          <SetupForm secret={setup} act={act} />
        ) : (
          <SignInForms act={act} way={way} onWay={setWay} />
        )}
        {act.problem !== undefined && <ProblemText problem={act.problem} />}
      </Page>
    </div>
  );
}
