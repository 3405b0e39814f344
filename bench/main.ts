/**
 * The command line of the benchmarks: `npm run bench -- COMMAND [options]`, where COMMAND is proxy, memory, workers,
 * dashboard, migration, module, ha or micro. Reads the options, sees that nothing outlives the run, and hands over to
 * the benchmark.
 *
 * Results go to stdout as Markdown, progress to stderr.
 */
import { parseArgs } from "node:util";
import { endOnSignalOrAfter } from "./macro/child.ts";
import { benchDashboard, DASHBOARD_SIZES, QUICK_DASHBOARD_SIZES } from "./macro/dashboard.ts";
import { benchHa, HA_SIZES, QUICK_HA_SIZES } from "./macro/ha.ts";
import { benchMemory, FULL_SIZES, QUICK_SIZES } from "./macro/memory.ts";
import { benchMigration, MIGRATION_SIZES, QUICK_MIGRATION_SIZES } from "./macro/migration.ts";
import { benchModule, MODULE_SIZES, QUICK_MODULE_SIZES } from "./macro/module.ts";
import { benchProxy } from "./macro/proxy.ts";
import { KNOWN_TARGETS } from "./macro/stage.ts";
import { benchWorkers } from "./macro/workers.ts";
import { benchMicro } from "./micro/runner.ts";

const ROUNDS = 5;
const LIMIT_SECONDS = 3_600;
const EXIT_USAGE = 64;

const USAGE = `usage: bun bench/main.ts COMMAND [options]

proxy    CPU, throughput and latency beside nutcracker and a bare redis-server
  --rounds N             rounds of every run (${ROUNDS})
  --requests N           requests of a run, for every workload
  --only PART            workloads whose name contains PART; may be repeated
  --target NAME,…        ${KNOWN_TARGETS.join(",")} (all)
  --proxy-command [NAME=]CMD
                         measures what CMD starts instead of codis; {port} is where it must listen;
                         {server1} {server2} {config} {slots} {dir} are replaced as well
memory   resident memory with many clients, after many connections and after many requests
  --clients N            idle clients (${FULL_SIZES.clients})
  --connections N        connections opened and closed (${FULL_SIZES.connections})
  --requests N           requests (${FULL_SIZES.requests})
  --many-clients N       clients that must all be served (${FULL_SIZES.manyClients})
  --target NAME          codis, nutcracker or the name of a --proxy-command
workers  throughput with one worker and with two (the key workers in {config})
  --rounds N             (${ROUNDS})
  --requests N           requests of a run, for every load
  --target NAME          codis or the name of a --proxy-command
dashboard  a dashboard with 128 groups, 500 servers and 200 proxies, which are simulated
migration  half of the slots of a server moved to another one: plain loop, mover, whole product
  --only PART            runs whose name contains PART; may be repeated
module   the slots commands of the module: a large key, small keys, writes beside a stock server
  --only PART            large key, small keys or writes; may be repeated
ha       a dead master, a planned promotion and a rolling restart of proxies, many times over
  --only PART            failover, promotion or rolling; may be repeated
micro    [FILTER…]       micro-benchmarks whose name contains a FILTER
  --rounds N             (11)

all:
  --quick                tiny counts, to see that everything runs
  --json FILE            raw figures
  --limit SECONDS        the whole run is ended after this time (${LIMIT_SECONDS})
`;

