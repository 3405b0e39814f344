/**
 * What the filesystem coordinator stores, and what it makes of files that others have put there: the layout
 * of the original, its lock, hand-made nodes, and things that are no nodes at all.
 */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { spawn, spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { dirname, relative } from "node:path";
import type { Coordinator } from "../../src/coordinator/coordinator.ts";
import { openCoordinator } from "../../src/coordinator/open.ts";
import { waitFor, withDeadline } from "../support/deadline.ts";
import { memoryFolder, type TemporaryFolder } from "../support/temporary-folder.ts";
import { failure, OPERATION_MS, OPERATION_SLACK_MS, put, SOON_MS } from "./suite-context.ts";

let folder: TemporaryFolder;
let coordinator: Coordinator;

async function open(operationTimeoutMs = 10_000): Promise<Coordinator> {
  return openCoordinator({ kind: "filesystem", addr: folder.path, auth: "", operationTimeoutMs });
}

/** Writes a file as the original does: new file in `temp`, then renamed into `data`. */
function writeAsOriginal(path: string, text: string | Uint8Array): void {
  const file = folder.join("data", path);
  mkdirSync(folder.join("temp"), { recursive: true });
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(folder.join("temp", "original-1"), text);
  renameSync(folder.join("temp", "original-1"), file);
}

beforeEach(async () => {
  folder = memoryFolder();
  coordinator = await open();
});

afterEach(async () => {
  await coordinator.close();
  folder.remove();
});

describe("files", () => {
  test("a node is a file with exactly its text, below data; nothing else is left", async () => {
    const text = '{\n    "id": 1,\n    "servers": []\n}';
    await put(coordinator, "/codis3/demo/group/group-0001", text);
    expect(readFileSync(folder.join("data/codis3/demo/group/group-0001"), "utf8")).toBe(text);
    expect(readdirSync(folder.path).sort()).toEqual(["codis-ext", "data", "data.lck", "temp"]);
    expect(readdirSync(folder.join("temp"))).toEqual([]);
    expect(statSync(folder.join("data/codis3/demo/group/group-0001")).mode & 0o777).toBe(0o600);
    await coordinator.close();
    expect(readdirSync(folder.join("codis-ext/alive"))).toEqual([]);
  });

  test("reading makes nothing, and a root that isn't there is empty", async () => {
    folder.remove();
    expect(await coordinator.list("/codis3")).toEqual([]);
    expect(await coordinator.get("/codis3/demo/topom")).toBeUndefined();
    expect(existsSync(folder.path)).toBe(false);
    await put(coordinator, "/codis3/demo/sentinel", "{}");
    expect(await coordinator.list("/codis3/demo")).toEqual(["sentinel"]);
  });

  test("a relative root is one of the folder at the start; an empty one is refused", async () => {
    const addr = relative(process.cwd(), folder.path);
    const other = await openCoordinator({ kind: "filesystem", addr, auth: "" });
    await put(other, "/a/b", "1");
    expect((await coordinator.get("/a/b"))?.data).toBe("1");
    expect(other.label).toBe(`filesystem ${folder.path}`);
    await other.close();
    const empty = openCoordinator({ kind: "filesystem", addr: "", auth: "" });
    await failure("ARGUMENT_INVALID", empty);
  });

  test("the whole folder may be removed under way", async () => {
    const leadership = await coordinator.lead({
      lockPath: "/codis3/demo/topom",
      data: "leader",
      epochPath: "/codis-ext/demo/epoch",
      leaseMs: 2_000,
    });
    const registration = coordinator.register("/jodis/demo/proxy-1", "one", { ttlMs: 1_000 });
    await waitFor("node", SOON_MS, () => registration.isRegistered() || undefined);
    rmSync(folder.path, { recursive: true });
    await withDeadline("loss", SOON_MS, leadership.lost);
    await waitFor("node again", SOON_MS, async () => coordinator.get("/jodis/demo/proxy-1"));
    await put(coordinator, "/codis3/demo/slots/slot-0001", "{}");
    expect(await coordinator.list("/codis3/demo/slots")).toEqual(["slot-0001"]);
  });
});

describe("files of others", () => {
  test("what the original writes is read, watched, and replaced by its version", async () => {
    writeAsOriginal("codis3/demo/slots/slot-0001", "old");
    const node = await coordinator.get("/codis3/demo/slots/slot-0001");
    expect(node?.data).toBe("old");
    let calls = 0;
    coordinator.watch("/codis3/demo/slots", () => {
      calls += 1;
    });
    writeAsOriginal("codis3/demo/slots/slot-0001", "changed");
    await waitFor("call", SOON_MS, () => calls > 0 || undefined);
    const late = coordinator.write([
      { path: "/codis3/demo/slots/slot-0001", data: "x", expected: node?.version ?? "" },
    ]);
    await failure("COORDINATOR_CONFLICT", late);
    const [changed] = await coordinator.readChildren("/codis3/demo/slots");
    expect(changed?.data).toBe("changed");
    const expected = changed?.version ?? "";
    await coordinator.write([{ path: "/codis3/demo/slots/slot-0001", data: "ours", expected }]);
    expect(readFileSync(folder.join("data/codis3/demo/slots/slot-0001"), "utf8")).toBe("ours");
  });

  test("a file that an editor overwrites in place is a change too", async () => {
    await put(coordinator, "/a/x", "one");
    const version = (await coordinator.get("/a/x"))?.version;
    let calls = 0;
    coordinator.watch("/a", () => {
      calls += 1;
    });
    writeFileSync(folder.join("data/a/x"), "two");
    await waitFor("call", SOON_MS, () => calls > 0 || undefined);
    expect((await coordinator.get("/a/x"))?.version).not.toBe(version ?? "");
  });

  test("bytes that aren't UTF-8 are shown with a mark, and can be replaced and deleted", async () => {
    writeAsOriginal("codis3/demo/slots/slot-0001", Buffer.from([0x7b, 0xff, 0xfe, 0x00, 0x80]));
    await put(coordinator, "/codis3/demo/slots/slot-0002", "good");
    const nodes = await coordinator.readChildren("/codis3/demo/slots");
    expect(nodes.map((node) => node.data)).toEqual(["{\ufffd\ufffd\u0000\ufffd", "good"]);
    const path = "/codis3/demo/slots/slot-0001";
    await coordinator.write([{ path, data: "mended", expected: nodes[0]?.version ?? "" }]);
    expect((await coordinator.get(path))?.data).toBe("mended");
  });

  test("pipes, loops, folders and huge files are no nodes, and stop nobody", async () => {
    await put(coordinator, "/a/good", "good");
    spawnSync("mkfifo", [folder.join("data/a/pipe")]);
    symlinkSync(folder.join("data/a/good"), folder.join("data/a/link"));
    mkdirSync(folder.join("data/a/folder/inner"), { recursive: true });
    expect((await coordinator.readChildren("/a")).map((node) => node.path)).toEqual([
      "/a/good",
      "/a/link",
    ]);
    expect(await coordinator.get("/a/pipe")).toBeUndefined();
    writeFileSync(folder.join("data/a/huge"), "");
    truncateSync(folder.join("data/a/huge"), 50_000_000_000);
    await failure("COORDINATOR_REFUSED", coordinator.get("/a/huge"));
    rmSync(folder.join("data/a/huge"));
    symlinkSync("loop", folder.join("data/a/loop"));
    const error = await failure("COORDINATOR_UNREACHABLE", coordinator.get("/a/loop"));
    expect(error.message).toContain("ELOOP");
    expect((await coordinator.get("/a/good"))?.data).toBe("good");
  });

  test("a node with a text can't have children, nor one with children a text", async () => {
    await put(coordinator, "/a/b", "text");
    const child = await failure("COORDINATOR_CONFLICT", put(coordinator, "/a/b/c/d", "x"));
    expect(child.message).toContain("children");
    const parent = await failure("COORDINATOR_CONFLICT", put(coordinator, "/a", "x"));
    expect(parent.message).toContain("children");
    expect((await coordinator.get("/a/b"))?.data).toBe("text");
    expect(await coordinator.get("/a/b/c")).toBeUndefined();
    expect(await coordinator.list("/a/b")).toEqual([]);
    await coordinator.write([{ path: "/a/b", data: undefined, expected: "any" }]);
    await put(coordinator, "/a", "an inner node that was left empty gives way");
    expect((await coordinator.get("/a"))?.data).toContain("gives way");
    expect(readdirSync(folder.join("temp"))).toEqual([]);
  });

  test("temporary files of the original, and of unknown programs, are left alone", async () => {
    mkdirSync(folder.join("temp"), { recursive: true });
    writeFileSync(folder.join("temp", "123456789"), "half");
    await put(coordinator, "/a/b", "1");
    expect(readdirSync(folder.join("temp"))).toEqual(["123456789"]);
  });

  test("garbage instead of the epoch is named, and nobody leads", async () => {
    await put(coordinator, "/codis-ext/demo/epoch", "seven");
    const request = {
      lockPath: "/codis3/demo/topom",
      data: "leader",
      epochPath: "/codis-ext/demo/epoch",
      leaseMs: 2_000,
    };
    const error = await failure("MODEL_INVALID", coordinator.lead(request));
    expect(error.message).toContain("codis-ext/demo/epoch");
    expect(await coordinator.get("/codis3/demo/topom")).toBeUndefined();
    await put(coordinator, "/codis-ext/demo/epoch", "7\n");
    expect((await coordinator.lead(request)).epoch).toBe(8);
  });
});

describe("the lock of the original", () => {
  test("is waited for up to the bound; reading needs none", async () => {
    const impatient = await open(OPERATION_MS);
    await put(impatient, "/a/b", "1");
    const other = spawn("flock", [folder.join("data.lck"), "sh", "-c", "echo locked; cat"], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    const ended = new Promise((resolve) => other.once("close", resolve));
    try {
      await withDeadline(
        "lock",
        SOON_MS,
        new Promise((resolve) => other.stdout.once("data", resolve)),
      );
      const boundMs = OPERATION_MS + OPERATION_SLACK_MS;
      const refused = withDeadline("failure", boundMs, put(impatient, "/a/b", "2"));
      const error = await failure("COORDINATOR_UNREACHABLE", refused);
      expect(error.message).toContain("data.lck");
      expect((await impatient.get("/a/b"))?.data).toBe("1");
      expect(await impatient.list("/a")).toEqual(["b"]);
      const waiting = put(coordinator, "/a/b", "3");
      other.stdin.end();
      await withDeadline("write", SOON_MS, waiting);
      expect((await impatient.get("/a/b"))?.data).toBe("3");
    } finally {
      other.kill("SIGKILL");
      await ended;
      await impatient.close();
    }
  });

  test("a leader whose lock can't be renewed because of it doesn't hold it any longer", async () => {
    const leader = await open(OPERATION_MS);
    const leaseMs = 1_000;
    const lockPath = "/codis3/demo/topom";
    const request = { lockPath, data: "x", epochPath: "/codis-ext/demo/epoch", leaseMs };
    const leadership = await leader.lead(request);
    const other = spawn("flock", [folder.join("data.lck"), "sh", "-c", "echo locked; cat"], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    const ended = new Promise((resolve) => other.once("close", resolve));
    try {
      await withDeadline("loss", SOON_MS, leadership.lost);
      await failure("LEADERSHIP_LOST", put(leadership, "/a/b", "1"));
      await withDeadline("close", OPERATION_MS + OPERATION_SLACK_MS, leader.close());
    } finally {
      other.kill("SIGKILL");
      await ended;
    }
    const next = await coordinator.lead(request);
    expect(next.epoch).toBe(leadership.epoch + 1);
  });

  test("is taken only for a moment: the original gets it between our writes", async () => {
    let isRunning = true;
    const writing = (async () => {
      for (let round = 0; isRunning; round += 1) {
        await put(coordinator, "/a/b", `${round}`);
      }
    })();
    await waitFor("the lock", SOON_MS, async () => {
      const original = spawn("flock", ["-n", folder.join("data.lck"), "true"]);
      const code = await new Promise((resolve) => original.once("close", resolve));
      return code === 0 ? true : undefined;
    });
    isRunning = false;
    await writing;
  });
});
