/**
 * Over the screen when the session is found to be over: whoever signs in again goes on where they were, with what they
 * had typed. Closing it gives that up and leads to the sign-in.
 */
import { useEffect, useState } from "preact/hooks";
import { useAct } from "../../data/act.ts";
import { openProduct } from "../../data/open-product.ts";
import {
  type Credentials,
  checkSession,
  leaveSession,
  session,
  sessionEnd,
  signIn,
} from "../../data/session.ts";
import { t } from "../../i18n/text.ts";
import { Dialog } from "../../ui/dialog.tsx";
import { ProblemText } from "../../ui/error-state.tsx";
import type { Children } from "../../ui/props.ts";
import { SignInForms } from "./sign-in-form.tsx";
import { refuseStranger } from "./stranger.ts";

/** See the head of the file. Drawn while `sessionEnd` has a value. */
export function SessionEnd(): Children {
  const [way, setWay] = useState("");
  const act = useAct(async (credentials: Credentials) => {
    await signIn(credentials);
    const product = openProduct.peek();
    if (session.peek()?.mode === "fe" && product !== "") {
      await refuseStranger(product);
    }
    sessionEnd.value = undefined;
  });
  useEffect(() => {
    // Somebody may have signed in in another window.
    const look = (): void => void checkSession();
    addEventListener("focus", look);
    return () => removeEventListener("focus", look);
  }, []);
  return (
    <Dialog title={t("signIn.over")} isOpen={true} onClose={leaveSession}>
      <p>{t("signIn.overLead")}</p>
      <SignInForms act={act} way={way} onWay={setWay} />
      {act.problem !== undefined && <ProblemText problem={act.problem} />}
    </Dialog>
  );
}
