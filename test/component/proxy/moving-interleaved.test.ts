/**
 * A mover between two fake servers that answer when the test says, and whose transfers are lost as it says: what goes
 * when, and that nothing is used, sent twice or unlinked that mayn't be, in whatever order things happen.
 */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { KeyMover } from "../../../src/proxy/mover/key-mover.ts";
import { KnownKeys } from "../../../src/proxy/mover/known-keys.ts";
import { MovingSlot } from "../../../src/proxy/mover/moving-slot.ts";
import { MoveStats } from "../../../src/proxy/stats/move-stats.ts";
import { waitFor } from "../../support/deadline.ts";
import { FakeMigratePair, type MigrateFault } from "../../support/fake-migrate-pair.ts";
import { printSeed, Random, SEED } from "../../support/seed.ts";

printSeed("moving-interleaved");

const WAIT_MS = 30_000;
const SETTINGS = {
  name: "codis-mover-test",
  user: "",
  password: "",
  dialTimeoutMs: 10_000,
  ioTimeoutMs: 60_000,
};

let pair: FakeMigratePair;
let mover: KeyMover;
let slots: MovingSlot[];
let sure: string[];
let ticker: NodeJS.Timeout | undefined;

beforeEach(async () => {
  pair = await FakeMigratePair.start();
  sure = [];
  mover = new KeyMover(pair.source.addr, pair.target.addr, SETTINGS, new MoveStats(), {
    onDoubt: () => undefined,
    onTrouble: () => undefined,
    onProgress: () => undefined,
  });
  const known = new KnownKeys();
  slots = Array.from({ length: 4 }, (_, id) => new MovingSlot(id, mover, known));
});

afterEach(async () => {
  clearInterval(ticker);
  ticker = undefined;
  mover.close();
  await pair.close();
});

/** Keys of slot 0, one wish each. */
function want(...ids: readonly string[]): void {
  for (const id of ids) wantIn(0, id);
}

function wantIn(slotId: number, id: string): void {
  const [db = "", name = ""] = id.split(":");
  (slots[slotId] as MovingSlot).want(Number(db), Buffer.from(name), {
    isWaiting: true,
    onKeySure: () => {
      sure.push(id);
      if (pair.atSource.has(id)) pair.violations.push(`${id} is used, and the source has it`);
      for (const ids of pair.late.values()) {
        if (ids.includes(id)) pair.violations.push(`${id} is used, and may still arrive`);
      }
    },
    onKeyRefused: ({ text }) => void pair.violations.push(text),
    onKeyFailed: (cause) => void pair.violations.push(cause),
  });
}

/** Both servers connected, nothing in doubt. */
async function ready(): Promise<void> {
  want("0:first");
  answering();
  await allSure(1);
  silent();
  sure = [];
}

/** The source answers every now and then. */
function answering(): void {
  ticker ??= setInterval(() => pair.answer(), 2);
}

function silent(): void {
  clearInterval(ticker);
  ticker = undefined;
}

async function allSure(count: number): Promise<void> {
  await waitFor(`${count} keys`, WAIT_MS, () => sure.length >= count || undefined);
}

/** So many MIGRATEs have come, that of `ready` not counted. */
async function came(count: number): Promise<readonly string[]> {
  await waitFor("transfers", WAIT_MS, () => pair.migrates.length > count || undefined);
  return pair.migrates.slice(1);
}

async function someTurns(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 30));
}

describe("all is well", () => {
  test("what is wanted while a transfer is under way goes in the next one, each key once", async () => {
    pair.atSource.add("0:a").add("0:b");
    await ready();
    want("0:a");
    expect(await came(1)).toEqual(["0:a"]);
    want("0:b", "0:a");
    await someTurns();
    want("0:c");
    await someTurns();
    expect(await came(1)).toEqual(["0:a"]);
    answering();
    await allSure(4);
    expect(pair.migrates.slice(2)).toEqual(["0:b,0:c"]);
    expect(sure.filter((id) => id === "0:a")).toHaveLength(2);
    expect(pair.violations).toEqual([]);
    expect([...pair.atTarget]).toEqual(["0:a", "0:b"]);
  });

  test("databases that weren't used before keep their commands apart", async () => {
    pair.atSource.add("1:a").add("0:a").add("2:a");
    await ready();
    want("1:a", "0:a", "2:a");
    // In the middle of the first question for database 1.
    await someTurns();
    want("0:b");
    answering();
    await allSure(4);
    expect(pair.violations).toEqual([]);
    expect([...pair.atTarget].toSorted()).toEqual(["0:a", "1:a", "2:a"]);
  });
});

