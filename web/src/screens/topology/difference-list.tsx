/**
 * Where stored and real differ, in words, each with what to do and the command line that does it.
 */
import { t, textOf } from "../../i18n/text.ts";
import { Badge } from "../../ui/badge.tsx";
import { CopyLine } from "../../ui/copy-line.tsx";
import type { Children } from "../../ui/props.ts";
import { Said } from "../../ui/said.tsx";
import { commandOf } from "../alerts/check-list.ts";
import { groupOfServer, problemHref, subjectName } from "../alerts/problem-view.tsx";
import type { Difference } from "./topology-model.ts";

/** Differences that are drawn; the page of alerts has all. */
const SHOWN = 20;

/** See the head of the file. */
export function DifferenceList(props: {
  readonly product: string;
  readonly differences: readonly Difference[];
}): Children {
  const more = props.differences.length - SHOWN;
  return props.differences.length === 0 ? null : (
    <>
      <ul class="fault-list">
        {props.differences.slice(0, SHOWN).map((difference) => (
          <Line
            key={`${difference.about} ${difference.kind}`}
            product={props.product}
            difference={difference}
          />
        ))}
      </ul>
      {more > 0 && <p>{t("alerts.more", { count: more })}</p>}
    </>
  );
}

function Line(props: { readonly product: string; readonly difference: Difference }): Children {
  const { difference } = props;
  const { about, kind, words, fault } = difference;
  const subject = about.replace(":", " ");
  const problem = { kind, subject };
  return (
    <li>
      <div class="fault-head">
        <Badge tone="bad">{t("topology.differs")}</Badge>
        <a class="code target" href={problemHref(props.product, problem)}>
          {subjectName(subject)}
        </a>
      </div>
      <p>
        {words === undefined ? (
          t("topology.shouldBe", { state: textOf("alerts.kind", kind) })
        ) : (
          <>
            {t("topology.stored")}: <Said text={words.stored} said={fault?.stored_said} />{" "}
            <span aria-hidden="true">→</span> {t("topology.real")}:{" "}
            <Said text={words.real} said={fault?.real_said} />
          </>
        )}
      </p>
      <p>
        {fault === undefined ? (
          textOf("alerts.do", kind)
        ) : (
          <Said text={fault.text} said={fault.said} />
        )}
      </p>
      <CopyLine text={commandOf(problem, groupOfServer)} />
    </li>
  );
}
