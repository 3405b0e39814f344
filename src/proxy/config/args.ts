/**
 * The command line of the proxy: every flag of codis-proxy 3.2 in both forms (`--name=VALUE`,
 * `--name VALUE`), and ours. Gives the composition root one of three orders: run with this
 * configuration, print this text, or fail with this line. Prints and exits nothing itself.
 *
 * Order of precedence: defaults, then the file of `--config`, then flags.
 */
import { Command } from "commander";
import { CodisError } from "../../base/error.ts";
import { LOG_LEVELS, type LogLevel } from "../../base/log-level.ts";
import { RUNTIME, VERSION } from "../../base/version.ts";
import type { GivenValues } from "../../config/check.ts";
import { FlagValues, warnAboutSecrets } from "../../config/flag-values.ts";
import {
  type Flags,
  parseFlags,
  readAddr,
  readCount,
  readLogLevel,
  refuseSeveral,
  refuseStrayLogin,
} from "../../config/flags.ts";
import { readTomlFile } from "../../config/toml-file.ts";
import { defaultConfigText } from "./default-text.ts";
import type { ProxyConfig } from "./key.ts";
import { isLegacyCommandLine, parseLegacyArgs } from "./legacy-args.ts";
import { checkProxyConfig } from "./load.ts";

/** Exit codes of daemons that the command line can lead to. */
export const EXIT_CODE = {
  ok: 0,
  /** The command line itself is wrong. */
  usage: 64,
  /** No dashboard took the proxy, which was started to register with one. */
  unavailable: 69,
  /** A limit of the system is too low, or a port can't be used. */
  limits: 71,
  /** The configuration is wrong. */
  config: 78,
} as const;

/** Where to find the dashboard that shall take this proxy: its address, or the coordinator that knows it. */
export type DashboardSource =
  | { readonly kind: "address"; readonly addr: string }
  | {
      readonly kind: "zookeeper" | "etcd" | "filesystem";
      readonly addr: string;
      /** `user:password`, or empty. */
      readonly auth: string;
    };

/** What flags say beyond the configuration file. */
export interface ProxyRunOptions {
  readonly configFile: string | undefined;
  /** Log here instead of to the terminal or stdout. */
  readonly logFile: string | undefined;
  readonly logLevel: LogLevel;
  /** Addresses to advertise instead of those listened on. */
  readonly hostAdmin: string | undefined;
  readonly hostProxy: string | undefined;
  /** Slot table to load; without it the proxy waits for a dashboard. */
  readonly fillSlotsFile: string | undefined;
  /** The dashboard to register with at start; undefined: a dashboard adds the proxy when it likes. */
  readonly dashboard: DashboardSource | undefined;
  readonly pidFile: string | undefined;
  /** Refuse to start when the process may open fewer files. */
  readonly openFilesMin: number | undefined;
  /** The name under which it waits to be brought online, as a proxy of Codis 2.0 (`legacy-args.ts`). */
  readonly proxyName: string | undefined;
}

/** What the command line asks for. */
export type ProxyOrder =
  | {
      readonly kind: "run";
      readonly config: ProxyConfig;
      readonly options: ProxyRunOptions;
      /** Lines for the log, as soon as there is one. */
      readonly warnings: readonly string[];
    }
  | { readonly kind: "print"; readonly text: string; readonly exitCode: number }
  /** `message` is one line for stderr. */
  | { readonly kind: "fail"; readonly message: string; readonly exitCode: number };

/** Flags that say where the slot table comes from; at most one of them. */
const SOURCE_FLAGS = ["dashboard", "zookeeper", "etcd", "filesystem", "fillslots"] as const;
/** Flags that override a key of the file of the same name. */
const KEY_FLAGS = ["product_name", "product_auth", "session_auth"] as const;
/** Flags whose values are passwords. */
const SECRET_FLAGS = ["product_auth", "session_auth", "zookeeper-auth", "etcd-auth"] as const;

/** Reads the arguments that follow `codis proxy`, those of 1.9 and 2.0 as well, and the file that they name. */
export function parseProxyArgs(
  argv: readonly string[],
  readConfig: (path: string) => GivenValues = readTomlFile,
): ProxyOrder {
  try {
    if (isLegacyCommandLine(argv)) {
      return parseLegacyArgs(argv);
    }
    const parsed = parseFlags(createCommand(), argv, KEY_FLAGS);
    if (parsed.kind === "print") {
      return { ...parsed, exitCode: 0 };
    }
    const { flags } = parsed;
    if (flags.has("version")) {
      return { kind: "print", text: `version: ${VERSION}\nruntime: ${RUNTIME}\n`, exitCode: 0 };
    }
    if (flags.has("default-config")) {
      return { kind: "print", text: defaultConfigText(), exitCode: 0 };
    }
    return buildOrder(flags, readConfig);
  } catch (thrown) {
    if (thrown instanceof CodisError) {
      const exitCode =
        thrown.code === "USAGE" || thrown.code === "NOT_SUPPORTED"
          ? EXIT_CODE.usage
          : EXIT_CODE.config;
      return { kind: "fail", message: thrown.message, exitCode };
    }
    throw thrown;
  }
}

