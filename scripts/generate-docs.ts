/**
 * Writes the reference pages in `docs/` that are made from tables in the code: configuration keys,
 * metrics, error codes and HTTP paths. `bun scripts/generate-docs.ts` writes them, with `--check` it
 * only tells which are not current. A test runs the same comparison.
 *
 * Invariant: the pages depend on nothing but the tables; the same code gives the same bytes.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ERROR_CODE_HEADER, encodeJson } from "../src/api/error-form.ts";
import {
  BODY_BYTES_MAX,
  EPOCH_HEADER,
  PROXY_ROUTES,
  type ProxyRoute,
  REVISION_HEADER,
  SLOT_COUNT_HEADER,
  TABLE_HEADER,
  TABLE_UNKNOWN,
} from "../src/api/proxy-route.ts";
import { formatByteSize } from "../src/base/byte-size.ts";
import { ERROR_CODES } from "../src/base/error.ts";
import { FORWARD_METHOD, slotToJson } from "../src/model/slot.ts";
import { UNVERSIONED_PAUSE_MS } from "../src/proxy/admin/push-guard.ts";
import { DURATION_BOUNDS_SECONDS, METRICS } from "../src/proxy/stats/metric.ts";
import { availabilityPage } from "./docs-availability.ts";
import { cliPage } from "./docs-cli.ts";
import { compatibilityPage } from "./docs-compatibility.ts";
import { dashboardConfigPage, proxyConfigPage } from "./docs-config.ts";
import { dashboardApiPage, dashboardMetricsPage } from "./docs-dashboard.ts";
import { migrationPage } from "./docs-migration.ts";
import { NOTE, page, table } from "./docs-page.ts";

/** Text of each page by its path from the root of the repository. */
export function generateDocs(): ReadonlyMap<string, string> {
  return new Map([
    ["docs/config-proxy.md", proxyConfigPage()],
    ["docs/config-dashboard.md", dashboardConfigPage()],
    ["docs/compatibility.md", compatibilityPage()],
    ["docs/slot-migration.md", migrationPage()],
    ["docs/high-availability.md", availabilityPage()],
    ["docs/cli.md", cliPage()],
    ["docs/metrics.md", metricsPage()],
    ["docs/errors.md", errorsPage()],
    ["docs/http-api.md", httpPage()],
    ["docs/http-api-dashboard.md", dashboardApiPage()],
    ["docs/metrics-dashboard.md", dashboardMetricsPage()],
  ]);
}

/** Pages whose file differs from the code, or isn't there. */
export function findOutdatedDocs(root: string): readonly string[] {
  return [...generateDocs()]
    .filter(([path, text]) => readIfThere(join(root, path)) !== text)
    .map(([path]) => path);
}

function metricsPage(): string {
  const rows = Object.entries(METRICS).map(([name, spec]) => [
    `\`${name}\``,
    spec.type,
    spec.labels.map((label) => `\`${label}\``).join(", "),
    spec.help,
  ]);
  return page([
    "# Metrics of the proxy",
    NOTE,
    "`GET /metrics` on the admin port answers in Prometheus's text format. Figures are sums over all " +
      "workers. Commands that were never called have no lines.",
    table(["metric", "type", "labels", "meaning"], rows),
    `Buckets of durations, in seconds: ${DURATION_BOUNDS_SECONDS.join(", ")}. They are filled from an ` +
      "inner histogram with 16 buckets for each power of two, so the border of a bucket is exact to " +
      "one sixteenth of its value. Percentiles: `histogram_quantile(0.99, sum by (le, command) " +
      "(rate(codis_proxy_request_duration_seconds_bucket[5m])))`.",
  ]);
}

function errorsPage(): string {
  const rows = Object.entries(ERROR_CODES).map(([code, meaning]) => [`\`${code}\``, meaning]);
  return page([
    "# Error codes",
    NOTE,
    `Failures of the control plane have one of these codes: in the log as \`error.code\`, on the admin ` +
      `port in the header \`${ERROR_CODE_HEADER}\`. Texts may change, codes don't. What clients of Redis ` +
      "see are error replies, which have no such code.",
    table(["code", "meaning"], rows),
  ]);
}

