/**
 * `codis proxy`: reads the command line, puts the proxy together, and runs it until a signal ends it.
 *
 * Start: configuration, log, workers (listening, "router is not online" until they have slots), admin port,
 * registrations, static slot table or dashboard. End (SIGTERM, SIGINT, shutdown through the admin port), in
 * this order: leave the service discovery, stop accepting, answer what is in flight, close backends, close
 * the admin port, exit 0, all within `shutdown_timeout`; the first step may take 1.5 s more.
 */
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { CodisError, isCodisError, messageOf } from "../base/error.ts";
import { createLog, type Log } from "../base/log.ts";
import { PidFile } from "../config/pid-file.ts";
import { formatHostPort, parseListenAddr } from "../model/address.ts";
import { advertisedAddr } from "../model/advertised-addr.ts";
import { jodisPath } from "../model/jodis-record.ts";
import { describeThisProxy, type ProxyModel } from "../model/proxy-model.ts";
import type { SlotRecord } from "../model/slot.ts";
import { describeOfflineSlots, parseSlotTable } from "../model/slot-table.ts";
import { type AdminServer, startAdminServer } from "./admin/admin-server.ts";
import { EXIT_CODE, type ProxyRunOptions, parseProxyArgs } from "./config/args.ts";
import { readOpenFilesLimit } from "./config/open-files.ts";
import type { ProxyConfig } from "./config.ts";
import { type Outbound, startOutbound } from "./outbound.ts";
import { ProxySentinels } from "./sentinel/proxy-sentinels.ts";
import { Fleet } from "./supervisor/fleet.ts";
import { MasterWatch } from "./watch/master-watch.ts";
import { Worker } from "./worker/worker.ts";

/** Files the process needs besides clients: backends, listeners, logs, libraries. */
const FILES_RESERVED = 64;

/** Runs `codis proxy ARGV`; resolves with the exit code. */
export async function runProxy(argv: string[]): Promise<number> {
  const order = parseProxyArgs(argv);
  if (order.kind === "print") {
    process.stdout.write(order.text);
    return order.exitCode;
  }
  if (order.kind === "fail") {
    process.stderr.write(`codis proxy: ${order.message}\n`);
    return order.exitCode;
  }
  const { config, options, warnings } = order;
  try {
    checkOpenFiles(options);
    const log = await createLog({
      component: "proxy",
      level: options.logLevel,
      file: options.logFile,
    });
    for (const warning of warnings) log.warn("config.warning", warning);
    warnOfOpenFiles(config, log);
    return await run(config, options, log);
  } catch (thrown) {
    if (!(thrown instanceof CodisError)) throw thrown;
    process.stderr.write(`codis proxy: ${thrown.message}\n`);
    return exitCodeOf(thrown);
  }
}

function exitCodeOf(failure: CodisError): number {
  switch (failure.code) {
    case "PORT_IN_USE":
    case "WORKER_FAILED":
      return EXIT_CODE.limits;
    case "PROXY_CALL_FAILED":
      return EXIT_CODE.unavailable;
    default:
      return EXIT_CODE.config;
  }
}

async function run(config: ProxyConfig, options: ProxyRunOptions, log: Log): Promise<number> {
  const startedAtMs = Date.now();
  const { fillSlotsFile, dashboard, proxyName } = options;
  // Before anything listens: a start that must fail disturbs nobody.
  const slots = fillSlotsFile === undefined ? [] : readSlots(config, fillSlotsFile);
  const listenAddr = await fixPort(config.proxyAddr);
  const fleet = new Fleet(config, log);
  // From here on: an order to end that comes during the start is carried out after it.
  const ended = endOfRun(fleet);
  let admin: AdminServer | undefined;
  let outbound: Outbound | undefined;
  const pidFile = new PidFile(options.pidFile);
  const watch = new MasterWatch({ password: config.productAuth, slots: () => fleet.slots() });
  const { productName: product, productAuth: password } = config;
  const sentinelPort = new ProxySentinels({ product, password, workers: fleet, log });
  try {
    admin = await startAdminServer({
      control: fleet,
      config,
      log,
      servers: () => watch.servers(),
      sentinelPort,
      describe: (adminListenAddr) =>
        describe(config, options, { listenAddr, adminListenAddr, startedAtMs }),
    });
    const { token } = admin.model;
    await startWorkers(fleet, config, { listenAddr, token, logFile: options.logFile }, log).catch(
      nameProxyAddr,
    );
    pidFile.write();
    log.info("proxy.started", `clients at ${listenAddr}, admin at ${admin.addr}`, {
      proxy_addr: listenAddr,
      admin_addr: admin.addr,
      workers: config.workers,
      token,
    });
    outbound = await startOutbound({ fleet, admin, config, dashboard, proxyName, log });
    if (fillSlotsFile !== undefined) {
      await fillSlots(fleet, config, fillSlotsFile, slots, log);
      await fleet.start();
      process.on("SIGHUP", () => reloadSlots(fleet, config, fillSlotsFile, log));
    }
    const { cause, failure } = await ended;
    log.info("proxy.stopping", `ends: ${cause}`);
    // First of all: applications that are told of the end in time lose no connection that they need.
    await outbound.close();
    await fleet.close();
    if (failure !== undefined) throw failure;
    return EXIT_CODE.ok;
  } finally {
    await outbound?.close();
    await admin?.close();
    watch.close();
    await sentinelPort.close();
    pidFile.remove();
    log.info("proxy.stopped", "the proxy has ended");
    await log.close();
  }
}

