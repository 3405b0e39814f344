/**
 * The command line of the proxy of Codis 1.9 and 2.0: `codis-proxy -c config.ini -L LOG --cpu=N
 * --addr=HOST:PORT --http-addr=HOST:PORT`. It is known by these flags, or by a file whose name ends in `.ini`,
 * and becomes the configuration of today. As in those days the proxy waits for `codis config proxy online
 * NAME`, and is registered under its name where Codis 2.0 has it, from the start.
 */
import { Command } from "commander";
import { CodisError } from "../../base/error.ts";
import { parseFlags, readCount, readLogLevel } from "../../config/flags.ts";
import {
  type LegacyFile,
  proxyNameOf,
  readLegacyFile,
  sessionTimeoutMs,
} from "../../config/legacy-config.ts";
import type { ProxyOrder, ProxyRunOptions } from "./args.ts";
import { checkProxyConfig } from "./load.ts";

/** Flags that no proxy of 3.x has. */
const LEGACY_FLAGS = ["--cpu", "--addr", "--http-addr", "--log-filesize", "-L"];
const DEFAULT_FILE = "config.ini";
const DEFAULT_ADDR = "0.0.0.0:9000";
const DEFAULT_HTTP_ADDR = "0.0.0.0:9001";

/** Where a key of today comes from, for complaints. */
const SOURCE: Readonly<Record<string, string>> = {
  product_name: "product",
  product_auth: "password",
  session_auth: "password",
  proto_type: "proto",
  backend_ping_period: "backend_ping_period",
  session_recv_timeout: "session_max_timeout",
  session_max_pipeline: "session_max_pipeline",
  jodis_name: "coordinator",
  jodis_addr: "zk",
  jodis_timeout: "zk_session_timeout",
};

/** Whether the arguments are those of a proxy of 1.9 or 2.0. */
export function isLegacyCommandLine(argv: readonly string[]): boolean {
  const isFlag = (arg: string): boolean =>
    LEGACY_FLAGS.some((flag) => arg === flag || arg.startsWith(`${flag}=`));
  const file = findFileArg(argv);
  return argv.some(isFlag) || file?.toLowerCase().endsWith(".ini") === true;
}

/** Reads the arguments and the file that they name. Throws a `CodisError` with one line. */
export function parseLegacyArgs(
  argv: readonly string[],
  readFile: (path: string) => LegacyFile = readLegacyFile,
): ProxyOrder {
  const parsed = parseFlags(createCommand(), argv, []);
  if (parsed.kind === "print") {
    return { ...parsed, exitCode: 0 };
  }
  const { flags } = parsed;
  const path = flags.get("config") ?? DEFAULT_FILE;
  if (/\.toml$/i.test(path)) {
    throw new CodisError(
      "USAGE",
      `${path} is a file of Codis 3, where addresses and workers are keys of it (proxy_addr, admin_addr, ` +
        `workers); ${LEGACY_FLAGS.join(", ")} go with a config.ini`,
    );
  }
  const file = readFile(path);
  const proxyName = proxyNameOf(file);
  const values = toProxyValues(file);
  const byFlag = new Map<string, string>();
  const override = (key: string, value: string | number, flag: string): void => {
    values.set(key, value);
    byFlag.set(key, `--${flag}`);
  };
  override("proxy_addr", flags.get("addr") ?? DEFAULT_ADDR, "addr");
  override("admin_addr", flags.get("http-addr") ?? DEFAULT_HTTP_ADDR, "http-addr");
  override("workers", readCount(flags, "cpu") ?? 1, "cpu");
  const loaded = checkProxyConfig(
    { values, originOf: (key) => byFlag.get(key) ?? file.originOf(SOURCE[key] ?? key) },
    true,
  );
  const warnings = [...file.warnings, ...file.withoutEffect, ...loaded.warnings];
  if (flags.has("log-filesize")) {
    warnings.push("--log-filesize is accepted, but without effect: there is a new file each day");
  }
  const options: ProxyRunOptions = {
    configFile: path,
    logFile: flags.get("log"),
    logLevel: readLogLevel(flags),
    hostAdmin: undefined,
    hostProxy: undefined,
    fillSlotsFile: undefined,
    dashboard: undefined,
    pidFile: undefined,
    openFilesMin: undefined,
    proxyName,
  };
  return { kind: "run", config: loaded.config, options, warnings };
}

function createCommand(): Command {
  return new Command("codis proxy")
    .description("A proxy as in Codis 1.9 and 2.0: it waits for codis config proxy online NAME.")
    .allowExcessArguments(false)
    .option("-c, --config <file>", `configuration file (default: ${DEFAULT_FILE})`)
    .option("-L, --log <file>", "log file; a new one each day, named FILE.YYYY-MM-DD")
    .option("--log-level <level>", "INFO, WARN, DEBUG, ERROR (default: INFO)")
    .option("--log-filesize <size>", "accepted as in Codis 2.0")
    .option("--cpu <n>", "worker processes (default: 1)")
    .option("--addr <addr>", `where clients connect (default: ${DEFAULT_ADDR})`)
    .option("--http-addr <addr>", `where the admin port listens (default: ${DEFAULT_HTTP_ADDR})`);
}

/** Durations are milliseconds in the file's values, and texts with a unit in those of today. */
function toProxyValues({ config }: LegacyFile): Map<string, string | number | boolean> {
  return new Map<string, string | number | boolean>([
    ["product_name", config.product],
    ["product_auth", config.password],
    // In 2.0 there is one password, of the servers and for the clients.
    ["session_auth", config.password],
    ["proto_type", config.proto],
    ["backend_ping_period", `${config.backendPingPeriodMs}ms`],
    ["session_recv_timeout", `${config.sessionMaxTimeoutMs}ms`],
    ["session_max_pipeline", config.sessionMaxPipeline],
    ["jodis_name", config.coordinator],
    ["jodis_addr", config.zk],
    ["jodis_timeout", `${sessionTimeoutMs(config)}ms`],
    ["jodis_compatible", true],
  ]);
}

/** The value of `-c` or `--config`. */
function findFileArg(argv: readonly string[]): string | undefined {
  for (const [index, arg] of argv.entries()) {
    if (arg === "-c" || arg === "--config") {
      return argv[index + 1];
    }
    const value = /^(?:--config=|-c=?)(.+)$/.exec(arg)?.[1];
    if (value !== undefined) {
      return value;
    }
  }
  return undefined;
}
