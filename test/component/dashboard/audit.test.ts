/**
 * The audit log of a dashboard, over its port: written before a change and completed after, kept in bounded
 * segments, readable page by page, and a condition of every change.
 */
import { afterEach, describe, expect, test } from "bun:test";
import { CodisError } from "../../../src/base/error.ts";
import { decodeSegment, SEGMENT_ENTRIES } from "../../../src/dashboard/admin/reign/audit-record.ts";
import { codeOf, DashboardPort } from "../../support/dashboard-port.ts";
import { waitFor } from "../../support/deadline.ts";
import { FakeLeader, type FakeStorage } from "../../support/fake-dashboard-control.ts";

const WAIT_MS = 20_000;

interface Entry {
  readonly seq: number;
  readonly operation: string;
  readonly state: string;
  readonly arguments: Readonly<Record<string, unknown>>;
}

interface Page {
  readonly items: readonly Entry[];
  readonly next: number | null;
}

let port: DashboardPort;

async function start(options: ConstructorParameters<typeof DashboardPort>[0] = {}): Promise<void> {
  port = await new DashboardPort(options).start();
}

afterEach(() => port.close());

async function readPage(query = ""): Promise<Page> {
  return (await port.get(`/api/v1/audit${query}`)).json() as Page;
}

/** What the coordinator has. */
function stored(storage: FakeStorage): readonly { readonly seq: number; readonly state: string }[] {
  return [...storage.nodes]
    .filter(([path]) => path.startsWith("/codis-ext/demo/audit/"))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([path, { data }]) => decodeSegment(data, path));
}

describe("one change", () => {
  test("is in the coordinator before it begins, and completed after", async () => {
    await start();
    const gate = Promise.withResolvers<void>();
    port.leader.gate = gate.promise;
    const answer = port.change("group/create/:xauth/1");
    await waitFor("entry", WAIT_MS, () =>
      stored(port.leader.storage).length > 0 ? true : undefined,
    );
    expect(stored(port.leader.storage)).toMatchObject([{ seq: 1, state: "started" }]);
    expect(port.leader.orders).toEqual([]);
    expect((await readPage()).items).toMatchObject([
      { state: "running", operation: "createGroup" },
    ]);
    gate.resolve();
    expect((await answer).status).toBe(200);
    expect(stored(port.leader.storage)).toMatchObject([{ seq: 1, state: "done" }]);
  });

  test("isn't done when its entry can't be written", async () => {
    await start();
    const { storage } = port.leader;
    await port.change("group/create/:xauth/1");
    storage.failure = new CodisError("COORDINATOR_FULL", "no space left");
    const old = await port.change("group/create/:xauth/2");
    expect([old.status, old.text.includes("no space left")]).toEqual([800, true]);
    storage.failure = undefined;
    expect(port.leader.orders).toEqual(["createGroup 1"]);
    expect((await port.change("group/create/:xauth/3")).status).toBe(200);
    expect((await readPage()).items).toMatchObject([
      { seq: 3, state: "done" },
      { seq: 2, state: "failed", error_code: "COORDINATOR_FULL" },
      { seq: 1, state: "done" },
    ]);
  });

  test("that fails is completed with code and text; what is refused before isn't there", async () => {
    await start();
    await port.call("POST", "/api/v1/groups", { id: 0 });
    await port.change("group/create/:xauth/x");
    await port.call("POST", "/api/v1/groups", { id: 5 }, { "If-Match": '"1.1"' });
    expect((await readPage()).items).toMatchObject([
      { seq: 1, state: "failed", error_code: "REVISION_OUTDATED", arguments: { id: 5 } },
    ]);
    expect(port.leader.orders).toEqual([]);
  });

  test("has arguments of bounded length", async () => {
    await start();
    port.leader.setGroup(1, ["10.0.0.1:6379"]);
    const assignments = Array.from({ length: 512 }, (_, index) => ({
      from: 2 * index,
      group_id: 1,
    }));
    expect((await port.call("PUT", "/api/v1/slots", { assignments })).status).toBe(200);
    const [entry] = (await readPage()).items;
    expect(JSON.stringify(entry?.arguments).length).toBeLessThan(3000);
    const body = Array.from({ length: 1024 }, (_, id) => ({ id, group_id: 1 }));
    await port.change("slots/assign/:xauth", body);
    expect((await readPage()).items[0]?.arguments).toEqual({ slots: { "1": "0-1023" } });
  });

  test("is in the log of the process as well", async () => {
    await start();
    await port.change("group/create/:xauth/1");
    const events = port.logged.filter((line) => String(line["event"]).startsWith("audit."));
    expect(events).toMatchObject([
      { event: "audit.begin", who: "xauth", src_ip: "127.0.0.1", operation: "createGroup" },
      { event: "audit.done", seq: 1 },
    ]);
  });
});

