/**
 * What a failure looks like: the words of the server as plain text, the id for its logs, and a way on.
 */
import type { ApiProblem } from "../data/problem.ts";
import { t } from "../i18n/text.ts";
import { Button } from "./button.tsx";
import type { Children } from "./props.ts";
import { Said } from "./said.tsx";

/** In place of what couldn't be read. */
export function ErrorState(props: {
  readonly problem: ApiProblem;
  readonly onRetry?: (() => void) | undefined;
}): Children {
  return (
    <div class="state-box">
      <ProblemText problem={props.problem} />
      {props.onRetry !== undefined && <Button onPress={props.onRetry}>{t("ui.retry")}</Button>}
    </div>
  );
}

/** The problem alone, below a form or in a dialog. */
export function ProblemText(props: { readonly problem: ApiProblem }): Children {
  const { detail, code, requestId, status } = props.problem;
  return (
    <div class="problem" role="alert">
      <p>
        <span class="badge-sign" aria-hidden="true">
          ✕
        </span>{" "}
        {code === "no_answer" ? t("ui.noAnswer", { detail }) : <Said text={detail} />}
      </p>
      <p class="problem-ids">
        <code>{code}</code>
        {status > 0 && <span>HTTP {status}</span>}
        {requestId !== undefined && (
          <span>
            {t("ui.requestId")} <code>{requestId}</code>
          </span>
        )}
      </p>
    </div>
  );
}
