/**
 * Codes of reasons why operations make no progress: given where a trouble arises, by the code of its error or by what
 * the error says of itself, and never told from words; the console has an advice for each.
 */
import { expect, test } from "bun:test";
import { CodisError, type ErrorCode } from "../../../src/base/error.ts";
import { notAcknowledged } from "../../../src/dashboard/migration/mover/replica-ack.ts";
import { troubleOf } from "../../../src/dashboard/migration/mover/slot-order.ts";
import {
  beginOperation,
  createOperation,
  goOnOperation,
  hinderOperation,
  selfPauseOperation,
} from "../../../src/model/change/operation.ts";
import { decodeOperation, encodeOperation } from "../../../src/model/operation/operation-record.ts";
import {
  asTrouble,
  TROUBLE_CODES,
  type TroubleCode,
  toTrouble,
} from "../../../src/model/operation/trouble-code.ts";
import { catalogue } from "../../../web/src/i18n/catalogue.ts";

test("the code of an error is enough for most", () => {
  const codes: readonly (readonly [ErrorCode, TroubleCode])[] = [
    ["SERVER_UNREACHABLE", "unreachable"],
    ["SERVER_LOADING", "loading"],
    ["SERVER_ROLE_WRONG", "role"],
    ["SERVER_VERSION_UNSUPPORTED", "version"],
    ["SERVER_HOLDS_FOREIGN_KEYS", "foreign_key"],
    ["PROXY_CALL_FAILED", "proxy"],
    ["STATE_CONFLICT", "other"],
  ];
  for (const [code, trouble] of codes) {
    const text = "OOM maxmemory proxies isn't a master";
    expect(toTrouble(new CodisError(code, text))).toEqual({ text, code: trouble });
  }
  expect(toTrouble(new Error("out of memory"))).toEqual({ text: "out of memory", code: "other" });
});

test("others say it themselves", () => {
  for (const code of TROUBLE_CODES) {
    const thrown = new CodisError("STATE_CONFLICT", "no", { context: asTrouble(code) });
    expect(toTrouble(thrown).code).toBe(code);
  }
  expect(toTrouble(notAcknowledged("10.0.0.2:6379")).code).toBe("replicas");
  const oom = new CodisError("SERVER_REFUSED", "x", { context: { reply: "ERR OOM command" } });
  expect(toTrouble(troubleOf("10.0.0.2:6379", oom)).code).toBe("target_memory");
});

test("an operation keeps the code with its reason, through its record", () => {
  const order = { id: "op-1", origin: "plan", strategy: "slots", planId: "p-1-1" } as const;
  const moves = [{ slotId: 1, fromGroupId: 1, toGroupId: 2, keys: 0, bytes: 0 }];
  const speed = { keysPerSecond: 0, bytesPerSecond: 0, p99GuardMs: 0 };
  const made = createOperation({ ...order, moves, speed, bigKeyRule: "move" }, 1, "made");
  const running = beginOperation(made, 2);
  const full = selfPauseOperation(running, { text: "full", code: "target_memory" }, 3);
  const read = decodeOperation(JSON.parse(encodeOperation(full)), "test", "op-1");
  expect(read).toMatchObject({ reason: "full", reasonCode: "target_memory", isSelfPaused: true });
  const late = hinderOperation(goOnOperation(read, 4), { text: "late", code: "replicas" }, 5);
  expect(late).toMatchObject({ reason: "late", reasonCode: "replicas" });
  // As an earlier release wrote it: a reason without a code.
  const { reasonCode, ...older } = late;
  const from32 = decodeOperation(JSON.parse(encodeOperation(older)), "test", "op-1");
  expect([reasonCode, from32.reason, from32.reasonCode]).toEqual(["replicas", "late", undefined]);
});

test("the console has an advice for each", () => {
  for (const code of TROUBLE_CODES) {
    expect(Object.hasOwn(catalogue, `operations.advice.${code}`)).toBe(true);
  }
});
