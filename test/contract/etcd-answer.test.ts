/**
 * What etcd's coordinator makes of answers that get lost and of requests that arrive late. A relay stands
 * before a real etcd; the texts that it looks for are values as the gateway has them, in base64.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { isCodisError } from "../../src/base/error.ts";
import {
  ANY,
  type Coordinator,
  type LeadershipRequest,
} from "../../src/coordinator/coordinator.ts";
import { openEtcd } from "../../src/coordinator/etcd/etcd.ts";
import { waitFor, withDeadline } from "../support/deadline.ts";
import { type EtcdServer, startEtcd } from "../support/etcd-server.ts";
import { type HttpRelay, startHttpRelay } from "../support/http-relay.ts";
import { failure, put, SOON_MS, TEST_MS } from "./suite-context.ts";

/** Longer than a shared machine stands still: only what is held back fails. */
const OPERATION_MS = 4_000;

let server: EtcdServer;
let relay: HttpRelay;
let coordinator: Coordinator;
let direct: Coordinator;
let productCount = 0;

beforeAll(async () => {
  server = await startEtcd();
}, TEST_MS);

afterAll(() => server.stop(), TEST_MS);

beforeEach(async () => {
  relay = await startHttpRelay(server.port);
  coordinator = openEtcd({
    kind: "etcd",
    addr: relay.addr,
    auth: "",
    operationTimeoutMs: OPERATION_MS,
  });
  direct = openEtcd({ kind: "etcd", addr: server.addr, auth: "" });
});

afterEach(async () => {
  server.resume();
  await coordinator.close();
  await direct.close();
  await relay.close();
});

function newRequest(): LeadershipRequest {
  productCount += 1;
  return {
    lockPath: `/codis3/answer${productCount}/topom`,
    data: `lock ${productCount}`,
    epochPath: `/codis-ext/answer${productCount}/epoch`,
    leaseMs: 20_000,
  };
}

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}

describe('a write that crosses the quota is carried out, and answered with "no space"', () => {
  const noSpace = JSON.stringify({
    error: "etcdserver: mvcc: database space exceeded",
    code: 8,
    message: "etcdserver: mvcc: database space exceeded",
  });

  test("of a leader it is known as done, with its version, and the next one is in order", async () => {
    const leadership = await coordinator.lead(newRequest());
    const path = "/answer/full";
    relay.answerInstead(base64("the last that fits"), 429, noSpace);
    const version = await put(leadership, path, "the last that fits");
    expect(await direct.get(path)).toEqual({ path, data: "the last that fits", version });
    await leadership.write([{ path, data: "the next", expected: version }]);
    expect(leadership.isHeld()).toBe(true);
  });

  test("without a leadership it is known as done, too", async () => {
    const path = "/answer/full-unfenced";
    relay.answerInstead(base64("the last unfenced"), 429, noSpace);
    const version = await put(coordinator, path, "the last unfenced");
    expect(await direct.get(path)).toEqual({ path, data: "the last unfenced", version });
  });

  test("one that was refused before is known as not done", async () => {
    const leadership = await coordinator.lead(newRequest());
    const path = "/answer/full-refused";
    // Its condition isn't met, so the server does nothing; the answer is the same.
    relay.answerInstead(base64("never there"), 429, noSpace);
    const write = { path, data: "never there", expected: "1" };
    await failure("COORDINATOR_FULL", leadership.write([write]));
    expect(await direct.get(path)).toBeUndefined();
    await put(leadership, path, "later");
  });
});

describe("a write whose answer is lost", () => {
  test("without a leadership isn't sent again, and may have been done", async () => {
    const swallowed = relay.swallowAnswers(base64("unfenced once"), 1);
    const path = "/answer/unfenced";
    const error = await failure("COORDINATOR_UNREACHABLE", put(coordinator, path, "unfenced once"));
    expect(error.message).toContain("may have been done or not");
    await swallowed;
    expect(relay.countOf(base64("unfenced once"))).toBe(1);
    const node = await coordinator.get(path);
    expect(node?.data).toBe("unfenced once");
    await coordinator.write([{ path, data: "next", expected: node?.version ?? "" }]);
  });

  test("of a leader is done exactly once, with its version, conditions or not", async () => {
    const leadership = await coordinator.lead(newRequest());
    const path = "/answer/fenced";
    const swallowed = relay.swallowAnswers(base64("fenced once"), 2);
    const versions = await leadership.write([
      { path: `${path}/a`, data: "fenced once", expected: "absent" },
      { path: `${path}/b`, data: "beside", expected: ANY },
      { path: `${path}/c`, data: undefined, expected: ANY },
    ]);
    await swallowed;
    expect(relay.countOf(base64("fenced once"))).toBe(3);
    const nodes = await direct.readChildren(path);
    expect(nodes.map((node) => node.data)).toEqual(["fenced once", "beside"]);
    expect(versions).toEqual([...nodes.map((node) => node.version), undefined]);
    await leadership.write([{ path: `${path}/a`, data: "2", expected: versions[0] ?? "" }]);
    await leadership.confirm();
  });

  test("of a leader that gets no answer in time is unknown, and the next one is in order", async () => {
    const leadership = await coordinator.lead(newRequest());
    const path = "/answer/silence";
    void relay.swallowAnswers(base64("silence"), 1_000);
    const error = await failure("COORDINATOR_UNREACHABLE", put(leadership, path, "silence"));
    expect(error.message).not.toContain("\n");
    expect(leadership.isHeld()).toBe(true);
    const version = await put(leadership, path, "after the silence");
    expect(await direct.get(path)).toEqual({ path, data: "after the silence", version });
  });

  test("and whose condition isn't met is unknown, never a wrong conflict", async () => {
    const leadership = await coordinator.lead(newRequest());
    const path = "/answer/conflict";
    await put(direct, path, "there");
    const swallowed = relay.swallowAnswers(base64("conflict"), 1);
    const late = leadership.write([{ path, data: "conflict", expected: "absent" }]);
    await failure("COORDINATOR_UNREACHABLE", late);
    await swallowed;
    expect((await direct.get(path))?.data).toBe("there");
    const again = leadership.write([{ path, data: "conflict", expected: "absent" }]);
    await failure("COORDINATOR_CONFLICT", again);
  });
});

