/**
 * Children as the supervisor starts and ends them, with the fleet in the process of the test: what happens at
 * the start, also when it fails, and that nothing is left at the end.
 */
import { afterEach, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { createLog, type Log } from "../../../src/base/log.ts";
import { offlineSlot } from "../../../src/model/slot.ts";
import { defaultProxyConfig } from "../../../src/proxy/config.ts";
import { startChildWorkers } from "../../../src/proxy/supervisor/child-fleet.ts";
import { Fleet } from "../../../src/proxy/supervisor/fleet.ts";
import { waitFor } from "../../support/deadline.ts";
import { freePort } from "../../support/free-port.ts";
import { ask } from "../../support/running-proxy.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { isAlive } from "../../support/worker-process.ts";

const SECRET = "s3cret-of-clients";
const config = defaultProxyConfig({ workers: 2, sessionAuth: SECRET, shutdownTimeoutMs: 1000 });
const folder = temporaryFolder();
const fleets: Fleet[] = [];

afterEach(async () => {
  for (const fleet of fleets.splice(0)) await fleet.close();
});

/** Starts two workers on a free port; their log goes to files in a folder of the test. */
async function start(logFile = folder.join("worker.log")) {
  const lines: string[] = [];
  const sink = { write: (line: string) => void lines.push(line), close: () => Promise.resolve() };
  const log: Log = await createLog({ component: "proxy", level: "info", sink });
  const fleet = new Fleet(config, log);
  fleets.push(fleet);
  const port = await freePort();
  const options = { listenAddr: `127.0.0.1:${port}`, isIpv6Only: false, token: "test", logFile };
  const started = startChildWorkers(fleet, config, options, log);
  return { fleet, port, started, lines };
}

/** Pids of living worker processes of this process. */
function childPids(): number[] {
  const tasks = readdirSync("/proc/self/task");
  const children = tasks.flatMap((task) =>
    readFileSync(`/proc/self/task/${task}/children`, "utf8").split(" "),
  );
  return children.map(Number).filter((pid) => pid > 0 && isAlive(pid) && isWorker(pid));
}

function isWorker(pid: number): boolean {
  return commandLineOf(pid).some((word) => word.endsWith("child-main.ts"));
}

function commandLineOf(pid: number): string[] {
  return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").slice(0, -1);
}

test("workers get the slot table and the state before they listen, and end with the fleet", async () => {
  const { fleet, port, started } = await start();
  const record = { ...offlineSlot(5), backendAddr: "127.0.0.1:1", backendAddrGroupId: 7 };
  // Nothing serves yet: this table and the state are what the workers are made with.
  await fleet.fillSlots([record], undefined);
  await fleet.start();
  await started;
  const pids = childPids();
  expect(pids).toHaveLength(2);
  expect(await ask(port, "AUTH", SECRET)).toBe("+OK\r\n");
  await fleet.close();
  await waitFor("end of the workers", 30_000, () => (childPids().length === 0 ? true : undefined));
});

test("no secret is on the command line of a worker or in its environment", async () => {
  const { started } = await start();
  await started;
  for (const pid of childPids()) {
    expect(commandLineOf(pid).at(-2)).toMatch(/^[01]$/);
    // By which a dashboard finds the workers of a proxy; it is no secret.
    expect(commandLineOf(pid).at(-1)).toBe("--of-proxy=test");
    expect(commandLineOf(pid).at(-3)).toEndWith("/src/proxy/worker/child-main.ts");
    expect(readFileSync(`/proc/${pid}/environ`, "utf8")).not.toContain(SECRET);
    expect(commandLineOf(pid).join(" ")).not.toContain(SECRET);
  }
});

test("a start that fails in a worker is told with its own reason, and leaves no process", async () => {
  const { started } = await start(folder.join("no", "such", "folder", "log"));
  await expect(started).rejects.toMatchObject({ code: "CONFIG_UNREADABLE" });
  expect(childPids()).toEqual([]);
});

test("an order from the fleet reaches the workers, and a dead one carries it out by being dead", async () => {
  const { fleet, started, lines } = await start();
  await started;
  const [first = 0] = childPids();
  process.kill(first, "SIGKILL");
  await fleet.fillSlots([offlineSlot(1)], undefined);
  await fleet.resetStats();
  await fleet.setLogLevel("warn");
  await waitFor("successor of the dead worker", 30_000, () =>
    childPids().length === 2 && lines.filter((line) => line.includes("worker.started")).length === 3
      ? true
      : undefined,
  );
  expect((await fleet.collect()).workers.every((worker) => worker.pid > 0)).toBe(true);
});
