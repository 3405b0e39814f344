/**
 * The reference pages about a dashboard that `generate-docs.ts` writes: its HTTP API and its metrics.
 */
import { ERROR_CODE_HEADER, encodeJson } from "../src/api/error-form.ts";
import { statusOf } from "../src/api/error-status.ts";
import {
  LEGACY_CHANGES,
  LEGACY_READS,
  LEGACY_REFUSALS,
  type LegacyChange,
} from "../src/api/legacy-route.ts";
import { REASON_CHARS_MAX } from "../src/api/reason.ts";
import {
  FORWARDED_HEADER,
  LEADER_HEADER,
  TOPOM_BODY_BYTES_MAX,
  TOPOM_ROUTES,
  type TopomRoute,
} from "../src/api/topom-route.ts";
import { PAGE_ITEMS_MAX, V1_PATHS, type V1Name, type V1Path } from "../src/api/v1-path.ts";
import { V1_ROUTES } from "../src/api/v1-route.ts";
import type { V1Route } from "../src/api/v1-route-form.ts";
import { formatByteSize } from "../src/base/byte-size.ts";
import { ERROR_CODES, type ErrorCode } from "../src/base/error.ts";
import { DAEMON_PATHS } from "../src/dashboard/admin/daemon-port.ts";
import { REQUEST_BOUNDS_SECONDS } from "../src/dashboard/admin/gate/request-count.ts";
import { DASHBOARD_METRICS } from "../src/dashboard/admin/metric.ts";
import { SEGMENT_ENTRIES, SEGMENTS_MAX } from "../src/dashboard/admin/reign/audit-record.ts";
import {
  SESSION_LIFE_MS,
  SESSIONS_PER_USER_MAX,
  TOKENS_PER_USER_MAX,
  USERS_MAX,
} from "../src/dashboard/admin/reign/user-record.ts";
import { FE_METRICS } from "../src/fe/fe-metric.ts";
import { NOTE, page, table } from "./docs-page.ts";

/** `docs/http-api-dashboard.md`. */
export function dashboardApiPage(): string {
  return page([
    "# HTTP API of the dashboard",
    NOTE,
    "One port, `admin_addr`, has four kinds of paths: `/api/v1`, which is ours and has users; those of Codis " +
      "3.2, which its programs call; those of Codis 2.0 that are still there; and health and metrics. A body " +
      `may have ${formatByteSize(TOPOM_BODY_BYTES_MAX)}. Large answers are compressed for who accepts gzip.`,
    ...v1Part(),
    ...accessPart(),
    ...topomPart(),
    ...legacyPart(),
    ...standbyPart(),
    "## Health and metrics",
    table(
      ["path", "answer", "what it does"],
      Object.values(DAEMON_PATHS).map(({ path, answer, summary }) => [
        `GET \`${path}\``,
        answer,
        summary,
      ]),
    ),
  ]);
}

function v1Part(): readonly string[] {
  const names = Object.keys(V1_PATHS) as V1Name[];
  const rows = names.map((name) => {
    const { method, path, role }: V1Path = V1_PATHS[name];
    const { summary, body, isChange }: V1Route = V1_ROUTES[name];
    const bodyName = body?.meta()?.id;
    return [
      `${method} \`${path}\``,
      role === "none" ? "" : role,
      bodyName === undefined ? "" : `\`${bodyName}\``,
      summary + (isChange ? " *Change.*" : ""),
    ];
  });
  const codes = Object.keys(ERROR_CODES) as ErrorCode[];
  const byStatus = Map.groupBy(codes, statusOf);
  return [
    "## /api/v1",
    "`/api/v1/openapi.json` is the OpenAPI 3.1 document with every field of every body and answer; this is " +
      "the list of its calls. Unknown fields are refused.",
    table(["call", "role", "body", "what it does"], rows),
    "A *change* is written to the audit log before it begins and again when it ends; if the log can't be " +
      'written, it isn\'t done. Answers carry the version of the topology in `ETag`, like `"3.17"` for ' +
      "revision 17 under the leader with epoch 3. A change with `If-Match` is refused with status 412 when the " +
      "topology has another version as the change begins. The header `X-Codis-Reason` says why " +
      `(percent-encoded UTF-8, at most ${REASON_CHARS_MAX} characters); the audit log keeps it as \`reason\`.`,
    `Lists of groups, proxies and operations come in pages of at most ${PAGE_ITEMS_MAX}; \`next\` of one page is ` +
      "`after` of the next, and null on the last. The audit log is newest first, with `before`.",
    ...operationParagraphs(),
    "Each of these calls also answers as `/api/v1/products/PRODUCT/…`, the name that it has behind `codis fe`; see " +
      "[console.md](console.md).",
    "Failures are problems (RFC 9457): an object with `type`, `title`, `status`, `detail`, `code`, `instance` and " +
      "`request_id`. Branch on `code`; what each means is in [errors.md](errors.md). Every answer has the header " +
      "`X-Request-Id`: the caller's, or one made here. The log and the audit log have it too.",

    table(
      ["status", "codes"],
      [...byStatus]
        .sort(([a], [b]) => a - b)
        .map(([status, list]) => [String(status), list.map((code) => `\`${code}\``).join(", ")]),
    ),
  ];
}

