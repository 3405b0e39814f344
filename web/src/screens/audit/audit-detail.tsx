/**
 * One change with all that the log has about it.
 */
import type { V1AuditEntry } from "../../../../src/api/v1-access-schema.ts";
import { formatDuration, formatTime, UNKNOWN } from "../../i18n/format.ts";
import { t, textOf } from "../../i18n/text.ts";
import { Badge, type Tone } from "../../ui/badge.tsx";
import { Button } from "../../ui/button.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import type { Children } from "../../ui/props.ts";
import { Said } from "../../ui/said.tsx";
import { Facts } from "../members/facts.tsx";

const TONES: Readonly<Record<V1AuditEntry["state"], Tone>> = {
  running: "busy",
  done: "ok",
  failed: "bad",
  unfinished: "warn",
};

/** How a change ended, as a badge. */
export function ResultBadge(props: { readonly state: V1AuditEntry["state"] }): Children {
  return <Badge tone={TONES[props.state]}>{textOf("audit.state", props.state)}</Badge>;
}

/** See the head of the file. */
export function AuditDetail(props: {
  readonly entry: V1AuditEntry;
  readonly onClose: () => void;
}): Children {
  const { entry } = props;
  const hasArguments = Object.keys(entry.arguments).length > 0;
  return (
    <Dialog
      title={t("audit.one", { seq: entry.seq })}
      isOpen={true}
      onClose={props.onClose}
      isWide
      actions={<Button onPress={props.onClose}>{t("ui.close")}</Button>}
    >
      <Facts
        facts={[
          [t("audit.at"), formatTime(entry.at)],
          [
            t("audit.who"),
            <span key="who" class="code">
              {entry.who}
            </span>,
          ],
          [
            t("audit.operation"),
            <span key="operation" class="code">
              {entry.operation}
            </span>,
          ],
          [t("audit.state"), <ResultBadge key="state" state={entry.state} />],
          [t("audit.reason"), entry.reason ?? UNKNOWN],
          [t("audit.duration"), formatDuration(entry.duration_ms)],
          [t("audit.api"), textOf("audit.api", entry.api)],
          [
            t("audit.from"),
            <span key="from" class="code">
              {entry.from}
            </span>,
          ],
          [t("audit.claimed"), entry.claimed_from ?? UNKNOWN],
          [
            t("audit.requestId"),
            <span key="id" class="code">
              {entry.request_id ?? UNKNOWN}
            </span>,
          ],
          [t("audit.epoch"), String(entry.epoch)],
        ]}
      />
      {entry.error !== null && (
        <>
          <h3>{t("audit.error")}</h3>
          <p>
            <span class="code">{entry.error_code}</span> <Said text={entry.error} />
          </p>
        </>
      )}
      <h3>{t("audit.arguments")}</h3>
      {hasArguments ? (
        <pre class="code-block">{JSON.stringify(entry.arguments, null, 2)}</pre>
      ) : (
        <p class="muted">{t("audit.noArguments")}</p>
      )}
    </Dialog>
  );
}
