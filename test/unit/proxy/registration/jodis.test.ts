/**
 * Registration for applications on the memory coordinator: made when the proxy goes online, made again after
 * a lost session, removed at the end, and never a reason to wait or to throw.
 */
import { beforeEach, describe, expect, test } from "bun:test";
import { createLog } from "../../../../src/base/log.ts";
import {
  createMemoryStore,
  type MemoryStore,
} from "../../../../src/coordinator/memory/memory-store.ts";
import type { CoordinatorOptions } from "../../../../src/coordinator/open.ts";
import { encodeJodisRecord, jodisPath } from "../../../../src/model/jodis-record.ts";
import { defaultProxyConfig, type ProxyConfig } from "../../../../src/proxy/config.ts";
import { type Jodis, openJodis } from "../../../../src/proxy/registration/jodis.ts";
import { recordedModel, TOKEN } from "../../../support/admin-port.ts";
import { waitFor } from "../../../support/deadline.ts";

const PATH = jodisPath("demo", TOKEN, false);
const MODEL = { ...recordedModel("127.0.0.1:11080"), jodisPath: PATH };
const CONFIG = defaultProxyConfig({
  jodisName: "zookeeper",
  jodisAddr: "z1:2181,z2:2181",
  jodisAuth: "me:s3cret",
  jodisTimeoutMs: 5000,
});

let store: MemoryStore;
let asked: CoordinatorOptions | undefined;
let lines: string[];

beforeEach(() => {
  store = createMemoryStore();
  asked = undefined;
  lines = [];
});

async function open(config: ProxyConfig = CONFIG): Promise<Jodis> {
  const sink = {
    write: (line: string) => void lines.push(line),
    close: () => Promise.resolve(),
  };
  return openJodis({
    config,
    model: MODEL,
    log: await createLog({ component: "proxy", level: "info", sink }),
    open: async (options) => {
      asked = options;
      return store.open();
    },
    leavePauseMs: 0,
  });
}

const node = () => store.get(PATH)?.data;
const nodeIsThere = () => (node() === undefined ? undefined : true);
const nodeIsGone = () => (node() === undefined ? true : undefined);

describe("a registration", () => {
  test("connects as the keys say, and writes nothing before the proxy is online", async () => {
    const jodis = await open();
    expect(asked).toMatchObject({
      kind: "zookeeper",
      addr: "z1:2181,z2:2181",
      auth: "me:s3cret",
      sessionTimeoutMs: 5000,
    });
    await Promise.resolve();
    expect(node()).toBeUndefined();
    jodis.start();
    jodis.start();
    await waitFor("the node", 10_000, nodeIsThere);
    expect(node()).toBe(encodeJodisRecord(MODEL));
    await jodis.close();
    expect(node()).toBeUndefined();
    expect(lines.join("")).not.toContain("s3cret");
  });

  test("comes back when somebody deletes it", async () => {
    const jodis = await open();
    jodis.start();
    await waitFor("the node", 10_000, nodeIsThere);
    await store.open().write([{ path: PATH, data: undefined, expected: "any" }]);
    await waitFor("the node again", 10_000, nodeIsThere);
    await jodis.close();
  });

  test("is made as soon as a coordinator that was down at the start is there", async () => {
    store.setDown(true);
    const jodis = await open();
    jodis.start();
    await Promise.resolve();
    expect(node()).toBeUndefined();
    store.setDown(false);
    await waitFor("the node", 10_000, nodeIsThere);
    await jodis.close();
    await waitFor("its end", 10_000, nodeIsGone);
  });

  test("closing with the coordinator down ends within its bound", async () => {
    const jodis = await open();
    jodis.start();
    await waitFor("the node", 10_000, nodeIsThere);
    store.setDown(true);
    await jodis.close();
    await jodis.close();
    jodis.start();
    store.setDown(false);
  });

  test("a node that can't be written is told in the log and throws nothing", async () => {
    const jodis = await openJodis({
      config: CONFIG,
      model: { ...MODEL, jodisPath: "not-a-path" },
      log: await createLog({
        component: "proxy",
        level: "info",
        sink: { write: (line) => void lines.push(line), close: () => Promise.resolve() },
      }),
      open: async () => store.open(),
      leavePauseMs: 0,
    });
    jodis.start();
    expect(lines.join("")).toContain('"event":"jodis.failed"');
    await jodis.close();
  });
});
