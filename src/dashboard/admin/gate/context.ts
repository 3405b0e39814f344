/**
 * What every path of a dashboard's HTTP port works on, and the way of a change: let in, counted, written to
 * the audit log, done, and written there again.
 */

import type { ProductLabel } from "../../../api/v1-console-schema.ts";
import type { Clock } from "../../../base/clock.ts";
import { CodisError } from "../../../base/error.ts";
import type { Log } from "../../../base/log.ts";
import type { SignInLimit } from "../../../console/sign-in-limit.ts";
import type { TrustedProxies } from "../../../console/trusted-proxy.ts";
import type { DashboardControl } from "../../control.ts";
import type { Reign, Reigns } from "../reign/reign.ts";
import type { LegacyApiMode, Principal } from "./access.ts";
import type { Caller } from "./caller.ts";
import type { Forwarder } from "./forward.ts";
import type { RequestCount } from "./request-count.ts";

/** Changes under way at once. */
const CHANGES_MAX = 64;

/** The configuration as JSON: keys of `dashboard.toml` in their order, passwords empty. */
export type ConfigJson = Readonly<Record<string, string | number | boolean>>;

/** The port's parts. */
export interface AdminContext {
  readonly control: DashboardControl;
  readonly product: string;
  readonly label: ProductLabel;
  /** Path of the console, with `/` at both ends; cookies are for it. */
  readonly basePath: string;
  /** Name of the cookie of this product's sessions. */
  readonly cookieName: string;
  readonly trustedProxies: TrustedProxies;
  readonly signIns: SignInLimit;
  readonly config: ConfigJson;
  readonly legacyApi: LegacyApiMode;
  readonly clock: Clock;
  readonly log: Log;
  readonly reigns: Reigns;
  readonly forwarder: Forwarder;
  readonly requests: RequestCount;
  readonly changes: ChangeLimit;
}

/** Counts changes under way. */
export class ChangeLimit {
  #count = 0;

  /** Runs the change unless there are too many; rejects with TOO_BUSY then. */
  async run<T>(change: () => Promise<T>): Promise<T> {
    if (this.#count >= CHANGES_MAX) {
      throw new CodisError(
        "TOO_BUSY",
        `${CHANGES_MAX} changes are under way, the limit; try later`,
      );
    }
    this.#count++;
    try {
      return await change();
    } finally {
      this.#count--;
    }
  }
}

/** One change of the product, whoever asked for it. */
export interface Change<T> {
  readonly reign: Reign;
  readonly caller: Caller;
  readonly principal: Principal;
  readonly api: "v1" | "topom" | "legacy";
  /** Name of the route. */
  readonly operation: string;
  /** Without secrets. */
  readonly arguments: Readonly<Record<string, unknown>>;
  /** Why, as the caller says. */
  readonly reason?: string | undefined;
  readonly run: () => Promise<T>;
}

/** Does a change between its two entries in the audit log; not at all if the first can't be written. */
export function runChange<T>(context: AdminContext, change: Change<T>): Promise<T> {
  return context.changes.run(async () => {
    const audit = await change.reign.audit();
    const seq = await audit.begin({
      who: change.principal.who,
      api: change.api,
      from: change.caller.addr,
      claimedFrom: change.caller.claimedFrom,
      operation: change.operation,
      arguments: change.arguments,
      reason: change.reason,
      requestId: change.caller.requestId,
    });
    try {
      const result = await change.run();
      await audit.finish(seq, undefined);
      return result;
    } catch (thrown) {
      await audit.finish(seq, thrown);
      throw thrown;
    }
  });
}
