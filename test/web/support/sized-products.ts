/**
 * The four products that gates and screenshots are made with: `small` and `typical` are well; `large` has 60
 * groups of 3 servers, 30 proxies, 200 commands and 100 slots that move; `broken` has everything that can be wrong
 * at once: servers and proxies that don't answer, sentinels of another mind, offline slots, a paused move.
 */

import { problemCode } from "../../../src/api/problem-code.ts";
import type { V1FailoverSummary } from "../../../src/api/v1-availability-schema.ts";
import type {
  V1LiveGroup,
  V1LiveProduct,
  V1LiveProxy,
  V1LiveServer,
  V1LiveStats,
} from "../../../src/api/v1-live-schema.ts";
import type { V1OperationSummary } from "../../../src/api/v1-operation-schema.ts";
import type { ProblemKind, V1Health } from "../../../src/api/v1-state-schema.ts";
import { saidOf, say } from "../../../src/model/phrase/phrase.ts";
import { addSentinels, membersProduct, REPLICA } from "./members-fixture.ts";
import { makeOperation } from "./moving-product.ts";
import { commandNames, performanceAnswer } from "./performance-figures.ts";
import { codeOf, told } from "./told.ts";
import {
  type FixtureAnswer,
  makeProduct,
  type ProductFixture,
  SIZES,
  slotsOf,
  subjectsOf,
} from "./typical-product.ts";

const MIGRATING = 5;
const OFFLINE = 0;
const LARGE_COMMANDS = 200;
const LARGE_MOVING = 100;
const MORE_FROM = 200;
const MORE = 20;
/** First of the slots that nobody owns in `broken`. */
const BROKEN_OFFLINE_FROM = 1000;
const LOST_AT = "2026-11-27T07:00:00.000Z";

/** 2 groups of 2 servers, one proxy. */
export function smallProduct(name = "small"): ProductFixture {
  return makeProduct(name, SIZES.small, "development");
}

const LAGS = say("fault.behind", {
  addr: "10.0.2.2:6379",
  n: 48 * 1024 ** 2,
  master: "10.0.2.1:6379",
});

/** As `small`, but a replica lags. */
export function laggingProduct(name = "lagging"): ProductFixture {
  const product = makeProduct(name, SIZES.small, "staging");
  product.values["health"] = {
    epoch: 3,
    revision: 17,
    status: "degraded",
    faults: [],
    problems: [
      {
        kind: "replica_lagging",
        code: problemCode("replica_lagging"),
        is_critical: false,
        subject: "server 10.0.2.2:6379",
        message: LAGS,
        ...saidOf(LAGS),
        since: LOST_AT,
      },
    ],
  } satisfies V1Health;
  return product;
}

/** 8 groups of 2 servers, 3 proxies, sentinels, stories, users and an audit log. */
export function typicalProduct(name = "typical"): ProductFixture {
  const product = makeProduct(name, SIZES.typical, "staging");
  addSentinels(
    product,
    [REPLICA, REPLICA, REPLICA].map(() => "10.0.1.1:6379"),
  );
  const { answers } = membersProduct();
  const operations = { "GET operations": operationList([]) };
  return { ...product, answers: { ...answers, ...operations, ...product.answers } };
}

/** See the head of the file. */
export function largeProduct(name = "large"): ProductFixture {
  const product = makeProduct(name, SIZES.large, "production");
  const { values, answers } = product;
  values["slots"] = largeSlots(0);
  const shown = values["product"] as V1LiveProduct;
  values["product"] = {
    ...shown,
    slots: { online: 1024 - LARGE_MOVING, offline: 0, moving: LARGE_MOVING },
  } satisfies V1LiveProduct;
  addOperation(product, { state: "running" });
  answers["GET performance"] = performanceAnswer({
    ...subjectsOf(values),
    commands: commandNames(LARGE_COMMANDS),
  });
  return { ...product, answers: { ...membersProduct().answers, ...answers } };
}

/** The slots of `large`, with twenty more that move to the group `targetId`, 0: none. */
export function largeSlots(targetId: number) {
  return slotsOf(SIZES.large.groups, (slot) => {
    if (slot < LARGE_MOVING) {
      return { owner: 1, target: 2 + (slot % 8), state: MIGRATING };
    }
    const isMore = targetId > 0 && slot >= MORE_FROM && slot < MORE_FROM + MORE;
    return isMore ? { target: targetId, state: MIGRATING } : {};
  });
}

