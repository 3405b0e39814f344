/**
 * Who replaces dead masters, and changes of masters that are under way now.
 */
import type { V1Failover, V1FailoverSummary } from "../../../../src/api/v1-availability-schema.ts";
import type { V1LiveValues } from "../../../../src/api/v1-live-schema.ts";
import { live } from "../../data/live.ts";
import { useLoad } from "../../data/load.ts";
import { t, textOf } from "../../i18n/text.ts";
import { href } from "../../route.ts";
import type { Tone } from "../../ui/badge.tsx";
import { Card } from "../../ui/card.tsx";
import { CopyLine } from "../../ui/copy-line.tsx";
import type { Children } from "../../ui/props.ts";
import { Said } from "../../ui/said.tsx";
import { cliLine } from "../members/cli-line.ts";
import { Facts } from "../members/facts.tsx";
import { Notice } from "../members/notice.tsx";
import { useReloadOn } from "../members/use-reload-on.ts";
import { MastersText } from "./story-table.tsx";
import { keeperOf, votesOf } from "./story-view.ts";

const TONES: Readonly<Record<ReturnType<typeof keeperOf>, Tone>> = {
  sentinels: "ok",
  detector: "ok",
  nobody: "warn",
};

/** See the head of the file. */
export function KeeperCard(props: {
  readonly product: string;
  readonly availability: V1LiveValues["availability"];
}): Children {
  const { availability } = props;
  const keeper = keeperOf(availability);
  const { detector } = availability;
  return (
    <Card title={t("ha.keeper")}>
      <Notice tone={TONES[keeper]} word={textOf("ha.keeper", keeper)}>
        {textOf("ha.keeperHint", keeper)}
      </Notice>
      <Facts
        facts={[
          [
            t("ha.detector"),
            // Its words begin with "on" or "off".
            <Said key="detector" text={detector.text} said={detector.said} />,
          ],
        ]}
      />
      {availability.running.map((story) => (
        <Running key={story.id} product={props.product} story={story} />
      ))}
      <CopyLine text={cliLine.haStatus()} />
    </Card>
  );
}

/** A change that is under way, with the votes so far. */
function Running(props: { readonly product: string; readonly story: V1FailoverSummary }): Children {
  const { product, story } = props;
  const whole = useLoad<V1Failover>(`failovers/${story.id}`);
  useReloadOn(whole.reload, live.value<V1FailoverSummary>(`failover:${story.id}`).value);
  const votes = votesOf(whole.data?.events ?? []);
  return (
    <Notice
      tone="busy"
      word={t("ha.running")}
      actions={<a href={href(product, "ha", story.id)}>{t("ha.open")}</a>}
    >
      <p>
        {t("ha.group")} {story.group_id}: <MastersText story={story} />
      </p>
      {votes.length > 0 && (
        <ul class="plain-lines" aria-label={t("ha.votes", { count: votes.length })}>
          {votes.map(({ about, text, said, after_ms }) => (
            <li key={`${about} ${after_ms}`}>
              <span class="code">{about}</span> <Said text={text} said={said} />
            </li>
          ))}
        </ul>
      )}
    </Notice>
  );
}