describe("many changes", () => {
  test("share writes, and none is lost", async () => {
    await start();
    const { storage } = port.leader;
    const write = storage.write.bind(storage);
    const gate = Promise.withResolvers<void>();
    storage.write = async (writes) => {
      await gate.promise;
      await write(writes);
    };
    const ids = Array.from({ length: 40 }, (_, index) => index + 1);
    const calls = ids.map((id) => port.change(`group/create/:xauth/${id}`));
    await waitFor("all entries", WAIT_MS, async () =>
      (await readPage("?limit=100")).items.length === ids.length ? true : undefined,
    );
    gate.resolve();
    const answers = await Promise.all(calls);
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    const entries = stored(storage);
    expect(entries.map(({ seq }) => seq)).toEqual(ids);
    expect(new Set(entries.map(({ state }) => state))).toEqual(new Set(["done"]));
    expect(storage.writes.length).toBeLessThan(40);
  });

  test("more than the limit at once are refused, and the limit is free again afterwards", async () => {
    await start();
    const gate = Promise.withResolvers<void>();
    port.leader.gate = gate.promise;
    const ids = Array.from({ length: 70 }, (_, index) => index + 1);
    let answered = 0;
    const calls = ids.map(async (id) => {
      const answer = await port.call("POST", "/api/v1/groups", { id });
      answered += 1;
      return answer;
    });
    // All that are beyond the limit: when the first one is refused, others may not have come yet.
    await waitFor("refusals", WAIT_MS, () => (answered >= 6 ? true : undefined));
    gate.resolve();
    const answers = await Promise.all(calls);
    const refused = answers.filter(({ status }) => status === 429);
    expect([refused.length, codeOf(refused[0] ?? fail())]).toEqual([6, "TOO_BUSY"]);
    expect(refused[0]?.headers["retry-after"]).toBe("1");
    expect((await port.call("POST", "/api/v1/groups", { id: 99 })).status).toBe(201);
  });

  test("are kept in bounded segments and read page by page, newest first", async () => {
    await start({ auditSegmentsMax: 3 });
    const count = 4 * SEGMENT_ENTRIES + 10;
    for (let id = 1; id <= count; id++) {
      await port.change(`group/create/:xauth/${id}`);
    }
    const paths = [...port.leader.storage.nodes.keys()];
    expect(paths).toEqual([2, 3, 4].map((n) => `/codis-ext/demo/audit/segment-000000000${n}`));
    const seqs: number[] = [];
    let page = await readPage("?limit=45");
    seqs.push(...page.items.map(({ seq }) => seq));
    while (page.next !== null) {
      page = await readPage(`?limit=45&before=${page.next}`);
      seqs.push(...page.items.map(({ seq }) => seq));
    }
    const expected = Array.from({ length: 2 * SEGMENT_ENTRIES + 10 }, (_, index) => count - index);
    expect(seqs).toEqual(expected);
  });
});

function fail(): never {
  throw new Error("nothing was refused");
}

describe("after a crash", () => {
  test("what was under way is unfinished, and the numbers go on", async () => {
    const first = new FakeLeader({ epoch: 3 });
    await start({ leader: first });
    await port.change("group/create/:xauth/1");
    const death = Promise.withResolvers<void>();
    first.gate = death.promise;
    const lost = port.change("group/create/:xauth/2");
    await waitFor("entry", WAIT_MS, () => (stored(first.storage).length === 2 ? true : undefined));

    // The next leader finds what the coordinator has.
    const next = await new DashboardPort({
      leader: new FakeLeader({ epoch: 4, storage: first.storage }),
    }).start();
    try {
      const before = (await next.get("/api/v1/audit")).json() as Page;
      expect(before.items).toMatchObject([
        { seq: 2, state: "unfinished", epoch: 3 },
        { seq: 1, state: "done" },
      ]);
      await next.change("group/create/:xauth/3");
      const after = (await next.get("/api/v1/audit")).json() as Page;
      expect(after.items.map(({ seq, state }) => [seq, state])).toEqual([
        [3, "done"],
        [2, "unfinished"],
        [1, "done"],
      ]);
    } finally {
      await next.close();
    }
    // What comes from the old leader after that isn't written any more.
    first.storage.failure = new CodisError("LEADERSHIP_LOST", "epoch 4 leads");
    death.reject(new CodisError("LEADERSHIP_LOST", "epoch 4 leads"));
    expect((await lost).status).toBe(800);
    expect(stored(first.storage)[1]).toMatchObject({ seq: 2, state: "started" });
  });

  test("a segment that is damaged is left as it is, and the log goes on in the next", async () => {
    const leader = new FakeLeader();
    const path = "/codis-ext/demo/audit/segment-0000000000";
    leader.storage.nodes.set(path, { data: "garbage", version: 1 });
    await start({ leader });
    await port.change("group/create/:xauth/1");
    expect((await readPage()).items).toMatchObject([{ seq: SEGMENT_ENTRIES + 1, state: "done" }]);
    expect(leader.storage.nodes.get(path)?.data).toBe("garbage");
    expect(port.logged.map((line) => line["event"])).toContain("audit.fault");
  });
});