/** See the head of the file. */
export function brokenProduct(name = "broken"): ProductFixture {
  const { values, answers } = membersProduct();
  const product: ProductFixture = { name, label: "production", values, answers };
  values["slots"] = slotsOf(SIZES.typical.groups, (slot) =>
    slot >= BROKEN_OFFLINE_FROM ? { owner: 0, state: OFFLINE } : {},
  );
  addSentinels(product, [REPLICA, REPLICA, undefined]);
  loseServer(values, "10.0.4.1:6379");
  // As its fault tells.
  const astray = values["server:10.0.2.2:6379"] as V1LiveServer;
  values["server:10.0.2.2:6379"] = {
    ...astray,
    reported_master: "10.9.9.9:6379",
  } satisfies V1LiveServer;
  values["failover:3-9"] = FAILED_STORY;
  answers["GET failovers"] = () => ({
    status: 200,
    body: { epoch: 3, revision: 17, items: [FAILED_STORY, values["failover:3-1"]], next: null },
  });
  addOperation(product, {
    state: "paused",
    self_paused: true,
    reason: "server 10.0.4.1:6379 isn't connected",
    ...saidOf("server 10.0.4.1:6379 isn't connected"),
    reason_code: "unreachable",
  });
  const shown = values["product"] as V1LiveProduct;
  values["product"] = {
    ...shown,
    name,
    label: "production",
    servers: { total: 16, up: 14 },
    proxies: { total: 3, online: 2, synced: 2 },
    slots: { online: BROKEN_OFFLINE_FROM, offline: 24, moving: 0 },
    sentinels: 3,
  } satisfies V1LiveProduct;
  const stats = values["stats"] as V1LiveStats;
  values["stats"] = {
    ...stats,
    servers: { ...stats.servers, up: 14 },
    recent: {
      ...stats.recent,
      proxies: { total: 3, counted: 2, timed: 2 },
      failures_per_second: 420,
    },
  } satisfies V1LiveStats;
  values["health"] = healthOf(values);
  answers["GET performance"] = performanceAnswer({
    ...subjectsOf(values),
    missing: { proxies: 1, servers: 2 },
  });
  return product;
}

const NONE_FIT = say("story.none-fit", { why: "10.0.4.2:6379 doesn't answer: timeout" });
const FAILED_STORY: V1FailoverSummary = {
  id: "3-9",
  group_id: 4,
  kind: "detector",
  from: "10.0.4.1:6379",
  to: null,
  began_at: LOST_AT,
  ended_at: "2026-11-27T07:00:09.000Z",
  outcome: "failed",
  reason: NONE_FIT,
  ...saidOf(NONE_FIT),
  pause_ms: null,
  lost_bytes: null,
};

function operationList(items: readonly V1OperationSummary[]): FixtureAnswer {
  return () => ({ status: 200, body: { epoch: 3, revision: 17, items, next: null } });
}

function addOperation(
  { values, answers }: ProductFixture,
  parts: Partial<V1OperationSummary>,
): void {
  const whole = makeOperation("op-7", parts);
  const { moves: _moves, events: _events, ...operation } = whole;
  answers["GET operations"] = operationList([operation]);
  answers["GET operations/op-7"] = () => ({ status: 200, body: whole });
  values["operation:op-7"] = operation;
  values["progress:op-7"] = operation.progress;
}

function loseServer(values: Record<string, unknown>, addr: string): void {
  const server = values[`server:${addr}`] as V1LiveServer;
  const group = values[`group:${server.group_id}`] as V1LiveGroup;
  values[`server:${addr}`] = {
    ...server,
    status: "timeout",
    error: "no answer within 1 s",
    observed_at: LOST_AT,
    faults: ["MASTER_DOWN"],
    ops_per_second: null,
  } satisfies V1LiveServer;
  values[`group:${server.group_id}`] = {
    ...group,
    faults: [
      {
        code: "MASTER_DOWN",
        group_id: group.id,
        addr,
        stored: "master",
        stored_said: codeOf("master"),
        real: "no answer",
        real_said: codeOf("no answer"),
        since: LOST_AT,
        mendable: false,
        ...told(say("fault.master", { group: group.id, why: "no answer within 1 s" })),
      },
    ],
  } satisfies V1LiveGroup;
}

function healthOf(values: Readonly<Record<string, unknown>>): V1Health {
  const proxy = values[`proxy:${"3".padStart(32, "0")}`] as V1LiveProxy;
  const problem = (kind: ProblemKind, subject: string, message: string, isCritical = false) => ({
    kind,
    code: problemCode(kind),
    is_critical: isCritical,
    subject,
    message,
    ...saidOf(message),
    since: LOST_AT,
  });
  return {
    epoch: 3,
    revision: 17,
    status: "critical",
    faults: [],
    problems: [
      problem(
        "slots_offline",
        "slots 1000-1023",
        "24 slots without a group: the keys get errors",
        true,
      ),
      problem(
        "operation_trouble",
        "operation op-7",
        "it waits until somebody helps: server 10.0.4.1:6379 isn't connected",
      ),
      problem(
        "group_out_of_sync",
        "group 2",
        "proxies may not have its slots as stored: resync it",
      ),
      problem("server_role", "server 10.0.2.2:6379", "follows 10.9.9.9:6379, not 10.0.2.1:6379"),
      problem("server_unreachable", "server 10.0.3.2:6379", "the replica of group 3: timeout"),
      problem("server_unreachable", "server 10.0.4.1:6379", "the master of group 4: timeout", true),
      problem(
        "proxy_unreachable",
        `proxy ${proxy.token}`,
        "proxy 3 (10.0.8.3:11080) doesn't answer: timeout",
      ),
      problem("proxy_unprovable", `proxy ${proxy.token}`, proxy.fence?.text ?? ""),
      problem("failover_failed", "group 4", `failover 3-9 couldn't be finished: ${NONE_FIT}`),
      problem("sentinel_trouble", "sentinels", "10.0.9.3:26379 doesn't answer"),
      problem("sentinel_trouble", "sentinels", `a majority says ${REPLICA} is master of group 1`),
    ],
  };
}
