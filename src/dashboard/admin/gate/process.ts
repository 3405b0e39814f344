/**
 * What both APIs do to the process itself, whether it leads or not: the level of its log and its end. Who may
 * order that is decided in `access.ts`.
 */
import type { FastifyReply } from "fastify";
import { TOPOM_CLOSED } from "../../../api/topom-route.ts";
import { CodisError } from "../../../base/error.ts";
import type { LogLevel } from "../../../base/log-level.ts";
import type { AdminContext } from "./context.ts";

/** Throws DASHBOARD_CLOSED. */
export function refuseIfClosed(context: AdminContext): void {
  if (context.control.state() === "closed") {
    throw new CodisError("DASHBOARD_CLOSED", TOPOM_CLOSED);
  }
}

/** Sets the level of the log until the process ends. */
export function setLogLevel(context: AdminContext, level: LogLevel): void {
  context.log.setLevel(level);
}

/** Ends this dashboard when the answer is sent, or its receiver is gone. */
export function shutdownAfter(context: AdminContext, reply: FastifyReply): void {
  reply.raw.once("close", () => {
    context.control.shutdown().catch((thrown: unknown) => {
      context.log.error("admin.shutdown", "the dashboard couldn't be ended", { error: thrown });
    });
  });
}
