/**
 * What the paths of Codis 2.0 do that still change something: moving slots (`migrate-task.ts`), and promoting a
 * server, whose body was the server itself.
 */
import type { LegacyChangeName } from "../../../api/legacy-route.ts";
import { CodisError } from "../../../base/error.ts";
import { parseJsonBody } from "../../../http/failure.ts";
import { addrParam, intParam } from "../topom/argument.ts";
import type { Prepare } from "../topom/prepared.ts";
import { LEGACY_MIGRATE_HANDLERS } from "./migrate-task.ts";

/** Checks the arguments of each change. */
export const LEGACY_CHANGE_HANDLERS: Readonly<Record<LegacyChangeName, Prepare>> = {
  ...LEGACY_MIGRATE_HANDLERS,
  promote: (leader, params, body) => {
    const gid = intParam(params, "id");
    const addr = readAddr(body);
    const run = async () => void (await leader.availability.promote(gid, addr));
    return { arguments: { gid, addr }, run };
  },
};

/** `addr` of the body; its other fields are what the server is, which is known. */
function readAddr(body: string): string {
  const value = parseJsonBody(body, "body of promote");
  const fields = (typeof value === "object" && value !== null ? value : {}) as {
    readonly addr?: unknown;
  };
  if (typeof fields.addr !== "string") {
    throw new CodisError("BODY_INVALID", "body of promote: addr: expected host:port");
  }
  return addrParam({ addr: fields.addr }, "server");
}