function httpPage(): string {
  const rows = Object.values(PROXY_ROUTES).map((route: ProxyRoute) => [
    `${route.method} \`${route.path}\``,
    route.body ?? "",
    route.answer,
    route.summary +
      (route.isPush === true ? " *Push.*" : "") +
      (route.tellsTable === true ? " *Table.*" : ""),
  ]);
  const slot = slotToJson({
    id: 512,
    locked: true,
    backendAddr: "127.0.0.1:27212",
    backendAddrGroupId: 2,
    migrateFrom: "127.0.0.1:27211",
    migrateFromGroupId: 1,
    forwardMethod: FORWARD_METHOD.semiAsync,
    replicaGroups: [["127.0.0.1:27213"]],
  });
  return page([
    "# HTTP API of the proxy's admin port",
    NOTE,
    "The paths under `/proxy` and `/api/proxy` are those of Codis 3.2, and answer as it does.",
    table(["path", "body", "answer", "what it does"], rows),
    "## xauth",
    "`:xauth` is the first 32 hexadecimal digits of SHA-256 of " +
      "`Codis-XAuth-[PRODUCT]-[PRODUCT_AUTH]-[TOKEN]`; the token is in the model. It keeps products apart " +
      "and stops mistakes, not attackers: keep the admin port inside a trusted network.",
    "## Answers and failures",
    'Success is status 200 with JSON indented by 4 (a plain action answers `"OK"`). Failure of a path ' +
      'of Codis is status 800 with `{"Cause": "…", "Stack": null}`; the header ' +
      `\`${ERROR_CODE_HEADER}\` has the code from [errors.md](errors.md). Unknown paths, also the Go ` +
      `profiler's \`/debug/…\`, answer 404. A body may have ${formatByteSize(BODY_BYTES_MAX)}.`,
    "## Slots",
    `A slot in JSON; all fields but \`id\` are omitted when they are empty:\n\n\`\`\`json\n${encodeJson(slot)}\n\`\`\``,
    "`forward_method` says how a key of a moving slot is reached: 0 sync, 1 semi-async, 2 by MIGRATE of " +
      "stock Redis.",
    "## Versions of pushes",
    `A dashboard of ours sends the headers \`${EPOCH_HEADER}\` and \`${REVISION_HEADER}\` with each call. A ` +
      "proxy remembers the newest pair and refuses a call with an older one (`PUSH_OUTDATED`). A *push* " +
      `without these headers, as an original dashboard sends it, is refused for ${UNVERSIONED_PAUSE_MS / 1000} ` +
      "seconds after a call with them (`PUSH_UNVERSIONED`).",
    `With them goes \`${SLOT_COUNT_HEADER}\`: the number of slots of the product. A proxy that was started with ` +
      "another `slot_count` refuses the call (`SLOT_COUNT_DIFFERS`); a call without the header is taken.",
    "## Version of the table",
    `Answers of the paths marked *Table* carry the header \`${TABLE_HEADER}: EPOCH.REVISION\`: the version of ` +
      "the last push of slots that every worker has taken. It tells a dashboard without a look at the slots " +
      `whether the proxy has what it was sent. \`${TABLE_UNKNOWN}\` stands there before the first push, and ` +
      "from the beginning of a push without a version (an original dashboard, a file of `--fillslots`) until " +
      "the next one with a version. On the answer to `fillslots` it is the version after the push.",
  ]);
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined; // A page that isn't there is outdated.
  }
}

if (import.meta.main) {
  const root = join(import.meta.dirname, "..");
  const outdated = findOutdatedDocs(root);
  if (process.argv.includes("--check")) {
    for (const path of outdated) {
      process.stderr.write(`${path} isn't current: run scripts/generate-docs.ts\n`);
    }
    process.exitCode = outdated.length === 0 ? 0 : 1;
  } else {
    for (const [path, text] of generateDocs()) {
      writeFileSync(join(root, path), text);
    }
  }
}
