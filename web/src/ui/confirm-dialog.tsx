/**
 * Asks before a change. What will happen is said in plain words, with the command line that does the same.
 * Level 0 asks nothing more; level 1 asks for the button; level 2 asks for the name of the target and for a
 * reason, which goes to the audit log, and so does level 1 in a product that is labelled production.
 */
import { useState } from "preact/hooks";
import { useAct } from "../data/act.ts";
import { type ApiCall, apiUrl, curlOf } from "../data/api-call.ts";
import { live } from "../data/live.ts";
import { quoteWord } from "../data/quote-word.ts";
import { withReason } from "../data/reason.ts";
import { whyNot } from "../data/session.ts";
import { t } from "../i18n/text.ts";
import { Button } from "./button.tsx";
import { CopyLine } from "./copy-line.tsx";
import { Dialog } from "./dialog.tsx";
import { ProblemText } from "./error-state.tsx";
import { TextInput } from "./field.tsx";
import type { Children } from "./props.ts";

/** See the head of the file. */
export interface ConfirmDialogProps {
  readonly isOpen: boolean;
  readonly onClose: () => void;
  readonly level: 0 | 1 | 2;
  readonly title: string;
  /** What will happen. */
  readonly effect: Children;
  /** What has to be typed at level 2. */
  readonly name: string;
  /** The line of the CLI. */
  readonly command: string;
  /** The call that does it; without one there is nothing to copy as curl, as with passwords. */
  readonly call?: ApiCall | undefined;
  /** The effect in two or three words: `Remove group 3`. */
  readonly confirmLabel: string;
  /** Does it; a text that it returns is shown as a toast. The dialog closes when it succeeded. */
  // biome-ignore lint/suspicious/noConfusingVoidType: changes without a text return nothing
  readonly onConfirm: () => Promise<string | undefined | void>;
  /** More to choose, between effect and command. */
  readonly children?: Children;
  readonly isDisabled?: boolean | undefined;
  readonly reason?: string | undefined;
  /** `operator` unless told. */
  readonly needs?: "operator" | "admin" | undefined;
}

/** The most that the API takes. */
const WHY_CHARS_MAX = 200;

/** See the head of the file. */
export function ConfirmDialog(props: ConfirmDialogProps): Children {
  return props.isOpen ? <OpenConfirm {...props} /> : null;
}

/** Whether the open product is labelled production. Reads a signal. */
export function isProduction(): boolean {
  return live.value<{ readonly label?: string }>("product").value?.label === "production";
}

function OpenConfirm(props: ConfirmDialogProps): Children {
  const [typed, setTyped] = useState("");
  const [why, setWhy] = useState("");
  const act = useAct(() => withReason(why.trim(), props.onConfirm));
  const asksName = props.level === 2 || (props.level === 1 && isProduction());
  const missing = whyNot(props.needs ?? "operator");
  const isNamed = !asksName || typed.trim() === props.name;
  const isReasoned = !asksName || why.trim() !== "";
  const isOff = missing !== undefined || !isNamed || !isReasoned || props.isDisabled === true;
  const untyped = isNamed ? t("ui.confirm.whyFirst") : t("ui.confirm.type", { name: props.name });
  const reason = missing ?? (isNamed && isReasoned ? props.reason : untyped);
  const confirm = async (): Promise<void> => {
    if (!isOff && (await act.run())) {
      props.onClose();
    }
  };
  return (
    <Dialog
      title={props.title}
      isOpen={true}
      onClose={props.onClose}
      onSubmit={() => void confirm()}
      actions={
        <>
          <Button onPress={props.onClose}>{t("ui.back")}</Button>
          <Button
            type="submit"
            variant={props.level === 0 ? "primary" : "danger"}
            isDisabled={isOff}
            reason={reason}
            isPending={act.isPending}
          >
            {props.confirmLabel}
          </Button>
        </>
      }
    >
      <div class="confirm-effect">{props.effect}</div>
      {props.children}
      {asksName && (
        <>
          <TextInput
            label={t("ui.confirm.name", { name: props.name })}
            value={typed}
            onChange={setTyped}
            isCode
          />
          <TextInput
            label={t("ui.confirm.why")}
            value={why}
            onChange={setWhy}
            maxLength={WHY_CHARS_MAX}
          />
        </>
      )}
      <CopyLine
        text={withFlag(props.command, why.trim())}
        curl={props.call && curlOf(props.call, apiUrl(), why.trim())}
      />
      {act.problem !== undefined && <ProblemText problem={act.problem} />}
    </Dialog>
  );
}

/** The command line with the reason in it. */
function withFlag(command: string, why: string): string {
  return why === "" ? command : `${command} --reason ${quoteWord(why)}`;
}
