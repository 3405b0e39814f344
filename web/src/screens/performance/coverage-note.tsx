/**
 * How much of the truth the charts have: since when it is kept, the time that a point stands for, and who isn't
 * counted.
 */
import type { V1Performance } from "../../../../src/api/v1-live-schema.ts";
import { formatDuration, formatTime } from "../../i18n/format.ts";
import { t } from "../../i18n/text.ts";
import { Badge } from "../../ui/badge.tsx";
import type { Children } from "../../ui/props.ts";

/** See the head of the file. */
export function CoverageNote({ answer }: { readonly answer: V1Performance | undefined }): Children {
  // Its place is kept: what comes later mustn't move the page.
  return <div class="coverage">{answer !== undefined && <Coverage answer={answer} />}</div>;
}

function Coverage({ answer }: { readonly answer: V1Performance }): Children {
  const { proxies, servers, left_out: leftOut, step, since } = answer;
  const isWhole = proxies.counted === proxies.total && servers.counted === servers.total;
  const isTimed = proxies.timed === proxies.counted;
  return (
    <>
      <p class="muted">
        {t("performance.coverage", {
          step: formatDuration(step * 1000),
          since: formatTime(since),
        })}
      </p>
      {!isWhole && (
        <p>
          <Badge tone="warn">{t("performance.partial")}</Badge>{" "}
          {t("performance.counted", {
            proxies: proxies.counted,
            allProxies: proxies.total,
            servers: servers.counted,
            allServers: servers.total,
          })}
        </p>
      )}
      {!isTimed && (
        <p>{t("performance.timed", { timed: proxies.timed, counted: proxies.counted })}</p>
      )}
      {leftOut > 0 && <p>{t("performance.leftOut", { count: leftOut })}</p>}
    </>
  );
}