describe("a transfer", () => {
  test.each(["lost", "half"] as const)(
    "that is %s: nothing of it is used, and nothing else sent, before it can't arrive any more",
    async (fault) => {
      pair.atSource.add("0:a").add("0:b");
      await ready();
      pair.faultOf = () => fault;
      want("0:a", "0:b");
      await came(1);
      pair.faultOf = () => undefined;
      want("0:c");
      answering();
      await waitFor("the cut", WAIT_MS, () => pair.late.size === 0 || undefined);
      expect(sure).toEqual([]);
      expect(pair.migrates).toHaveLength(2);
      await allSure(3);
      expect(pair.violations).toEqual([]);
    },
    60_000,
  );

  test("whose connection is lost stays under way until it can't be carried out", async () => {
    pair.atSource.add("0:a").add("0:b");
    await ready();
    pair.faultOf = () => "cut";
    wantIn(1, "0:a");
    wantIn(2, "0:b");
    await came(1);
    expect(mover.slotsUnderWay.map(({ id }) => id)).toEqual([1, 2]);
    pair.faultOf = () => undefined;
    pair.answer();
    await waitFor("the loss", WAIT_MS, () => mover.trouble?.includes("closed") || undefined);
    expect(mover.slotsUnderWay.map(({ id }) => id)).toEqual([1, 2]);
    answering();
    await allSure(2);
    expect(pair.source.requests("CLIENT").some(({ argv }) => `${argv[1]}` === "KILL")).toBe(true);
    expect(mover.slotsUnderWay).toEqual([]);
    expect(pair.violations).toEqual([]);
  }, 60_000);

  test("that meets copies on both sides unlinks those of the source", async () => {
    pair.atSource.add("0:a").add("0:b");
    pair.atTarget.add("0:a");
    await ready();
    want("0:a", "0:b");
    answering();
    await allSure(2);
    expect([...pair.atSource]).toEqual([]);
    expect(pair.violations).toEqual([]);
  });

  test("isn't trusted when the target was started anew before its copies were confirmed", async () => {
    pair.replicas = 1;
    pair.atSource.add("0:a").add("0:b");
    await ready();
    want("0:a");
    await came(1);
    pair.restartTarget();
    await someTurns();
    want("0:b");
    answering();
    await allSure(2);
    expect(pair.violations).toEqual([]);
    expect([...pair.atTarget].toSorted()).toEqual(["0:a", "0:b"]);
  }, 60_000);
});

test("any order of wishes, answers and faults: no key lost, used too early or sent twice", async () => {
  const random = new Random(SEED);
  const faults: (MigrateFault | undefined)[] = ["lost", "cut", "half"];
  pair.replicas = random.below(2);
  const ids = Array.from({ length: 400 }, (_, i) => `${random.pick([0, 0, 0, 1, 2])}:k${i}`);
  for (const id of ids) {
    if (random.chance(0.8)) pair.atSource.add(id);
    if (random.chance(0.1)) pair.atTarget.add(id);
  }
  const all = new Set([...pair.atSource, ...pair.atTarget]);
  const faulty = new Set(Array.from({ length: 3 }, () => 5 + random.below(60)));
  let count = 0;
  pair.faultOf = () => (faulty.has(count++) ? faults.pop() : undefined);
  let wanted = 0;
  for (const id of ids) {
    for (let again = random.below(3); again >= 0; again--) {
      wantIn(Number(id.split(":")[0]), id);
      wanted++;
    }
    if (random.chance(0.3)) await new Promise((resolve) => setTimeout(resolve, random.below(3)));
    if (random.chance(0.3)) pair.answer();
  }
  answering();
  await allSure(wanted);
  expect(pair.violations).toEqual([]);
  expect([...pair.atSource]).toEqual([]);
  expect([...all].filter((id) => !pair.atTarget.has(id))).toEqual([]);
}, 90_000);
