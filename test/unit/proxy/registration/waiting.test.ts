/**
 * The node of a waiting proxy on the memory coordinator: made at once or as soon as the coordinator is there,
 * removed when the proxy goes online or ends, and refused under the name of another living proxy.
 */
import { beforeEach, describe, expect, test } from "bun:test";
import type { CodisError } from "../../../../src/base/error.ts";
import { createLog } from "../../../../src/base/log.ts";
import {
  createMemoryStore,
  type MemoryStore,
} from "../../../../src/coordinator/memory/memory-store.ts";
import { jodisPath } from "../../../../src/model/jodis-record.ts";
import { encodeLegacyProxy } from "../../../../src/model/legacy-proxy-record.ts";
import { defaultProxyConfig } from "../../../../src/proxy/config.ts";
import { announceWaiting, type Waiting } from "../../../../src/proxy/registration/waiting.ts";
import { recordedModel } from "../../../support/admin-port.ts";
import { waitFor } from "../../../support/deadline.ts";
import { FakeProxy } from "../../../support/fake-proxy.ts";
import { freePort } from "../../../support/free-port.ts";

const PATH = jodisPath("demo", "proxy_1", true);
const MODEL = { ...recordedModel("127.0.0.1:11080"), jodisPath: PATH };
const CONFIG = defaultProxyConfig({
  productName: "demo",
  jodisName: "zookeeper",
  jodisAddr: "z1:2181",
  jodisCompatible: true,
});
const WAIT_MS = 10_000;

let store: MemoryStore;
let lines: string[];
let taken: CodisError | undefined;

beforeEach(() => {
  store = createMemoryStore();
  lines = [];
  taken = undefined;
});

async function announce(): Promise<Waiting> {
  const sink = {
    write: (line: string) => void lines.push(line),
    close: () => Promise.resolve(),
  };
  return announceWaiting({
    config: CONFIG,
    model: MODEL,
    name: "proxy_1",
    log: await createLog({ component: "proxy", level: "info", sink }),
    onTaken: (reason) => {
      taken = reason;
    },
    open: async () => store.open({ operationTimeoutMs: 100 }),
  });
}

const node = () => store.get(PATH)?.data;
const own = () => (node() === encodeLegacyProxy("proxy_1", "offline", MODEL) ? true : undefined);

async function leaveNode(adminAddr: string): Promise<void> {
  const data = encodeLegacyProxy("proxy_1", "offline", { ...MODEL, adminAddr });
  await store.open().write([{ path: PATH, data, expected: "any" }]);
}

describe("a waiting proxy", () => {
  test("has a node that says so, until it is closed", async () => {
    const waiting = await announce();
    await waitFor("the node", WAIT_MS, own);
    await waiting.close();
    await waiting.close();
    expect(node()).toBeUndefined();
    expect(lines.join("")).toContain("waits for: codis config proxy online proxy_1");
  });

  test("gets its node as soon as a coordinator that was down is there", async () => {
    store.setDown(true);
    const waiting = await announce();
    await waitFor("a line", WAIT_MS, () =>
      lines.join("").includes("waiting.unchecked") ? true : undefined,
    );
    store.setDown(false);
    await waitFor("the node", WAIT_MS, own);
    await waiting.close();
  });

  test("that is closed before it has a node never gets one", async () => {
    const waiting = await announce();
    await waiting.close();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(node()).toBeUndefined();
  });

  test("closing with the coordinator down ends within its bound", async () => {
    const waiting = await announce();
    await waitFor("the node", WAIT_MS, own);
    store.setDown(true);
    await waiting.close();
    store.setDown(false);
  });
});

describe("the name of another proxy", () => {
  test("that is alive ends this one, whose node stays away", async () => {
    const other = await FakeProxy.start();
    try {
      await leaveNode(other.model.adminAddr);
      const waiting = await announce();
      const reason = await waitFor("the end", WAIT_MS, () => taken);
      expect([reason.code, reason.message]).toEqual([
        "CONFIG_INVALID",
        `proxy_id proxy_1 is the name of the proxy at ${other.model.adminAddr}, which is alive; ` +
          "each proxy needs another one",
      ]);
      expect(node()).toContain(other.model.adminAddr);
      await waiting.close();
    } finally {
      await other.stop();
    }
  });

  test("that is gone is taken over", async () => {
    await leaveNode(`127.0.0.1:${await freePort()}`);
    const waiting = await announce();
    await waitFor("the node", WAIT_MS, own);
    expect(taken).toBeUndefined();
    await waiting.close();
  });

  test("is free when it is this proxy's own, from before a restart", async () => {
    await leaveNode(MODEL.adminAddr);
    const waiting = await announce();
    await waitFor("the line", WAIT_MS, () =>
      lines.join("").includes("waiting.started") ? true : undefined,
    );
    expect(taken).toBeUndefined();
    await waiting.close();
  });

  test("that is garbage is told, and taken", async () => {
    await store.open().write([{ path: PATH, data: "nonsense", expected: "any" }]);
    const waiting = await announce();
    await waitFor("the node", WAIT_MS, own);
    expect(lines.join("")).toContain("waiting.unchecked");
    await waiting.close();
  });
});
