/**
 * What is left before a new product can serve clients: a group with a server, slots that it holds, a proxy. Each step
 * leads to the page that does it; the next one has its command line.
 */
import type { V1LiveProduct } from "../../../../src/api/v1-live-schema.ts";
import { t } from "../../i18n/text.ts";
import { href } from "../../route.ts";
import { Badge } from "../../ui/badge.tsx";
import { Card } from "../../ui/card.tsx";
import { CopyLine } from "../../ui/copy-line.tsx";
import type { Children } from "../../ui/props.ts";

/** Nothing once all is done. */
export function FirstSteps(props: {
  readonly product: string;
  readonly shown: V1LiveProduct;
}): Children {
  const { product, shown } = props;
  const create = shown.groups === 0 ? { do: "create" } : undefined;
  const steps = [
    {
      key: "group",
      isDone: shown.servers.total > 0,
      href: href(product, "groups", undefined, create),
      command: "codis group create 1 && codis server add 1 HOST:PORT",
    },
    {
      key: "slots",
      isDone: shown.slots.offline < shown.slot_count,
      href: href(product, "rebalance", undefined, { strategy: "fill" }),
      command: "codis rebalance --fill",
    },
    {
      key: "proxy",
      isDone: shown.proxies.total > 0,
      href: href(product, "proxies", undefined, { do: "add" }),
      command: "codis proxy add HOST:PORT",
    },
  ] as const;
  const next = steps.find(({ isDone }) => !isDone);
  return next === undefined ? null : (
    <Card title={t("overview.steps")}>
      <ol class="first-steps">
        {steps.map((step) => (
          <li key={step.key}>
            <Badge tone={step.isDone ? "ok" : "idle"}>
              {t(`groups.create.state.${step.isDone ? "done" : "waiting"}`)}
            </Badge>
            <a href={step.href}>{t(`overview.step.${step.key}`)}</a>
          </li>
        ))}
      </ol>
      <CopyLine text={next.command} />
    </Card>
  );
}