describe("a lock whose answer is lost", () => {
  test("is known as one's own", async () => {
    const request = newRequest();
    const swallowed = relay.swallowAnswers(base64(request.data), 1);
    const leadership = await coordinator.lead(request);
    await swallowed;
    expect(leadership.epoch).toBe(1);
    await leadership.confirm();
    await put(leadership, "/answer/lead", "1");
    await failure("LEADER_EXISTS", direct.lead(request));
  });

  test("is given back when it never comes", async () => {
    const request = newRequest();
    void relay.swallowAnswers(base64(request.data), 1_000);
    await failure("COORDINATOR_UNREACHABLE", coordinator.lead(request));
    const next = await waitFor("leadership", SOON_MS, () => direct.lead(request));
    expect(next.epoch).toBeGreaterThan(1);
  });
});

describe("a server that is paused in the middle of writes", () => {
  test(
    "each write is acknowledged or unknown, and what is there is what was tried last",
    async () => {
      const leadership = await coordinator.lead(newRequest());
      const path = "/answer/paused";
      const state = { tried: 0, unknown: 0, isStopped: false };
      const loop = (async () => {
        while (!state.isStopped) {
          state.tried += 1;
          try {
            await put(leadership, path, `${state.tried}`);
            expect((await coordinator.get(path))?.data).toBe(`${state.tried}`);
          } catch (thrown) {
            if (!isCodisError(thrown, "COORDINATOR_UNREACHABLE")) {
              throw thrown;
            }
            state.unknown += 1;
          }
        }
      })();
      for (let round = 0; round < 3; round += 1) {
        const { tried, unknown } = state;
        await waitFor("writes", SOON_MS, () => state.tried > tried + 10 || undefined);
        server.pause();
        await waitFor("unknown write", SOON_MS, () => state.unknown > unknown || undefined);
        server.resume();
      }
      const { tried } = state;
      await waitFor("writes", SOON_MS, () => state.tried > tried + 10 || undefined);
      state.isStopped = true;
      await loop;
      expect(state.unknown).toBeGreaterThanOrEqual(3);
      await leadership.confirm();
    },
    TEST_MS,
  );
});

describe("a request that arrives late", () => {
  test("of a leader fits nowhere after a newer one of the same leader", async () => {
    const leadership = await coordinator.lead(newRequest());
    const path = "/answer/late";
    await put(leadership, path, "first");
    const held = relay.hold(base64("late"));
    void relay.swallowAnswers(base64("late"), 1_000);
    await failure("COORDINATOR_UNREACHABLE", put(leadership, path, "late"));
    await withDeadline("request", SOON_MS, held.arrived);
    const version = await put(leadership, path, "newer");
    const answer = await withDeadline("answer", SOON_MS, held.deliver());
    expect(answer).toContain("200 OK");
    expect(answer).not.toContain("succeeded");
    expect(await direct.get(path)).toEqual({ path, data: "newer", version });
    await leadership.confirm();
  });

  test("of a leader that isn't one any more fits nowhere", async () => {
    const request = newRequest();
    const leadership = await coordinator.lead(request);
    const path = "/answer/old-leader";
    const held = relay.hold(base64("of the old leader"));
    const late = put(leadership, path, "of the old leader");
    await withDeadline("request", SOON_MS, held.arrived);
    await leadership.release();
    const next = await direct.lead(request);
    await put(next, path, "of the next leader");
    const answer = await withDeadline("answer", SOON_MS, held.deliver());
    expect(answer).not.toContain("succeeded");
    await failure("COORDINATOR_UNREACHABLE", late);
    expect((await direct.get(path))?.data).toBe("of the next leader");
  });
});
