/**
 * Takes the lock of a product: one transaction that makes the lock where there is none and raises the epoch.
 * The lock depends on a lease that this call alone has asked for, so it is known again when the answer got
 * lost. A lock without a lease is another program's, and is left alone.
 */
import { CodisError } from "../../base/error.ts";
import type { LeadershipRequest } from "../coordinator.ts";
import { checkData, checkPath } from "../node-check.ts";
import type { Gateway } from "./gateway.ts";
import type { TakenLock } from "./leadership.ts";
import { Lease } from "./lease.ts";
import { monotonicMs } from "./wait.ts";
import { type EtcdNode, isWrittenAt, putOf, rangeOf, type WireTxn } from "./wire.ts";
import { nodesOf } from "./write-chunk.ts";

type Nodes = ReadonlyMap<string, EtcdNode>;

/** More digits aren't a number of elections, and wouldn't fit in one of ours. */
const EPOCH_PATTERN = /^\d{1,15}$/;

/** Takes the lock. Throws LEADER_EXISTS, MODEL_INVALID for an epoch that isn't one, and as `Gateway.call`. */
export async function takeLock(gateway: Gateway, request: LeadershipRequest): Promise<TakenLock> {
  checkPath(request.lockPath);
  checkPath(request.epochPath);
  checkData(request.lockPath, request.data);
  if (!(request.leaseMs > 0)) {
    throw new CodisError("ARGUMENT_INVALID", `a lease of ${request.leaseMs} ms can't be held`);
  }
  const endsAt = monotonicMs() + gateway.operationMs;
  for (;;) {
    const nodes = await readBoth(gateway, request, endsAt);
    mustBeFree(request, nodes.get(request.lockPath));
    const what = `get a lease for ${request.lockPath}`;
    const lease = await Lease.grant(gateway, { what, wantedMs: request.leaseMs, endsAt });
    const taken = await tryToTake(gateway, request, nodes.get(request.epochPath), lease, endsAt);
    if (taken !== undefined) {
      return taken;
    }
  }
}

/** undefined: the lock is free, but the epoch was raised meanwhile. */
async function tryToTake(
  gateway: Gateway,
  request: LeadershipRequest,
  oldEpoch: EtcdNode | undefined,
  lease: Lease,
  endsAt: number,
): Promise<TakenLock | undefined> {
  const { lockPath, epochPath } = request;
  let isTaken = false;
  try {
    const epoch = epochAfter(request, oldEpoch);
    const answer = await gateway.call<WireTxn>({
      what: `take ${lockPath}`,
      path: "/v3/kv/txn",
      body: {
        compare: [isWrittenAt(lockPath, "0"), isWrittenAt(epochPath, oldEpoch?.modRevision ?? "0")],
        success: [putOf(lockPath, request.data, lease.id), putOf(epochPath, String(epoch))],
        failure: [rangeOf(lockPath), rangeOf(epochPath)],
      },
      mayRepeat: true,
      endsAt,
    });
    const lock = nodesOf(answer).get(lockPath);
    isTaken = answer.succeeded === true || lock?.lease === lease.id;
    if (isTaken) {
      const revision = lock?.createRevision ?? answer.header?.revision ?? "0";
      return { request, epoch, revision, lease };
    }
    mustBeFree(request, lock);
    return undefined;
  } finally {
    if (!isTaken) {
      // A transaction that is still on its way fails without its lease.
      void lease.revoke(`give the lease for ${lockPath} back`);
    }
  }
}

async function readBoth(
  gateway: Gateway,
  request: LeadershipRequest,
  endsAt: number,
): Promise<Nodes> {
  const success = [rangeOf(request.lockPath), rangeOf(request.epochPath)];
  const answer = await gateway.call<WireTxn>({
    what: `read ${request.lockPath}`,
    path: "/v3/kv/txn",
    body: { compare: [], success, failure: [] },
    mayRepeat: true,
    endsAt,
  });
  return nodesOf(answer);
}

function mustBeFree(request: LeadershipRequest, lock: EtcdNode | undefined): void {
  if (lock === undefined) {
    return;
  }
  const isForeign = lock.lease === "0";
  const why = isForeign
    ? "was made by a program whose lock doesn't end with its life; when that program is gone for sure, " +
      "remove it by hand"
    : "is held by another";
  throw new CodisError("LEADER_EXISTS", `the lock ${request.lockPath} ${why}`, {
    context: { holder: lock.data, isForeign },
  });
}

function epochAfter(request: LeadershipRequest, node: EtcdNode | undefined): number {
  const text = node?.data.trim() ?? "0";
  if (!EPOCH_PATTERN.test(text)) {
    throw new CodisError(
      "MODEL_INVALID",
      `${request.epochPath} has ${JSON.stringify(text.slice(0, 50))}: expected a whole number`,
    );
  }
  return Number(text) + 1;
}
