/**
 * What would happen if the chosen server died now, by the last looks, and how many groups would outlive their master.
 */
import type { V1LiveProxy, V1LiveValues } from "../../../../src/api/v1-live-schema.ts";
import { live } from "../../data/live.ts";
import { formatBytes, formatCount } from "../../i18n/format.ts";
import { hasText, t, textOf } from "../../i18n/text.ts";
import { href, useQuery } from "../../route.ts";
import { Badge, type Tone } from "../../ui/badge.tsx";
import { Card } from "../../ui/card.tsx";
import { Select } from "../../ui/field.tsx";
import type { Children } from "../../ui/props.ts";
import type { GroupView } from "../groups/group-view.ts";
import { readGroups } from "../groups/use-groups.ts";
import { Notice } from "../members/notice.tsx";
import { readSentinels } from "./use-sentinels.ts";
import { type Keepers, type Verdict, type WhatIfLine, whatIf } from "./what-if.ts";

const VERDICT_TONES: Readonly<Record<Verdict, Tone>> = {
  replaced: "ok",
  down: "bad",
  noticed: "warn",
  unnoticed: "ok",
};
const LINE_TONES: Readonly<Record<WhatIfLine["state"], Tone>> = {
  good: "ok",
  note: "warn",
  bad: "bad",
};

/** See the head of the file. */
export function WhatIfCard(props: {
  readonly product: string;
  readonly availability: V1LiveValues["availability"];
}): Children {
  const [chosen, setChosen] = useQuery("if");
  const groups = readGroups().filter(({ servers }) => servers.length > 0);
  const keepers = readKeepers(props.availability);
  const atRisk = groups.filter(
    (group) => whatIf(group, group.servers[0]?.addr ?? "", keepers).verdict === "down",
  );
  const [first = groups[0]] = atRisk;
  const group = groups.find(({ servers }) => servers.some(({ addr }) => addr === chosen)) ?? first;
  if (group === undefined) {
    return null;
  }
  const addr = group.servers.some((server) => server.addr === chosen)
    ? chosen
    : (group.servers[0]?.addr ?? "");
  return (
    <Card title={t("ha.if")}>
      <p class="muted">{t("ha.if.lead")}</p>
      <Notice
        tone={atRisk.length === 0 ? "ok" : "bad"}
        word={t(atRisk.length === 0 ? "ha.if.allSafe" : "ha.if.atRisk")}
      >
        <p>{t("ha.if.safe", { safe: groups.length - atRisk.length, total: groups.length })}</p>
        {atRisk.length > 0 && (
          <p class="row-actions">
            {atRisk.map(({ id }) => (
              <a key={id} class="target" href={href(props.product, "groups", String(id))}>
                {t("groups.one", { id })}
              </a>
            ))}
          </p>
        )}
      </Notice>
      <Select
        label={t("ha.if.server")}
        value={addr}
        options={groups.flatMap(optionsOf)}
        onChange={setChosen}
      />
      <Answer group={group} addr={addr} keepers={keepers} />
    </Card>
  );
}

function readKeepers(availability: V1LiveValues["availability"]): Keepers {
  const proxies = live.list<V1LiveProxy>("proxy:").value;
  const online = proxies.filter(({ status }) => status === "online").length;
  const looks = readSentinels()?.looks ?? [];
  return { availability, looks, proxies: { total: proxies.length, online } };
}

function optionsOf({ id, servers }: GroupView): readonly { value: string; label: string }[] {
  return servers.map(({ addr, role }) => ({
    value: addr,
    label: t("ha.if.option", { id, role: textOf("groups.role", role), addr }),
  }));
}

function Answer(props: {
  readonly group: GroupView;
  readonly addr: string;
  readonly keepers: Keepers;
}): Children {
  const { verdict, lines } = whatIf(props.group, props.addr, props.keepers);
  return (
    <>
      <Notice tone={VERDICT_TONES[verdict]} word={textOf("ha.if.word", verdict)}>
        {textOf("ha.if.verdict", verdict)}
      </Notice>
      <ul class="checklist">
        {lines.map((line) => (
          <li key={line.key}>
            <Badge tone={LINE_TONES[line.state]}>{textOf("groups.check", line.state)}</Badge>
            <span>{lineText(line)}</span>
          </li>
        ))}
      </ul>
    </>
  );
}

function lineText({ key, params }: WhatIfLine): string {
  const written = Object.entries(params).map(([name, value]) => [
    name,
    typeof value === "string" ? value : name === "bytes" ? formatBytes(value) : formatCount(value),
  ]);
  const name = `ha.if.line.${key}`;
  return hasText(name) ? t(name, Object.fromEntries(written)) : name;
}
