/**
 * Makes a server a replica of a master, or a master: one transaction, as Codis does it, so that no other
 * client sees the middle. Password first, or the replica would knock at its master without one.
 *
 * What Codis only logs is told here: the change of role must succeed, the rest (writing the configuration
 * file, closing the connections of clients) is done as well as it can be and reported.
 */
import { CodisError, messageOf } from "../../base/error.ts";
import { parseServerAddr } from "../../model/address.ts";
import { RedisClient } from "../../redis/client.ts";
import { itemsOf } from "../../redis/reply.ts";
import { configGet, readInfo } from "../../redis/server-command.ts";
import {
  isUnknownCommand,
  refusedBy,
  replyTextOf,
  unexpectedReply,
} from "../../redis/server-error.ts";

/** A change of role. */
export interface RoleOrder {
  readonly addr: string;
  /** `host:port` of the master to follow; undefined: it becomes a master and keeps its data. */
  readonly masterAddr: string | undefined;
  /** Of the product: for this server, and for its login at the master. Empty: none. */
  readonly password: string;
  readonly timeoutMs?: number | undefined;
  /**
   * Asked when the server is there and right before it is told: rejects when this dashboard no longer leads,
   * for example after it was frozen. Its failure is `setRole`'s.
   */
  readonly confirm?: (() => Promise<void>) | undefined;
  /** Gives up; what was sent may have been done. */
  readonly signal?: AbortSignal | undefined;
}

/** What happened beside the change of role itself. */
export interface RoleReport {
  /** Whether the server had the role already; then no client's connection was closed. */
  readonly wasAlready: boolean;
  /** One line for each step that failed but doesn't matter for the role. */
  readonly warnings: readonly string[];
}

/** A step of the transaction. */
interface Step {
  readonly args: readonly string[];
  readonly command: string;
  readonly mustSucceed: boolean;
}

const TIMEOUT_MS = 5_000;

/**
 * Gives a server its role. When it resolves the server has accepted the order; a replica's copy of the data is
 * still on its way. Throws SERVER_UNREACHABLE, SERVER_AUTH_FAILED, SERVER_REFUSED or ADDRESS_INVALID.
 */
export async function setRole(order: RoleOrder): Promise<RoleReport> {
  const timeoutMs = order.timeoutMs ?? TIMEOUT_MS;
  const client = await RedisClient.connect({
    addr: order.addr,
    password: order.password,
    connectTimeoutMs: timeoutMs,
    callTimeoutMs: timeoutMs,
    signal: order.signal,
  });
  try {
    const info = await readInfo(client);
    const wasAlready =
      order.masterAddr === undefined
        ? info["role"] === "master"
        : info["master_addr"] === order.masterAddr;
    const hasUser = await hasMasterUser(client);
    await order.confirm?.();
    const warnings = await runSteps(client, stepsOf(order, { wasAlready, hasUser }));
    return { wasAlready, warnings: [...warnings, ...(await unpause(client, order.masterAddr))] };
  } finally {
    client.close();
  }
}

function stepsOf(
  order: RoleOrder,
  state: { readonly wasAlready: boolean; readonly hasUser: boolean },
): readonly Step[] {
  const steps: Step[] = [];
  const add = (command: string, mustSucceed: boolean, ...args: readonly string[]): void => {
    steps.push({ command, mustSucceed, args });
  };
  add("CONFIG SET", true, "CONFIG", "SET", "masterauth", order.password);
  if (state.hasUser) {
    // The product's password is the default user's: with a user it would be refused.
    add("CONFIG SET", true, "CONFIG", "SET", "masteruser", "");
  }
  // SLAVEOF is what codis-server knows, and what Redis and Valkey still take.
  if (order.masterAddr === undefined) {
    add("SLAVEOF", true, "SLAVEOF", "NO", "ONE");
  } else {
    const master = parseServerAddr(order.masterAddr);
    if (master === undefined) {
      throw new CodisError("ADDRESS_INVALID", `"${order.masterAddr}" is no address of a master`);
    }
    add("SLAVEOF", true, "SLAVEOF", master.host, `${master.port}`);
  }
  add("CONFIG REWRITE", false, "CONFIG", "REWRITE");
  if (!state.wasAlready) {
    // Clients that took it for what it was: they come back and see what it is now.
    add("CLIENT KILL", false, "CLIENT", "KILL", "TYPE", "normal");
  }
  return steps;
}

/** Runs the steps as one transaction; the warnings of those that needn't succeed. */
async function runSteps(client: RedisClient, steps: readonly Step[]): Promise<readonly string[]> {
  // Not before this is known to be a transaction may the first step be sent.
  await client.call(["MULTI"]);
  const queued = [...steps.map((step) => client.call(step.args)), client.call(["EXEC"])];
  // A step that isn't even queued (unknown, not allowed) makes EXEC fail; its own error says more.
  const outcomes = await Promise.allSettled(queued);
  const refused = outcomes.find((outcome) => outcome.status === "rejected");
  if (refused !== undefined) {
    throw refused.reason;
  }
  const last = outcomes.at(-1);
  const results = itemsOf(last?.status === "fulfilled" ? last.value : undefined);
  if (results === undefined || results.length !== steps.length) {
    throw unexpectedReply(client.addr, "EXEC");
  }
  const warnings: string[] = [];
  for (const [index, step] of steps.entries()) {
    const result = results[index];
    if (result?.type !== "error") {
      continue;
    }
    const failure = refusedBy(client.addr, step.command, result.text);
    if (step.mustSucceed) {
      throw failure;
    }
    warnings.push(failure.message);
  }
  return warnings;
}

/**
 * Ends a pause that the server has from its time as a master: it holds what comes from its own master too. As good as
 * it can be done: the pause ends by itself, and Redis before 6.2 has no such order. The warnings.
 */
async function unpause(
  client: RedisClient,
  masterAddr: string | undefined,
): Promise<readonly string[]> {
  if (masterAddr === undefined) {
    return [];
  }
  try {
    await client.call(["CLIENT", "UNPAUSE"]);
    return [];
  } catch (thrown) {
    // The second is the answer of Redis before 4.
    const isUnknown = isUnknownCommand(thrown) || /syntax error/i.test(replyTextOf(thrown) ?? "");
    return isUnknown ? [] : [messageOf(thrown)];
  }
}

/** Whether a user for replication is set; codis-server and Redis before 6 know no such setting. */
async function hasMasterUser(client: RedisClient): Promise<boolean> {
  try {
    const user = await configGet(client, "masteruser");
    return user !== undefined && user !== "";
  } catch (thrown) {
    if (isUnknownCommand(thrown)) {
      return false;
    }
    throw thrown;
  }
}
