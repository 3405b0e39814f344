/**
 * What a dashboard of ours asks a proxy for beside the statistics of Codis: bytes of clients, keys moved on access, and
 * the latencies of commands as counts that can be merged. Nobody else is told them.
 */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { decodeLatencies, LATENCY_LAYOUT } from "../../../src/api/latency-text.ts";
import { STATS_FLAG, STATS_HEADER } from "../../../src/api/proxy-route.ts";
import type { ProxyStatsJson } from "../../../src/api/proxy-stats.ts";
import { NO_MOVES } from "../../../src/proxy/stats/move-stats.ts";
import { AdminPort } from "../../support/admin-port.ts";
import { bucketsOf, snapshotOf } from "../../support/fake-proxy-control.ts";

let admin: AdminPort;

beforeEach(async () => {
  admin = new AdminPort();
  await admin.start();
  const get = { name: "GET", calls: 3, usecs: 690, fails: 0, redisErrors: 0 };
  admin.control.snapshot = snapshotOf({
    bytes: { received: 300, sent: 900, buffered: 0 },
    moves: { ...NO_MOVES, keysMoved: 12 },
    commands: [{ ...get, buckets: bucketsOf(100, 110, 480) }],
  });
});

afterEach(() => admin.close());

async function stats(headers?: Readonly<Record<string, string>>): Promise<ProxyStatsJson> {
  const answer = await admin.get(`/api/proxy/stats/${admin.xauth}`, headers);
  expect(answer.status).toBe(200);
  return answer.json() as ProxyStatsJson;
}

test("the header adds commands with their latencies, bytes, and keys moved", async () => {
  const flags = STATS_FLAG.commands | STATS_FLAG.latencies;
  const { ops, bytes, moved_keys: moved } = await stats({ [STATS_HEADER]: String(flags) });
  expect([bytes, moved, ops.layout]).toEqual([{ in: 300, out: 900 }, 12, LATENCY_LAYOUT]);
  const [get] = ops.cmd ?? [];
  expect(get).toMatchObject({ opstr: "GET", calls: 3 });
  expect(decodeLatencies(get?.latencies ?? "?")).toEqual(
    Float64Array.from(bucketsOf(100, 110, 480)),
  );
});

test("without it, or with one that isn't a number, the answer is that of Codis", async () => {
  for (const headers of [{}, { [STATS_HEADER]: "all" }, { [STATS_HEADER]: "-9" }]) {
    const { ops, bytes, moved_keys: moved } = await stats(headers);
    expect([headers, ops.cmd, ops.layout, bytes, moved]).toEqual([
      headers,
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  }
});

test("the overview, which people read, has the commands without their counts", async () => {
  const { ops, bytes } = (await admin.get("/proxy/stats")).json() as ProxyStatsJson;
  expect([ops.cmd?.[0]?.opstr, ops.cmd?.[0]?.latencies, bytes]).toEqual([
    "GET",
    undefined,
    undefined,
  ]);
});