function operationParagraphs(): readonly string[] {
  return [
    "Slots move with their keys in two steps. `POST /api/v1/plans` measures the servers and says which slots would " +
      "move where; `POST /api/v1/operations` starts that plan, if it is still true:",
    '```sh\ncurl -X POST http://127.0.0.1:18080/api/v1/plans -d \'{"strategy": "memory"}\'\n' +
      "curl -X POST http://127.0.0.1:18080/api/v1/operations " +
      '-d \'{"plan": "p-3-1", "keys_per_second": 10000}\'\n```',
    "How far it is stands in the operation, with speed, `eta_ms` and the state of each slot, and comes as the event " +
      "`operation` of `/api/v1/events`. One operation runs at a time, over all pairs of groups; others wait.",
    "`keys_per_second`, `bytes_per_second` and `p99_guard_ms` bound its speed, from the start or later with `PATCH`; " +
      "0 takes a bound away. `speed` shows what was set, `speed_in_force` what counts now: less, with a `reason`, " +
      "while the p99 of clients is above the guard's bound ([how](slot-migration.md#speed-and-the-p99-guard)).",
  ];
}

function accessPart(): readonly string[] {
  return [
    "## Users, roles and tokens",
    'As long as there is no user (`"auth": "open"`), callers from the dashboard\'s own machine (127.0.0.1, ::1) are ' +
      "admins of `/api/v1`, and everybody else gets status 401. With `api_open = true` everybody who reaches the " +
      "port is an admin until then, as on Codis's own API. The first user must be an admin, and is made from that " +
      "machine, or from anywhere with the set-up link that the leader prints in its log (`access.setup`):",
    '```sh\ncurl -X POST http://127.0.0.1:18080/api/v1/users -d \'{"name": "alice", "role": "admin"}\'\n```',
    "The answer has the `secret` of a first token, which is shown only there; the coordinator keeps its SHA-256. " +
      "From then on every call needs `Authorization: Bearer SECRET`, or the cookie of a session. " +
      "Roles: a viewer reads, an operator also " +
      "changes the product, an admin also rules users and the dashboard itself.",
    "A user can have a password as well, or instead of a token (`password` of `POST` and `PATCH`); the coordinator " +
      "keeps its scrypt hash. `POST /api/v1/session` signs in with it, or with a token, and sets the cookie " +
      "`codis_session_PRODUCT`. A change with the cookie needs the header `X-Codis-CSRF` with the `csrf` of the " +
      `session. A session lasts ${SESSION_LIFE_MS / 3_600_000} hours; a user has at most ` +
      `${SESSIONS_PER_USER_MAX}, and the oldest ends for one more. Another password ends them all. With ` +
      "`PUT /api/v1/me/password` everybody changes the own password; then the session that does it stays. " +
      "Sign-ins are limited for each address and each user (status 429 with `Retry-After`), and audited, failures too.",
    `At most ${USERS_MAX} users with ${TOKENS_PER_USER_MAX} tokens each. The last admin with a password or a token ` +
      "that doesn't expire can't be removed. If all such tokens are lost: delete the nodes below " +
      "`/codis-ext/PRODUCT/users` in the coordinator, and reload or restart the dashboard.",
    `The audit log keeps ${SEGMENTS_MAX * SEGMENT_ENTRIES} entries at most, below ` +
      "`/codis-ext/PRODUCT/audit` and in the dashboard's log. An entry whose state is `unfinished` belongs to a " +
      "dashboard that ended in the middle of the change.",
    "A browser's request that changes something is refused when a page of another site made it.",
  ];
}

