/**
 * The filesystem coordinator on disks that refuse: full, read-only, or not to be touched. The disks are real
 * ones, small `tmpfs` mounts in a name space of the client process's own; root rights aren't needed.
 */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { chmodSync, writeFileSync } from "node:fs";
import { openCoordinator } from "../../src/coordinator/open.ts";
import { waitFor } from "../support/deadline.ts";
import { type TemporaryFolder, temporaryFolder } from "../support/temporary-folder.ts";
import type { PlainWrite } from "./client-command.ts";
import { spawnClient } from "./client-process.ts";
import type { CoordinatorClient } from "./coordinator-fixture.ts";
import { failure, LEASE_MS, pass, put, SOON_MS, TEST_MS } from "./suite-context.ts";

const REQUEST = {
  lockPath: "/codis3/demo/topom",
  data: "leader",
  epochPath: "/codis-ext/demo/epoch",
  leaseMs: LEASE_MS,
};

let folder: TemporaryFolder;
let client: CoordinatorClient | undefined;

beforeEach(() => {
  folder = temporaryFolder();
});

afterEach(async () => {
  await client?.kill();
  client = undefined;
  folder.remove();
});

/** Starts a client on a mount of its own, after the commands of `prepare` (`$0` is the folder). */
async function startOnMount(options: string, prepare = "true"): Promise<CoordinatorClient> {
  const script = `mount -t tmpfs -o ${options} tmpfs "$0" && ${prepare} && exec "$@"`;
  const launcher = ["unshare", "--mount", "--map-root-user", "sh", "-c", script, folder.path];
  client = await spawnClient({ kind: "filesystem", addr: folder.path, auth: "" }, launcher);
  return client;
}

function write(
  writes: readonly PlainWrite[],
  isFenced = false,
): { readonly do: "write"; readonly isFenced: boolean; readonly writes: readonly PlainWrite[] } {
  return { do: "write", isFenced, writes };
}

function nodes(count: number, data: string): readonly PlainWrite[] {
  return Array.from({ length: count }, (_, index) => ({
    path: `/a/n${String(index).padStart(3, "0")}`,
    data,
    expected: "any",
  }));
}

test(
  "a full disk: COORDINATOR_FULL, nothing is changed, and all goes on when there is room",
  async () => {
    const own = await startOnMount("size=512k");
    await own.run({ do: "lead", request: REQUEST });
    await own.run(write(nodes(20, "old")));
    await own.run(write([{ path: "/b/filler", data: "x".repeat(300_000), expected: "any" }]));
    const large = nodes(20, "y".repeat(20_000));
    const error = await failure("COORDINATOR_FULL", own.run(write(large)));
    expect(error.message).toContain("ENOSPC");
    await failure("COORDINATOR_FULL", own.run(write(large, true)));
    const read = await own.run({ do: "readChildren", path: "/a" });
    expect(read).toMatchObject(nodes(20, "old").map(({ path, data }) => ({ path, data })));
    // The signs of life need no room: a leader stays one.
    await pass(1.5 * LEASE_MS);
    expect(await own.run({ do: "held" })).toBe(true);
    await own.run({ do: "confirm" });
    await own.run(write([{ path: "/b/filler", data: null, expected: "any" }], true));
    await own.run(write(nodes(5, "y".repeat(20_000)), true));
    expect(await own.run({ do: "get", path: "/a/n004" })).toMatchObject({
      data: "y".repeat(20_000),
    });
    expect(await own.end()).toBe(0);
  },
  TEST_MS,
);

test(
  "a disk without free inodes, and one that is full from the start, say the same",
  async () => {
    const own = await startOnMount("size=512k,nr_inodes=40");
    const error = await failure("COORDINATOR_FULL", own.run(write(nodes(60, "x"))));
    expect(error.message).toContain("ENOSPC");
    expect(await own.run({ do: "list", path: "/a" })).toEqual([]);
    await own.run(write(nodes(5, "x")));
    await own.kill();
    const late = await startOnMount(
      "size=64k",
      'dd if=/dev/zero of="$0/filler" bs=1k 2>/dev/null || true',
    );
    await failure("COORDINATOR_FULL", late.run(write(nodes(1, "x"))));
    await failure("COORDINATOR_FULL", late.run({ do: "lead", request: REQUEST }));
    await late.run({ do: "register", path: "/jodis/demo/proxy-1", data: "1", ttlMs: LEASE_MS });
    await waitFor("problem", SOON_MS, () => late.events().find((one) => one.event === "problem"));
    expect(late.events()[0]?.text).toContain("full");
    expect(await late.run({ do: "registered" })).toBe(false);
    expect(await late.end()).toBe(0);
  },
  TEST_MS,
);

test(
  "a read-only disk can be read; changes are COORDINATOR_REFUSED",
  async () => {
    const prepare = [
      'mkdir -p "$0/data/codis3/demo/slots"',
      'printf one > "$0/data/codis3/demo/slots/slot-0001"',
      'mount -o remount,ro "$0"',
    ].join(" && ");
    const own = await startOnMount("size=512k", prepare);
    expect(await own.run({ do: "list", path: "/codis3/demo/slots" })).toEqual(["slot-0001"]);
    const path = "/codis3/demo/slots/slot-0001";
    expect(await own.run({ do: "get", path })).toMatchObject({ data: "one" });
    const error = await failure("COORDINATOR_REFUSED", own.run(write(nodes(1, "x"))));
    expect(error.message).toContain("EROFS");
    await failure("COORDINATOR_REFUSED", own.run({ do: "lead", request: REQUEST }));
    await own.run({ do: "register", path: "/jodis/demo/proxy-1", data: "1", ttlMs: LEASE_MS });
    await waitFor("problem", SOON_MS, () => own.events().find((one) => one.event === "problem"));
    expect(await own.end()).toBe(0);
  },
  TEST_MS,
);

test(
  "files that may not be read or written are COORDINATOR_REFUSED, by name",
  async () => {
    const owner = await openCoordinator({ kind: "filesystem", addr: folder.path, auth: "" });
    await put(owner, "/a/n000", "secret");
    await put(owner, "/b/x", "1");
    await owner.close();
    const file = folder.join("data/a/n000");
    chmodSync(file, 0o000);
    chmodSync(folder.path, 0o755);
    chmodSync(folder.join("data.lck"), 0o444);
    // Rights don't bind root unless it gives up those capabilities; for others the modes are enough.
    const isRoot = process.getuid?.() === 0;
    const launcher = isRoot ? ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] : [];
    client = await spawnClient({ kind: "filesystem", addr: folder.path, auth: "" }, launcher);
    const unreadable = await failure(
      "COORDINATOR_REFUSED",
      client.run({ do: "get", path: "/a/n000" }),
    );
    expect(unreadable.message).toContain(file);
    await failure("COORDINATOR_REFUSED", client.run({ do: "readChildren", path: "/a" }));
    expect(await client.run({ do: "list", path: "/a" })).toEqual(["n000"]);
    const unwritable = await failure("COORDINATOR_REFUSED", client.run(write(nodes(1, "x"))));
    expect(unwritable.message).toContain("data.lck");
    expect(await client.end()).toBe(0);
  },
  TEST_MS,
);

test("a root that can't be a folder is named", async () => {
  const file = folder.join("file");
  writeFileSync(file, "x");
  const coordinator = await openCoordinator({ kind: "filesystem", addr: file, auth: "" });
  const error = await failure("COORDINATOR_UNREACHABLE", put(coordinator, "/a/b", "1"));
  expect(error.message).toContain(file);
  await coordinator.close();
});
