/**
 * The facts of INFO in words: whether the data is saved, how much memory fragments take, whether keys were evicted.
 */
import { formatBytes, formatCount, formatPercent, formatTime } from "../../i18n/format.ts";
import { t } from "../../i18n/text.ts";
import { Badge, type Tone } from "../../ui/badge.tsx";
import type { Children } from "../../ui/props.ts";
import { type Fact, Facts } from "../members/facts.tsx";
import { type AppendState, type FragmentFact, infoFacts, type SaveFact } from "./info-facts.ts";

const SAVE_TONES: Readonly<Record<SaveFact["state"], Tone>> = {
  saved: "ok",
  saving: "busy",
  failed: "bad",
};
const APPEND_TONES: Readonly<Record<AppendState, Tone>> = {
  off: "idle",
  on: "ok",
  rewriting: "busy",
  unwritten: "bad",
  unrewritten: "warn",
};
const FRAGMENT_TONES: Readonly<Record<FragmentFact["state"], Tone>> = {
  ok: "ok",
  high: "warn",
  swapped: "warn",
};

/** `info`: all sections in one record. */
export function InfoFactsView(props: {
  readonly info: Readonly<Record<string, string>>;
}): Children {
  const { save, append, fragments, evicted, policy, hitRatio, reads, expires } = infoFacts(
    props.info,
  );
  const facts: readonly (Fact | undefined)[] = [
    save && [
      t("groups.fact.save"),
      <Stated key="save" tone={SAVE_TONES[save.state]} word={t(`groups.fact.save.${save.state}`)}>
        {t("groups.fact.saveAt", {
          time: formatTime(save.atMs),
          changes: formatCount(save.changes),
        })}
      </Stated>,
    ],
    append && [
      t("groups.fact.append"),
      <Badge key="append" tone={APPEND_TONES[append]}>
        {t(`groups.fact.append.${append}`)}
      </Badge>,
    ],
    fragments && [
      t("groups.fact.fragments"),
      <Stated
        key="fragments"
        tone={FRAGMENT_TONES[fragments.state]}
        word={t(`groups.fact.fragments.${fragments.state}`)}
      >
        {fragments.ratio.toFixed(2)}
        {fragments.bytes > 0 && ` · ${formatBytes(fragments.bytes)}`}
      </Stated>,
    ],
    evicted === undefined
      ? undefined
      : [
          t("groups.fact.evicted"),
          <span key="evicted">
            {formatCount(evicted)}
            {policy !== undefined && (
              <>
                {" · "}
                <span class="code">{policy}</span>
              </>
            )}
          </span>,
        ],
    reads === undefined
      ? undefined
      : [
          t("groups.fact.hits"),
          t("groups.fact.hitsOf", { share: formatPercent(hitRatio), reads: formatCount(reads) }),
        ],
    [t("groups.fact.expires"), formatCount(expires)],
  ];
  return <Facts facts={facts.filter((fact) => fact !== undefined)} />;
}

function Stated(props: {
  readonly tone: Tone;
  readonly word: string;
  readonly children: Children;
}): Children {
  return (
    <>
      <Badge tone={props.tone}>{props.word}</Badge> {props.children}
    </>
  );
}