function createCommand(): Command {
  return new Command("codis proxy")
    .description("Speaks Redis to applications and spreads their keys over groups of servers.")
    .allowExcessArguments(false)
    .option("-c, --config <file>", "configuration file (TOML)")
    .option("-l, --log <file>", "log file; a new one each day, named FILE.YYYY-MM-DD")
    .option("--log-level <level>", `${LOG_LEVELS.join(", ").toUpperCase()} (default: INFO)`)
    .option("--ncpu <n>", "worker processes (key workers)")
    .option("--max-ncpu <n>", "upper bound of --ncpu")
    .option("--host-admin <addr>", "address of the admin port to tell to others (host:port)")
    .option("--host-proxy <addr>", "address for clients to tell to others (host:port)")
    .option("--fillslots <file>", "static slot table (JSON); read again on SIGHUP")
    .option("--dashboard <addr>", "register with the dashboard at this admin address (host:port)")
    .option("--zookeeper <addr>", "register with the dashboard that ZooKeeper knows")
    .option("--zookeeper-auth <user:password>", "login for it")
    .option("--etcd <addr>", "register with the dashboard that etcd knows")
    .option("--etcd-auth <user:password>", "login for it")
    .option("--filesystem <root>", "register with the dashboard that this folder knows")
    .option("--product_name <name>", "name of the product (key product_name)")
    .option("--product_auth <password>", "password of the servers (key product_auth)")
    .option("--session_auth <password>", "password for clients (key session_auth)")
    .option("--ulimit <n>", "don't start when fewer files may be open")
    .option("--pidfile <file>", "write the process id here")
    .option("--strict", "refuse a configuration file with unknown keys")
    .option("--default-config", "print a configuration file with all keys and exit")
    .option("--version", "print the version and exit")
    .addHelpText(
      "after",
      "\nExample: codis proxy --dashboard 127.0.0.1:18080 --product_name demo\n\n" +
        "For the proxies of a product: codis proxy list, codis proxy add; codis help proxy.",
    );
}

function buildOrder(flags: Flags, readConfig: (path: string) => GivenValues): ProxyOrder {
  refuseWrongSources(flags);
  const configFile = flags.get("config");
  const fromFile = configFile === undefined ? undefined : readConfig(configFile);
  const given = new FlagValues(fromFile, flags, KEY_FLAGS);
  const ncpu = readCount(flags, "ncpu");
  if (ncpu !== undefined) {
    given.override("workers", ncpu, "ncpu");
  }
  const loaded = checkProxyConfig(given, flags.has("strict"));
  const warnings = [...loaded.warnings, ...warnAboutSecrets(flags, SECRET_FLAGS, KEY_FLAGS)];
  const config = limitWorkers(loaded.config, readCount(flags, "max-ncpu"), warnings);
  return { kind: "run", config, options: readOptions(flags, configFile), warnings };
}

function refuseWrongSources(flags: Flags): void {
  refuseSeveral(flags, SOURCE_FLAGS, "the slot table comes from one place");
  refuseStrayLogin(flags);
}

function readDashboard(flags: Flags): DashboardSource | undefined {
  const addr = readAddr(flags, "dashboard");
  if (addr !== undefined) {
    return { kind: "address", addr };
  }
  for (const kind of ["zookeeper", "etcd", "filesystem"] as const) {
    const store = flags.get(kind);
    if (store !== undefined) {
      return { kind, addr: store, auth: readLogin(flags, `${kind}-auth`) };
    }
  }
  return undefined;
}

function readLogin(flags: Flags, name: string): string {
  const text = flags.get(name) ?? "";
  if (text !== "" && !/^[^:]+:/.test(text)) {
    throw new CodisError("USAGE", `invalid --${name}: expected user:password`);
  }
  return text;
}

function readOptions(flags: Flags, configFile: string | undefined): ProxyRunOptions {
  return {
    configFile,
    logFile: flags.get("log"),
    logLevel: readLogLevel(flags),
    hostAdmin: readAddr(flags, "host-admin"),
    hostProxy: readAddr(flags, "host-proxy"),
    fillSlotsFile: flags.get("fillslots"),
    dashboard: readDashboard(flags),
    pidFile: flags.get("pidfile"),
    openFilesMin: readCount(flags, "ulimit"),
    proxyName: undefined,
  };
}

function limitWorkers(
  config: ProxyConfig,
  max: number | undefined,
  warnings: string[],
): ProxyConfig {
  if (max === undefined || max >= config.workers) {
    return config;
  }
  warnings.push(`--max-ncpu=${max} is lower than workers = ${config.workers}; using ${max}`);
  return Object.freeze({ ...config, workers: max });
}
