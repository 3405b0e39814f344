/**
 * Before anything else the server is asked who we are; while it isn't reached nothing can be shown.
 */
import { useEffect, useState } from "preact/hooks";
import { type ApiProblem, asProblem } from "../data/problem.ts";
import { loadSession } from "../data/session.ts";
import { t } from "../i18n/text.ts";
import { ErrorState } from "../ui/error-state.tsx";
import { Page } from "../ui/page.tsx";
import type { Children } from "../ui/props.ts";
import { Skeleton } from "../ui/skeleton.tsx";

/** Gone as soon as the session is known. */
export function StartUp(): Children {
  const [problem, setProblem] = useState<ApiProblem | undefined>(undefined);
  const ask = (): void => {
    setProblem(undefined);
    loadSession().catch((thrown: unknown) => setProblem(asProblem(thrown)));
  };
  useEffect(ask, []);
  return (
    <main class="start-up">
      <Page title={problem === undefined ? t("shell.starting") : t("shell.somethingWrong")}>
        {problem === undefined ? (
          <Skeleton lines={2} />
        ) : (
          <ErrorState problem={problem} onRetry={ask} />
        )}
      </Page>
    </main>
  );
}
