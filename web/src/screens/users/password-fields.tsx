/**
 * A new password, typed twice.
 */
import { t, textOf } from "../../i18n/text.ts";
import { TextInput } from "../../ui/field.tsx";
import type { Children } from "../../ui/props.ts";
import { passwordProblem } from "./user-check.ts";

/** Errors are shown once something was typed. */
export function PasswordFields(props: {
  readonly password: string;
  readonly again: string;
  readonly onPassword: (text: string) => void;
  readonly onAgain: (text: string) => void;
}): Children {
  const { password, again } = props;
  const problem = passwordProblem(password, again);
  const isLength = problem === "short" || problem === "long";
  return (
    <>
      <TextInput
        label={t("users.password")}
        type="password"
        autoComplete="new-password"
        value={password}
        error={password !== "" && isLength ? textOf("users.passwordError", problem) : undefined}
        onChange={props.onPassword}
      />
      <TextInput
        label={t("users.again")}
        type="password"
        autoComplete="new-password"
        value={again}
        error={again !== "" && problem === "differ" ? t("users.passwordError.differ") : undefined}
        onChange={props.onAgain}
      />
    </>
  );
}