function topomPart(): readonly string[] {
  const rows = Object.values(TOPOM_ROUTES).map((route: TopomRoute) => [
    `${route.method} \`${route.path}\``,
    route.body ?? "",
    route.answer,
    route.summary,
  ]);
  return [
    "## Paths of Codis 3.2",
    "`/topom` and `/api/topom` answer as the original does, with its field names.",
    table(["path", "body", "answer", "what it does"], rows),
    "`:xauth` is the first 32 hexadecimal digits of SHA-256 of `Codis-XAuth-[PRODUCT]`. It is no secret: it " +
      "keeps products apart and stops mistakes. So the setting `legacy_api` says who may change things here:",
    table(
      ["legacy_api", "without users", "with users"],
      [
        [
          "`auto`",
          "everybody",
          "callers on the dashboard's own machine, and callers with the token of an operator; others read",
        ],
        ["`full`", "everybody", "everybody"],
        ["`read-only`", "nobody", "nobody"],
        ["`off`", "the paths aren't there", "the paths aren't there"],
      ],
    ),
    "A request that was handed on by a proxy (`X-Forwarded-For`, `X-Real-IP`, `Forwarded`, `Via`) isn't from " +
      "the dashboard's own machine, whatever these headers say.",
    'Failure is status 800 with `{"Cause": "…", "Stack": null}`; the header ' +
      `\`${ERROR_CODE_HEADER}\` has the code. A path that doesn't exist answers 404.`,
  ];
}

function legacyPart(): readonly string[] {
  const reads = Object.values(LEGACY_READS).map(({ path, answer }) => [`GET \`${path}\``, answer]);
  const changes = Object.values(LEGACY_CHANGES).map(
    ({ method, path, body, summary }: LegacyChange) => [`${method} \`${path}\``, body, summary],
  );
  const refusals = LEGACY_REFUSALS.map(({ method, path, now }) => [`${method} \`${path}\``, now]);
  return [
    "## Paths of Codis 2.0",
    "These are still read, for scripts; `off` switches them off as well:",
    table(["path", "answer"], reads),
    'These move slots, under the rules of `legacy_api` above, and answer `{"msg":"OK","ret":0}`. What they order ' +
      "becomes an operation, as on `/api/v1`:",
    table(["path", "body", "what it does"], changes),
    "These aren't done any more; they answer status 500 with a text that names what does it now:",
    table(["path", "now"], refusals),
  ];
}

function standbyPart(): readonly string[] {
  const sample = { Cause: "topom is not online, waits for the coordinator", Stack: null };
  return [
    "## A dashboard that doesn't lead",
    `A standby hands calls about the product to the leader, and names it in the header \`${LEADER_HEADER}\`. If ` +
      "the leader doesn't answer, it says so with `NOT_LEADER` (status 800, or 503 on `/api/v1`). A call is " +
      `handed on once (\`${FORWARDED_HEADER}\`). The model, health, metrics and version are its own. Orders ` +
      "to the process itself (log level, shutdown) it takes from its own machine only, because it can't read " +
      "the users.",
    `While the coordinator isn't there, the answer is \`NOT_ONLINE\`:\n\n\`\`\`json\n${encodeJson(sample)}\n\`\`\``,
  ];
}

/** `docs/metrics-dashboard.md`. */
export function dashboardMetricsPage(): string {
  const rows = Object.entries(DASHBOARD_METRICS).map(([name, spec]) => [
    `\`${name}\``,
    spec.type,
    spec.labels.map((label) => `\`${label}\``).join(", "),
    spec.help,
  ]);
  return page([
    "# Metrics of the dashboard",
    NOTE,
    "`GET /metrics` on the admin port answers in Prometheus's text format, without a token. A standby has only " +
      "its own state, its requests and its process, so sums over all dashboards of a product are right.",
    table(["metric", "type", "labels", "meaning"], rows),
    `Buckets of durations, in seconds: ${REQUEST_BOUNDS_SECONDS.join(", ")}.`,
    "## Metrics of codis fe",
    table(
      ["metric", "type", "labels", "meaning"],
      Object.entries(FE_METRICS).map(([name, spec]) => [
        `\`${name}\``,
        spec.type,
        spec.labels.map((label) => `\`${label}\``).join(", "),
        spec.help,
      ]),
    ),
  ]);
}
