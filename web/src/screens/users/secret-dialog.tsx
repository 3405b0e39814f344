/**
 * The secret of a token that was just made. It is in the memory of the page only, and gone when this is closed: it is
 * in no address and nothing that is kept.
 */
import { t } from "../../i18n/text.ts";
import { Button } from "../../ui/button.tsx";
import { CopyLine } from "../../ui/copy-line.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import type { Children } from "../../ui/props.ts";

/** What is shown once. */
export interface Secret {
  readonly user: string;
  readonly token: string;
  readonly secret: string;
}

/** See the head of the file. */
export function SecretDialog(props: {
  readonly shown: Secret | undefined;
  readonly onClose: () => void;
}): Children {
  const { shown } = props;
  if (shown === undefined) {
    return null;
  }
  return (
    <Dialog
      title={t("users.secret.title", { token: shown.token, name: shown.user })}
      isOpen={true}
      onClose={props.onClose}
      actions={
        <Button variant="primary" onPress={props.onClose}>
          {t("users.secret.kept")}
        </Button>
      }
    >
      <p class="strong">{t("users.secret.once")}</p>
      {/* Not the button that closes: Enter would take the secret away unread. */}
      <div data-autofocus tabIndex={-1}>
        <CopyLine text={shown.secret} label={t("users.secret.copy")} />
      </div>
      <p>{t("users.secret.use")}</p>
      <p class="code">Authorization: Bearer …</p>
      <p class="code">export CODIS_TOKEN=…</p>
    </Dialog>
  );
}
