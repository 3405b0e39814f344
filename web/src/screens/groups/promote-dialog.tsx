/**
 * The question before a promotion: a checklist of what the servers and the sentinels say now, what clients will see,
 * and a higher level of danger while the sentinels don't agree with what is stored.
 */
import type { V1Failover, V1PromotionPlan } from "../../../../src/api/v1-availability-schema.ts";
import { type ApiCall, sendCall } from "../../data/api-call.ts";
import { formatBytes, formatCount, formatDuration } from "../../i18n/format.ts";
import { hasText, t } from "../../i18n/text.ts";
import { Badge, type Tone } from "../../ui/badge.tsx";
import { ConfirmDialog } from "../../ui/confirm-dialog.tsx";
import { ProblemText } from "../../ui/error-state.tsx";
import type { Children } from "../../ui/props.ts";
import { Said } from "../../ui/said.tsx";
import { Skeleton } from "../../ui/skeleton.tsx";
import { readSentinels } from "../availability/use-sentinels.ts";
import { cliLine } from "../members/cli-line.ts";
import { Notice } from "../members/notice.tsx";
import { usePolled } from "../members/use-polled.ts";
import {
  type CheckLine,
  type CheckState,
  checkLines,
  promotionLevel,
  type SentinelView,
  sentinelView,
} from "./promotion-check.ts";
import { type OneServer, serverPath } from "./server-dialogs.tsx";

const TONES: Readonly<Record<CheckState, Tone>> = { good: "ok", note: "warn", bad: "bad" };

/** See the head of the file. */
export function PromoteDialog(props: OneServer): Children {
  const { group, server } = props;
  const { addr } = server;
  const plan = usePolled<V1PromotionPlan>(`${serverPath(props)}/promotion`);
  const sentinels = readSentinels();
  const stored = group.servers[0]?.addr ?? "";
  const view = sentinelView(sentinels, group.id, stored);
  const isChecked = plan.data !== undefined && sentinels !== undefined;
  const isBlocked = (plan.data?.problems.length ?? 0) > 0;
  const call: ApiCall = { method: "POST", path: `${serverPath(props)}/promotion` };
  const promote = async (): Promise<string> => {
    const story = await sendCall<V1Failover>(call);
    return t("groups.promote.done", {
      addr,
      id: group.id,
      pause: pauseText(story.pause_ms),
    });
  };
  return (
    <ConfirmDialog
      isOpen={true}
      onClose={props.dialog.close}
      level={promotionLevel(view)}
      title={t("groups.promote.title", { addr })}
      effect={
        <>
          <p>{t("groups.promote.effect", { from: stored, to: addr, id: group.id })}</p>
          <p>{t("groups.promote.clients", { pause: pauseText(plan.data?.pause_ms ?? null) })}</p>
        </>
      }
      name={addr}
      command={cliLine.promote(group.id, addr)}
      call={call}
      confirmLabel={t("groups.promote.confirm", { addr })}
      isDisabled={!isChecked || isBlocked}
      reason={t(isBlocked ? "groups.promote.blocked" : "groups.promote.checking")}
      onConfirm={promote}
    >
      {(view === "split" || view === "other") && (
        <Notice tone="bad" word={t("groups.promote.splitTitle")}>
          {view === "split"
            ? t("groups.promote.split")
            : t("groups.promote.other", { from: stored })}
        </Notice>
      )}
      {plan.problem !== undefined && plan.data === undefined && (
        <ProblemText problem={plan.problem} />
      )}
      {plan.data === undefined ? (
        plan.problem === undefined && <Skeleton lines={6} />
      ) : (
        <Checklist plan={plan.data} view={view} />
      )}
    </ConfirmDialog>
  );
}

function pauseText(ms: number | null): string {
  return ms === null ? t("groups.promote.pauseUnknown") : formatDuration(ms);
}

function Checklist(props: {
  readonly plan: V1PromotionPlan;
  readonly view: SentinelView;
}): Children {
  const { plan } = props;
  return (
    <>
      <h3>{t("groups.promote.checklist")}</h3>
      <ul class="checklist">
        {checkLines(plan, props.view).map((line) => (
          <li key={line.key}>
            <Badge tone={TONES[line.state]}>{t(`groups.check.${line.state}`)}</Badge>
            <span>{checkText(line)}</span>
          </li>
        ))}
      </ul>
      <Lines
        title={t("groups.promote.problems")}
        lines={plan.problems}
        said={plan.problems_said}
        tone="bad"
        word="bad"
      />
      <Lines
        title={t("groups.promote.warnings")}
        lines={plan.warnings}
        said={plan.warnings_said}
        tone="warn"
        word="note"
      />
    </>
  );
}

function Lines(props: {
  readonly title: string;
  readonly lines: readonly string[];
  readonly said: V1PromotionPlan["problems_said"];
  readonly tone: Tone;
  readonly word: CheckState;
}): Children {
  return props.lines.length === 0 ? null : (
    <>
      <h3>{props.title}</h3>
      <ul class="checklist">
        {props.lines.map((line, index) => (
          <li key={line}>
            <Badge tone={props.tone}>{t(`groups.check.${props.word}`)}</Badge>
            <span>
              <Said text={line} said={props.said?.[index]} />
            </span>
          </li>
        ))}
      </ul>
    </>
  );
}

/** The words of a point; figures are written as what they are. */
function checkText({ key, text, params }: CheckLine): string {
  const name = `groups.check.${key}.${text}`;
  const written = Object.entries(params).map(([param, value]) => [param, paramText(param, value)]);
  return hasText(name) ? t(name, Object.fromEntries(written)) : name;
}

function paramText(param: string, value: string | number | null): string {
  if (typeof value === "string") {
    return value;
  }
  switch (param) {
    case "bytes":
      return formatBytes(value);
    case "ms":
      return formatDuration(value);
    default:
      return formatCount(value);
  }
}
