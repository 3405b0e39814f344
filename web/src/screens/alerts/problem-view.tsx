/**
 * One problem in full: what is wrong, what it is about, since when, what to do, and the command line. The overview
 * shows the same in short.
 */
import type { V1LiveProxy, V1LiveServer } from "../../../../src/api/v1-live-schema.ts";
import { live } from "../../data/live.ts";
import { hasText, t, textOf } from "../../i18n/text.ts";
import { href } from "../../route.ts";
import { Age } from "../../ui/age.tsx";
import { Badge, type Tone } from "../../ui/badge.tsx";
import { CopyLine } from "../../ui/copy-line.tsx";
import type { Children } from "../../ui/props.ts";
import { Said } from "../../ui/said.tsx";
import { type CheckState, commandOf, type Problem, partsOf, placeOf } from "./check-list.ts";

/** Tone of a state. */
export function checkTone(state: CheckState): Tone {
  return state;
}

/** State of a check as a badge. */
export function CheckBadge(props: { readonly state: CheckState }): Children {
  return <Badge tone={checkTone(props.state)}>{t(`alerts.state.${props.state}`)}</Badge>;
}

/** The group of a server in the live document. Reads signals. */
export function groupOfServer(addr: string): number | undefined {
  return live.value<V1LiveServer>(`server:${addr}`).value?.group_id;
}

/** Address of the screen on which the problem is dealt with. Reads signals. */
export function problemHref(product: string, problem: Pick<Problem, "kind" | "subject">): string {
  const { screen, id, query } = placeOf(problem, groupOfServer);
  return href(product, screen, id, query);
}

/** A subject as people know it: a proxy by its address and not by its token. Reads signals. */
export function subjectName(subject: string): string {
  const token = /^proxy (.+)$/.exec(subject)?.[1];
  const proxy = token === undefined ? undefined : live.value<V1LiveProxy>(`proxy:${token}`).value;
  return subjectText(proxy === undefined ? subject : `proxy ${proxy.proxy_addr}`);
}

/** `group 3` in the language that is shown; what isn't known stays as it is. */
function subjectText(subject: string): string {
  const { word, name } = partsOf(subject);
  const key = `alerts.subject.${word}`;
  return hasText(key) ? t(key, { name }) : subject;
}

/** See the head of the file. */
export function ProblemView(props: {
  readonly product: string;
  readonly problem: Problem;
  /** Without id, evidence and command line. */
  readonly isShort?: boolean | undefined;
}): Children {
  const { product, problem, isShort = false } = props;
  // A dashboard of an older release doesn't tell it.
  const since: string | undefined = problem.since;
  return (
    <li class={`problem-view ${problem.is_critical ? "problem-bad" : "problem-warn"}`}>
      <div class="problem-head">
        <CheckBadge state={problem.is_critical ? "bad" : "warn"} />
        <a class="problem-subject" href={problemHref(product, problem)}>
          {subjectName(problem.subject)}
        </a>
        {since !== undefined && (
          <span class="muted">
            <Age at={since} />
          </span>
        )}
        {!isShort && <code class="muted">{problem.code}</code>}
      </div>
      <p>
        <Said text={problem.message} said={problem.said} />
      </p>
      <p class="problem-do">
        <span aria-hidden="true">→ </span>
        <span class="visually-hidden">{t("alerts.do")}: </span>
        {textOf("alerts.do", problem.kind)}
      </p>
      {!isShort && <CopyLine text={commandOf(problem, groupOfServer)} />}
    </li>
  );
}
