/**
 * `bun bench/main.ts dashboard`: a real dashboard with a product of the largest size that it is made for:
 * 1024 slots, 128 groups, 500 servers and 200 proxies, which are simulated. Measures the first push to all
 * proxies, a push of every slot, an assignment of every slot, the overview, and CPU and memory at rest.
 *
 * The product is written into a filesystem coordinator before the dashboard starts, so what is measured
 * is a dashboard that takes a product over, and then works on it through its API.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { performance } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { callHttp } from "../../src/api/http-call.ts";
import { V1Client } from "../../src/api/v1-client.ts";
import { coordinatorPath } from "../../src/model/coordinator-path.ts";
import { encodeGroupNode, encodeProxyNode, encodeSlotNode } from "../../src/model/topology/node.ts";
import { waitFor, withDeadline } from "../../test/support/deadline.ts";
import { freePort } from "../../test/support/free-port.ts";
import type { Bar } from "./bar.ts";
import { type Child, startChild } from "./child.ts";
import { describeMachine, machineLine } from "./machine.ts";
import { markdownTable, megabytes } from "./markdown.ts";
import type { PeerAddresses } from "./peer-script.ts";
import { cpuBetween, readRssBytes, readUsage } from "./process-usage.ts";
import { barTable } from "./report.ts";

/** How large the product is. */
export interface DashboardSizes {
  readonly groups: number;
  readonly servers: number;
  readonly proxies: number;
  /** Overview calls. */
  readonly calls: number;
  readonly restSeconds: number;
}

/** What the command line says. */
export interface DashboardBenchOptions extends DashboardSizes {
  readonly jsonFile: string | undefined;
  readonly print: (text: string) => void;
  readonly progress: (line: string) => void;
}

/** Sizes of the issue. */
export const DASHBOARD_SIZES: DashboardSizes = {
  groups: 128,
  servers: 500,
  proxies: 200,
  calls: 100,
  restSeconds: 30,
};
/** Sizes that only show that everything runs. */
export const QUICK_DASHBOARD_SIZES: DashboardSizes = {
  groups: 4,
  servers: 8,
  proxies: 3,
  calls: 5,
  restSeconds: 1,
};

const PRODUCT = "bench";
const SLOT_COUNT = 1024;
const START_MS = 60_000;
const CALL_MS = 60_000;
const PUSH_MS_MAX = 2_000;
const OVERVIEW_MS_MAX = 100;
const RSS_BYTES_MAX = 300 * 1_024 ** 2;
const CPU_SHARE_MAX = 0.25;
const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..", "..");

/** All figures of a run; times in milliseconds. */
interface Figures {
  readonly takeoverMs: number;
  readonly resyncMs: number;
  readonly assignMs: number;
  readonly overviewP50Ms: number;
  readonly overviewMaxMs: number;
  readonly overviewBytes: number;
  /** Of one core. */
  readonly restCpuShare: number;
  readonly rssBytes: number;
}

/** Runs everything; the exit code is 0 when it could be measured, whatever the figures are. */
export async function benchDashboard(options: DashboardBenchOptions): Promise<number> {
  const machine = await describeMachine();
  const folder = mkdtempSync(join(tmpdir(), "codis-bench-"));
  const children: Child[] = [];
  try {
    options.progress("starting the peers");
    const peers = await startPeers(options, children);
    writeProduct(folder, options, peers);
    const figures = await measure(folder, options, children);
    const table = markdownTable(
      ["what", "figure:"],
      [
        ["first push to all proxies, from the election on", ms(figures.takeoverMs)],
        ["push of all slots to all proxies (resync)", ms(figures.resyncMs)],
        ["assignment of all slots, stored and pushed", ms(figures.assignMs)],
        ["overview, median", ms(figures.overviewP50Ms)],
        ["overview, longest", ms(figures.overviewMaxMs)],
        ["overview, size", `${megabytes(figures.overviewBytes)} MB`],
        ["CPU at rest, of one core", `${(figures.restCpuShare * 100).toFixed(1)} %`],
        ["resident memory", `${megabytes(figures.rssBytes)} MB`],
      ],
    );
    const { groups, servers, proxies } = options;
    const size = `${SLOT_COUNT} slots, ${groups} groups, ${servers} servers, ${proxies} proxies`;
    options.print(
      `${machineLine(machine)}\n\n${size}\n\n${table}\n\n${barTable("dashboard", barsOf(figures))}\n`,
    );
    if (options.jsonFile !== undefined) {
      writeFileSync(options.jsonFile, `${JSON.stringify({ machine, size, figures }, null, 1)}\n`);
    }
    return 0;
  } finally {
    await Promise.all(children.map((child) => child.stop()));
    rmSync(folder, { recursive: true, force: true });
  }
}

