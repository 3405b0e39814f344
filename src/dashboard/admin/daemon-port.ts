/**
 * Registers the paths that every daemon of ours has (health, metrics, version), and those that lead people
 * on. All are answered by this process itself, whether it leads or not, and ask for nothing.
 */
import type { FastifyInstance } from "fastify";
import { RUNTIME, VERSION } from "../../base/version.ts";
import { acceptsHtml, type ConsolePages } from "../../console/console-page.ts";
import { sendJson } from "../../http/answer.ts";
import { METRICS_CONTENT_TYPE } from "../../http/metric-text.ts";
import { sendConsoleOff } from "./console-off.ts";
import { renderDashboardMetrics } from "./exposition.ts";
import type { AdminContext } from "./gate/context.ts";

/** One path, for the documentation. */
export interface DaemonPath {
  readonly path: string;
  readonly answer: string;
  readonly summary: string;
}

/** All paths by name; GET. */
export const DAEMON_PATHS = {
  root: {
    path: "/",
    answer: "HTML, or redirect",
    summary:
      "The console for a browser; leads others to /topom (to /api/v1/product when that is off).",
  },
  admin: {
    path: "/admin",
    answer: "redirect",
    summary: "Leads to the console; that of Codis 2.0 was here.",
  },
  console: {
    path: "/console",
    answer: "redirect",
    summary: "Leads to the console.",
  },
  metrics: {
    path: "/metrics",
    answer: "Prometheus text",
    summary: "Metrics; see metrics-dashboard.md.",
  },
  live: { path: "/livez", answer: "ok", summary: "200 while the process answers." },
  health: { path: "/healthz", answer: "ok", summary: "The same." },
  ready: {
    path: "/readyz",
    answer: "object: ready, state, checks",
    summary:
      "200 when calls are answered: this dashboard leads, or stands by and knows the leader. Else 503.",
  },
  version: {
    path: "/version",
    answer: "object: version, runtime",
    summary: "What runs here.",
  },
} as const satisfies Readonly<Record<string, DaemonPath>>;

const TEXT_TYPE = "text/plain; charset=utf-8";

/** Adds all paths to the application. `pages` are undefined when the console is switched off. */
export function addDaemonRoutes(
  app: FastifyInstance,
  context: AdminContext,
  pages: ConsolePages | undefined,
): void {
  addConsoleRoutes(app, context, pages);
  app.get(DAEMON_PATHS.metrics.path, (_request, reply) =>
    reply.type(METRICS_CONTENT_TYPE).send(renderDashboardMetrics(context)),
  );
  app.get(DAEMON_PATHS.live.path, (_request, reply) => reply.type(TEXT_TYPE).send("ok\n"));
  app.get(DAEMON_PATHS.health.path, (_request, reply) => reply.type(TEXT_TYPE).send("ok\n"));
  app.get(DAEMON_PATHS.ready.path, (_request, reply) => {
    const state = context.control.state();
    const checks = {
      running: state !== "closed",
      leader_known:
        context.reigns.now() !== undefined || context.control.leaderAddr() !== undefined,
    };
    const isReady = checks.running && checks.leader_known && state !== "starting";
    return sendJson(reply, { ready: isReady, state, checks }, isReady ? 200 : 503);
  });
  app.get(DAEMON_PATHS.version.path, (_request, reply) =>
    sendJson(reply, { version: VERSION, runtime: RUNTIME }),
  );
}

/** Every other path of the console is answered where nobody else answers, see `admin-server.ts`. */
function addConsoleRoutes(
  app: FastifyInstance,
  context: AdminContext,
  pages: ConsolePages | undefined,
): void {
  const { basePath } = context;
  const forPrograms = context.legacyApi === "off" ? "api/v1/product" : "topom";
  const { root, admin, console: old } = DAEMON_PATHS;
  app.get(root.path, (request, reply) => {
    if (!acceptsHtml(request)) {
      return reply.redirect(basePath + forPrograms, 302);
    }
    return pages === undefined ? sendConsoleOff(reply, context) : pages.sendPage(request, reply);
  });
  for (const { path } of [admin, old]) {
    app.get(path, (request, reply) =>
      reply.redirect(acceptsHtml(request) ? basePath : basePath + forPrograms, 302),
    );
  }
}