async function describe(
  config: ProxyConfig,
  options: ProxyRunOptions,
  facts: {
    readonly listenAddr: string;
    readonly adminListenAddr: string;
    readonly startedAtMs: number;
  },
): Promise<ProxyModel> {
  const { listenAddr, adminListenAddr, startedAtMs } = facts;
  const model = describeThisProxy({
    productName: config.productName,
    protoType: config.protoType,
    datacenter: config.proxyDatacenter,
    adminAddr: options.hostAdmin ?? (await advertisedAddr(adminListenAddr)),
    proxyAddr: options.hostProxy ?? (await advertisedAddr(listenAddr)),
    adminListenAddr,
    proxyListenAddr: listenAddr,
    startedAtMs,
  });
  return config.jodisName === ""
    ? model
    : {
        ...model,
        jodisPath: jodisPath(
          config.productName,
          options.proxyName ?? model.token,
          config.jodisCompatible,
        ),
      };
}

async function startWorkers(
  fleet: Fleet,
  config: ProxyConfig,
  options: {
    readonly listenAddr: string;
    readonly token: string;
    readonly logFile: string | undefined;
  },
  log: Log,
): Promise<void> {
  const { listenAddr, token } = options;
  const isIpv6Only = config.protoType === "tcp6";
  if (config.workers > 1) {
    const { startChildWorkers } = await import("./supervisor/child-fleet.ts");
    await startChildWorkers(fleet, config, { ...options, isIpv6Only }, log);
    return;
  }
  const worker = new Worker(
    { index: 0, firstSessionNumber: 1, token, isPortShared: false, listenAddr, isIpv6Only },
    config,
    fleet,
    log,
  );
  await worker.listen();
  await fleet.add(worker);
}

/** The stage that listens knows the address only, not the key that a person must change. */
function nameProxyAddr(thrown: unknown): never {
  if (thrown instanceof CodisError && thrown.code === "PORT_IN_USE") {
    throw new CodisError("PORT_IN_USE", `can't listen on proxy_addr: ${thrown.message}`, {
      cause: thrown,
    });
  }
  throw thrown;
}

/** Port 0 is made a real one first: the token and the advertised address need it. */
async function fixPort(listenAddr: string): Promise<string> {
  const parsed = parseListenAddr(listenAddr);
  if (parsed === undefined || parsed.port !== 0) return listenAddr;
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const probe = createServer();
  probe.once("error", reject);
  probe.listen(0, parsed.host, () => {
    const address = probe.address();
    probe.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
  });
  return formatHostPort({ host: parsed.host, port: await promise });
}

function readSlots(config: ProxyConfig, file: string): readonly SlotRecord[] {
  return parseSlotTable(readSlotFile(file), {
    source: file,
    slotCount: config.slotCount,
    unknownFields: "refuse",
  });
}

async function fillSlots(
  fleet: Fleet,
  config: ProxyConfig,
  file: string,
  records: readonly SlotRecord[],
  log: Log,
): Promise<void> {
  await fleet.fillSlots(records, undefined);
  const offline = describeOfflineSlots(fleet.slots(), config.slotCount);
  if (offline !== "") {
    log.warn("slots.offline", `${file} leaves slots without a server: ${offline}`);
  }
}

function readSlotFile(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw new CodisError(
      "SLOT_TABLE_UNREADABLE",
      `--fillslots: can't read ${file}: ${messageOf(cause)}`,
      {
        cause,
      },
    );
  }
}

/** SIGHUP: a bad file leaves the table as it is; one whose moves aren't settled yet holds all the same. */
function reloadSlots(fleet: Fleet, config: ProxyConfig, file: string, log: Log): void {
  const reload = async (): Promise<void> =>
    fillSlots(fleet, config, file, readSlots(config, file), log);
  reload().then(
    () => log.info("slots.reloaded", `${file} was read again`),
    (error: unknown) => {
      const isHeld = isCodisError(error, "MOVE_UNSETTLED");
      const outcome = isHeld ? "the new table holds, but" : "the table stays as it was:";
      log.error("slots.reload_failed", `${outcome} ${messageOf(error)}`, { error });
    },
  );
}

/** What ends the proxy; `failure` is absent for an order. */
interface EndOfRun {
  readonly cause: string;
  readonly failure?: unknown;
}

/** Resolves with what ends the proxy: a signal, the admin port, or workers that can't be started. */
function endOfRun(fleet: Fleet): Promise<EndOfRun> {
  const { promise, resolve } = Promise.withResolvers<EndOfRun>();
  process.once("SIGTERM", () => resolve({ cause: "SIGTERM" }));
  process.once("SIGINT", () => resolve({ cause: "SIGINT" }));
  fleet.onShutdown = () => resolve({ cause: "shutdown through the admin port" });
  fleet.failed.then((failure) => resolve({ cause: messageOf(failure), failure }));
  return promise;
}

function checkOpenFiles(options: ProxyRunOptions): void {
  const limit = readOpenFilesLimit();
  if (options.openFilesMin === undefined || limit === undefined) return;
  if (limit >= options.openFilesMin) return;
  throw new CodisError(
    "WORKER_FAILED",
    `--ulimit=${options.openFilesMin}: only ${limit} files may be open; raise it with ulimit -n`,
  );
}

function warnOfOpenFiles(config: ProxyConfig, log: Log): void {
  const limit = readOpenFilesLimit();
  if (limit === undefined || limit >= config.proxyMaxClients + FILES_RESERVED) return;
  log.warn(
    "limits.open_files",
    `proxy_max_clients = ${config.proxyMaxClients} needs more open files than ulimit -n = ${limit}`,
  );
}
