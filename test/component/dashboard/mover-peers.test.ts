/**
 * Several movers work on one pair of servers at once: that of a dashboard that is being replaced, and those of
 * proxies, imitated by MIGRATEs of single keys with commands for the key right behind. Nothing is lost or doubled.
 */
import { afterEach, expect, test } from "bun:test";
import { type ChildProcess, spawn } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { RedisClient } from "../../../src/redis/client.ts";
import { replyTextOf } from "../../../src/redis/server-error.ts";
import { waitFor, withDeadline } from "../../support/deadline.ts";
import {
  ALL_SLOTS,
  CALM_LIMITS,
  callAll,
  checkAllArrived,
  fillKeys,
  type MoverPair,
  paceOf,
  sizeOf,
  startPair,
  troublesOf,
} from "../../support/mover-pair.ts";
import { PATIENT } from "../../support/patience.ts";
import { printSeed, Random, SEED } from "../../support/seed.ts";

printSeed("mover-peers");

const SCRIPT = join(
  dirname(fileURLToPath(import.meta.url)),
  "..",
  "..",
  "support",
  "mover-script.ts",
);
const WAIT_MS = 40_000;

let pair: MoverPair | undefined;
const children: ChildProcess[] = [];

afterEach(async () => {
  for (const child of children.splice(0)) {
    child.kill("SIGKILL");
  }
  await pair?.close();
  pair = undefined;
});

interface ScriptedMover {
  output(): string;
  kill(): Promise<void>;
}

function startScript({ source, target }: MoverPair, epoch: number, speed: number): ScriptedMover {
  const args = ["--no-env-file", SCRIPT, source.addr, target.addr, `${epoch}`, `${speed}`];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  children.push(child);
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => {
    output = (output + chunk.toString()).slice(-1_000);
  });
  return {
    output: () => output,
    async kill() {
      const gone = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGKILL");
      await withDeadline("end of the mover", WAIT_MS, gone);
    },
  };
}

test("a mover that is killed and its successor, for a while at the same time", async () => {
  pair = await startPair();
  const names = await fillKeys(pair.atSource, "key", 8_000);
  // So slow that it isn't done before the second one has begun, however long that takes to start.
  const first = startScript(pair, 1, 150);
  await waitFor("moved keys", WAIT_MS, () =>
    /moved [1-9]/.test(first.output()) ? true : undefined,
  );
  const second = startScript(pair, 2, 2_000);
  await waitFor("moved keys", WAIT_MS, () =>
    /moved [1-9]/.test(second.output()) ? true : undefined,
  );
  await first.kill();
  await waitFor("end of the move", WAIT_MS, () =>
    second.output().includes("emptied") ? true : undefined,
  );
  await checkAllArrived(pair, names);
}, 120_000);

/** What a proxy does before a command runs at the target: makes sure that the source doesn't have the key. */
async function fetchKey(at: ProxyLinks, key: string, port: number): Promise<void> {
  const { source, target } = at;
  try {
    // Longer than a stall of the machine: a proxy that is in doubt would have to hold the key.
    await source.call(["MIGRATE", "127.0.0.1", `${port}`, key, "0", "15000"]);
  } catch (thrown) {
    if (!(replyTextOf(thrown) ?? "").includes("BUSYKEY")) {
      throw thrown;
    }
    await target.call(["EXISTS", key]);
    await source.call(["UNLINK", key]);
  }
}

interface ProxyLinks {
  readonly source: RedisClient;
  readonly target: RedisClient;
}

test("proxies move single keys and count in them: every count arrives", async () => {
  pair = await startPair();
  const { source, target, atSource, atTarget } = pair;
  const KEYS = 3_000;
  const COUNTED_MIN = 100;
  const names = Array.from({ length: KEYS }, (_, index) => `counter:${index}`);
  await callAll(
    atSource,
    names.map((name) => ["SET", name, "1000"]),
  );
  const counts = new Map<string, number>();
  const pace = paceOf(2_000);
  let granted = 0;
  const recorded = pair.startMover({
    limits: () => CALM_LIMITS,
    pace: {
      // The last keys wait until proxies have counted in some, so that there is always work for both.
      take(keys, bytes) {
        if (granted > KEYS / 2 && counts.size <= COUNTED_MIN) {
          return 10;
        }
        const waitMs = pace.take(keys, bytes);
        granted += waitMs === 0 ? keys : 0;
        return waitMs;
      },
    },
  });
  const { mover, emptied, log } = recorded;
  mover.add(ALL_SLOTS);
  let isRunning = true;
  const proxies = Array.from({ length: 3 }, async (_, index) => {
    const name = `codis-mover-proxy-test-${index}`;
    const links = {
      source: await RedisClient.connect({ ...PATIENT, addr: source.addr, name }),
      target: await RedisClient.connect({ ...PATIENT, addr: target.addr, name }),
    };
    const random = new Random(SEED + index);
    while (isRunning) {
      const key = random.pick(names);
      await fetchKey(links, key, target.port);
      await links.target.call(["INCR", key]);
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    links.source.close();
    links.target.close();
  });
  await emptied(ALL_SLOTS);
  isRunning = false;
  await Promise.all(proxies);
  expect(await sizeOf(atSource)).toBe(0);
  expect(await sizeOf(atTarget)).toBe(KEYS);
  const wrong: string[] = [];
  for (const name of names) {
    const value = await atTarget.call(["GET", name]);
    const expected = `${1_000 + (counts.get(name) ?? 0)}`;
    if (value.type !== "bulk" || value.bytes.toString() !== expected) {
      wrong.push(name);
    }
  }
  expect(wrong).toEqual([]);
  expect(troublesOf(log)).toEqual([]);
  expect(counts.size).toBeGreaterThan(COUNTED_MIN);
}, 120_000);