const OPTIONS = {
  rounds: { type: "string" },
  requests: { type: "string" },
  clients: { type: "string" },
  connections: { type: "string" },
  "many-clients": { type: "string" },
  only: { type: "string", multiple: true },
  target: { type: "string" },
  "proxy-command": { type: "string", multiple: true },
  json: { type: "string" },
  quick: { type: "boolean" },
  limit: { type: "string" },
  help: { type: "boolean" },
} as const;

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({ options: OPTIONS, allowPositionals: true });
  const [command, ...filters] = positionals;
  if (command === undefined || values.help === true) {
    print(USAGE);
    return values.help === true ? 0 : EXIT_USAGE;
  }
  endOnSignalOrAfter((parseCount("limit", values.limit) ?? LIMIT_SECONDS) * 1_000);
  const isQuick = values.quick === true;
  const rounds = parseCount("rounds", values.rounds);
  const requests = parseCount("requests", values.requests);
  const commands = readCommands(values["proxy-command"] ?? []);
  const shared = { jsonFile: values.json, isQuick, print, progress };
  switch (command) {
    case "proxy":
      return await benchProxy({
        ...shared,
        rounds: rounds ?? (isQuick ? 1 : ROUNDS),
        requests,
        only: values.only ?? [],
        targets: readTargets(values.target, commands),
        commands,
      });
    case "memory": {
      const sizes = isQuick ? QUICK_SIZES : FULL_SIZES;
      return await benchMemory({
        ...shared,
        clients: parseCount("clients", values.clients) ?? sizes.clients,
        connections: parseCount("connections", values.connections) ?? sizes.connections,
        requests: requests ?? sizes.requests,
        manyClients: parseCount("many-clients", values["many-clients"]) ?? sizes.manyClients,
        target: values.target ?? [...commands.keys()][0] ?? "codis",
        commands,
      });
    }
    case "workers":
      return await benchWorkers({
        ...shared,
        rounds: rounds ?? (isQuick ? 1 : ROUNDS),
        requests,
        target: values.target ?? [...commands.keys()][0] ?? "codis",
        commands,
      });
    case "dashboard":
      return await benchDashboard({
        ...shared,
        ...(isQuick ? QUICK_DASHBOARD_SIZES : DASHBOARD_SIZES),
      });
    case "migration":
      return await benchMigration({
        ...shared,
        ...(isQuick ? QUICK_MIGRATION_SIZES : MIGRATION_SIZES),
        only: values.only ?? [],
      });
    case "module":
      return await benchModule({
        ...shared,
        ...(isQuick ? QUICK_MODULE_SIZES : MODULE_SIZES),
        only: values.only ?? [],
      });
    case "ha":
      return await benchHa({
        ...shared,
        ...(isQuick ? QUICK_HA_SIZES : HA_SIZES),
        only: values.only ?? [],
      });
    case "micro":
      return await benchMicro({ ...shared, filters, rounds });
    default:
      process.stderr.write(`no benchmark ${command}\n${USAGE}`);
      return EXIT_USAGE;
  }
}

/** `NAME=CMD` or `CMD`; names of targets that need no command can't be taken. */
function readCommands(given: readonly string[]): ReadonlyMap<string, string> {
  return new Map(
    given.map((text, index) => {
      const [, name, command] = /^([a-z][\w-]*)=(.*)$/s.exec(text) ?? [];
      const fallback = given.length === 1 ? "prototype" : `prototype${index + 1}`;
      return [name ?? fallback, command ?? text] as const;
    }),
  );
}

function readTargets(
  given: string | undefined,
  commands: ReadonlyMap<string, string>,
): readonly string[] {
  if (given !== undefined) {
    return given.split(",").filter((name) => name !== "");
  }
  return commands.size === 0 ? KNOWN_TARGETS : ["nutcracker", ...commands.keys(), "redis"];
}

function parseCount(name: string, text: string | undefined): number | undefined {
  if (text === undefined) {
    return undefined;
  }
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) {
    throw new Error(`--${name} must be a whole number above 0, not ${text}`);
  }
  return value;
}

function print(text: string): void {
  process.stdout.write(text.endsWith("\n") ? text : `${text}\n`);
}

function progress(line: string): void {
  process.stderr.write(`${line}\n`);
}

try {
  process.exitCode = await main();
} catch (thrown) {
  process.stderr.write(`bench: ${thrown instanceof Error ? thrown.message : String(thrown)}\n`);
  process.exitCode = 1;
}