async function startPeers(sizes: DashboardSizes, children: Child[]): Promise<PeerAddresses> {
  const script = join(ROOT, "bench", "macro", "peer-script.ts");
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const child = startChild(
    [process.execPath, "--no-env-file", script, `${sizes.servers}`, `${sizes.proxies}`, PRODUCT],
    resolve,
  );
  children.push(child);
  child.ended.then(() => reject(new Error(`the peers ended: ${child.output()}`)));
  return JSON.parse(await withDeadline("addresses of the peers", START_MS, promise));
}

/** The files that a dashboard would have written. */
function writeProduct(folder: string, sizes: DashboardSizes, peers: PeerAddresses): void {
  const write = (path: string, text: string): void => {
    const file = join(folder, "data", path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  };
  for (let id = 1; id <= sizes.groups; id++) {
    const servers = peers.servers
      .filter((_, index) => index % sizes.groups === id - 1)
      .map((addr) => ({
        addr,
        datacenter: "",
        action: { index: 0, state: "" as const },
        isReplicaGroup: false,
      }));
    const promoting = { index: 0, state: "" as const };
    const group = { id, servers, promoting, isOutOfSync: false };
    write(coordinatorPath.group(PRODUCT, id), encodeGroupNode(group));
  }
  for (let id = 0; id < SLOT_COUNT; id++) {
    const groupId = (id % sizes.groups) + 1;
    const action = { index: 0, state: "" as const, targetId: 0 };
    write(coordinatorPath.slot(PRODUCT, id), encodeSlotNode({ id, groupId, action }));
  }
  for (const [index, { adminAddr, token }] of peers.proxies.entries()) {
    const proxy = {
      id: index + 1,
      token,
      startTime: "",
      adminAddr,
      protoType: "tcp4",
      proxyAddr: "127.0.0.1:19000",
      jodisPath: "",
      productName: PRODUCT,
      pid: 1,
      pwd: "/",
      sys: "Linux",
      hostname: "host",
      datacenter: "",
      forwardMethods: [2],
    };
    write(coordinatorPath.proxy(PRODUCT, token), encodeProxyNode(proxy));
  }
}

async function measure(
  folder: string,
  options: DashboardBenchOptions,
  children: Child[],
): Promise<Figures> {
  const addr = `127.0.0.1:${await freePort()}`;
  const config = join(folder, "dashboard.toml");
  const lines = [
    `product_name = "${PRODUCT}"`,
    `coordinator_addr = "${folder}"`,
    `admin_addr = "${addr}"`,
    'proxy_push_timeout = "30s"',
  ];
  writeFileSync(config, `${lines.join("\n")}\n`);
  const elected = Promise.withResolvers<number>();
  const child = startChild([join(ROOT, "bin", "codis"), "dashboard", "-c", config], (line) => {
    if (line.includes('"event":"leader.elected"')) {
      elected.resolve(performance.now());
    }
  });
  children.push(child);
  child.ended.then(() => elected.reject(new Error(`the dashboard ended: ${child.output()}`)));
  const startedAt = await withDeadline("election of the dashboard", START_MS, elected.promise);
  const client = new V1Client({ addr, timeoutMs: CALL_MS });
  await waitFor("all proxies in sync", START_MS, async () => {
    const product = await client.product();
    return product.proxies.synced === options.proxies ? true : undefined;
  });
  const takeoverMs = performance.now() - startedAt;
  options.progress(`in sync after ${ms(takeoverMs)}`);

  await sleep(2_000);
  const resyncMs = await timed(async () => checkPush((await client.resyncProduct()).failed.length));
  const assignMs = await timed(async () => {
    const result = await client.assignSlots({
      assignments: Array.from({ length: SLOT_COUNT }, (_, id) => ({
        from: id,
        group_id: ((id + 1) % options.groups) + 1,
      })),
    });
    checkPush(result.push?.failed.length ?? 0);
  });
  const overview = await measureOverview(addr, options.calls);

  options.progress(`at rest for ${options.restSeconds} s`);
  await sleep(2_000);
  const before = readUsage(child.pid);
  const begunAt = performance.now();
  await sleep(options.restSeconds * 1_000);
  const cpuUs = cpuBetween(before, readUsage(child.pid)).us;
  const restCpuShare = cpuUs / 1_000 / (performance.now() - begunAt);
  return {
    takeoverMs,
    resyncMs,
    assignMs,
    ...overview,
    restCpuShare,
    rssBytes: readRssBytes(child.pid),
  };
}

function checkPush(failed: number): void {
  if (failed > 0) {
    throw new Error(`${failed} proxies weren't reached`);
  }
}

async function measureOverview(
  addr: string,
  calls: number,
): Promise<Pick<Figures, "overviewP50Ms" | "overviewMaxMs" | "overviewBytes">> {
  const times: number[] = [];
  let overviewBytes = 0;
  for (let call = 0; call < calls; call++) {
    const begunAt = performance.now();
    const text = await callHttp({
      addr,
      method: "GET",
      path: "/topom",
      shownPath: "/topom",
      timeoutMs: CALL_MS,
    });
    times.push(performance.now() - begunAt);
    overviewBytes = Buffer.byteLength(text);
    await sleep(50);
  }
  times.sort((a, b) => a - b);
  return {
    overviewP50Ms: times[Math.floor(times.length / 2)] ?? Number.NaN,
    overviewMaxMs: times.at(-1) ?? Number.NaN,
    overviewBytes,
  };
}

async function timed(run: () => Promise<void>): Promise<number> {
  const begunAt = performance.now();
  await run();
  return performance.now() - begunAt;
}

function barsOf(figures: Figures): readonly Bar[] {
  const bar = (workload: string, demand: string, measured: string, isMet: boolean): Bar => ({
    workload,
    demand,
    measured,
    isMet,
    isGoal: false,
  });
  const pushMs = Math.max(figures.takeoverMs, figures.resyncMs);
  return [
    bar("full push", `under ${PUSH_MS_MAX} ms`, ms(pushMs), pushMs < PUSH_MS_MAX),
    bar(
      "overview",
      `under ${OVERVIEW_MS_MAX} ms`,
      `${ms(figures.overviewMaxMs)} at most`,
      figures.overviewMaxMs < OVERVIEW_MS_MAX,
    ),
    bar(
      "memory",
      `under ${megabytes(RSS_BYTES_MAX)} MB`,
      `${megabytes(figures.rssBytes)} MB`,
      figures.rssBytes < RSS_BYTES_MAX,
    ),
    bar(
      "CPU at rest",
      `under ${CPU_SHARE_MAX * 100} % of a core`,
      `${(figures.restCpuShare * 100).toFixed(1)} %`,
      figures.restCpuShare < CPU_SHARE_MAX,
    ),
  ];
}

function ms(value: number): string {
  return `${value.toFixed(value < 10 ? 1 : 0)} ms`;
}
