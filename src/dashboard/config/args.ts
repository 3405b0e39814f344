/**
 * The command line of the dashboard: every flag of codis-dashboard 3.2, and ours. Gives the composition
 * root one of two orders: run with this configuration, or print this text. Throws `CodisError` with one
 * line for anything wrong.
 *
 * Order of precedence: defaults, then the file of `--config`, then flags.
 */
import { Command } from "commander";
import { LOG_LEVELS, type LogLevel } from "../../base/log-level.ts";
import { RUNTIME, VERSION } from "../../base/version.ts";
import type { GivenValues } from "../../config/check.ts";
import { defaultFileText } from "../../config/default-text.ts";
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
import { DASHBOARD_KEYS, DASHBOARD_SECTIONS, type DashboardConfig } from "./key.ts";
import { checkDashboardConfig } from "./load.ts";

/** What flags say beyond the configuration file. */
export interface DashboardRunOptions {
  readonly logFile: string | undefined;
  readonly logLevel: LogLevel;
  /** Address to advertise instead of the one listened on. */
  readonly hostAdmin: string | undefined;
  readonly pidFile: string | undefined;
  /** Delete a lock that another program left, before taking it. */
  readonly removeLock: boolean;
}

/** What the command line asks for. */
export type DashboardOrder =
  | {
      readonly kind: "run";
      readonly config: DashboardConfig;
      readonly options: DashboardRunOptions;
      /** Lines for the log, as soon as there is one. */
      readonly warnings: readonly string[];
    }
  | { readonly kind: "print"; readonly text: string };

const COORDINATOR_FLAGS = ["zookeeper", "etcd", "filesystem"] as const;
const KEY_FLAGS = ["product_name", "product_auth"] as const;
/** Flags whose values are passwords. */
const SECRET_FLAGS = ["product_auth", "zookeeper-auth", "etcd-auth"] as const;

/** Reads the arguments that follow `codis dashboard`, and the configuration file that they name. */
export function parseDashboardArgs(
  argv: readonly string[],
  readConfig: (path: string) => GivenValues = readTomlFile,
): DashboardOrder {
  const parsed = parseFlags(createCommand(), argv, KEY_FLAGS);
  if (parsed.kind === "print") {
    return parsed;
  }
  const { flags } = parsed;
  if (flags.has("version")) {
    return { kind: "print", text: `version: ${VERSION}\nruntime: ${RUNTIME}\n` };
  }
  if (flags.has("default-config")) {
    const text = defaultFileText("codis-dashboard", DASHBOARD_KEYS, DASHBOARD_SECTIONS);
    return { kind: "print", text };
  }
  return buildOrder(flags, readConfig);
}

function createCommand(): Command {
  return new Command("codis dashboard")
    .description("Controls one product: its groups, slots and proxies.")
    .allowExcessArguments(false)
    .option("-c, --config <file>", "configuration file (TOML)")
    .option("-l, --log <file>", "log file; a new one each day, named FILE.YYYY-MM-DD")
    .option("--log-level <level>", `${LOG_LEVELS.join(", ").toUpperCase()} (default: INFO)`)
    .option("--ncpu <n>", "accepted as in Codis; a dashboard is one process")
    .option("--host-admin <addr>", "address to tell to others (host:port)")
    .option("--pidfile <file>", "write the process id here")
    .option("--zookeeper <addr>", "ZooKeeper is the coordinator (keys coordinator_name and _addr)")
    .option("--zookeeper-auth <user:password>", "login for it")
    .option("--etcd <addr>", "etcd is the coordinator")
    .option("--etcd-auth <user:password>", "login for it")
    .option("--filesystem <root>", "a folder is the coordinator")
    .option("--product_name <name>", "name of the product (key product_name)")
    .option("--product_auth <password>", "password of the servers (key product_auth)")
    .option("--remove-lock", "first delete the lock that another program left")
    .option("--strict", "refuse a configuration file with unknown keys")
    .option("--default-config", "print a configuration file with all keys and exit")
    .option("--version", "print the version and exit")
    .addHelpText(
      "after",
      "\nExample: codis dashboard --filesystem /var/lib/codis --product_name demo\n\n" +
        "What it controls: codis product show, codis group, server, slot and proxy; codis --help.",
    );
}

function buildOrder(flags: Flags, readConfig: (path: string) => GivenValues): DashboardOrder {
  readCount(flags, "ncpu");
  const configFile = flags.get("config");
  const fromFile = configFile === undefined ? undefined : readConfig(configFile);
  const given = new FlagValues(fromFile, flags, KEY_FLAGS);
  readCoordinator(flags, given);
  const loaded = checkDashboardConfig(given, flags.has("strict"));
  return {
    kind: "run",
    config: loaded.config,
    options: {
      logFile: flags.get("log"),
      logLevel: readLogLevel(flags),
      hostAdmin: readAddr(flags, "host-admin"),
      pidFile: flags.get("pidfile"),
      removeLock: flags.has("remove-lock"),
    },
    warnings: [...loaded.warnings, ...warnAboutSecrets(flags, SECRET_FLAGS, SECRET_FLAGS)],
  };
}

function readCoordinator(flags: Flags, given: FlagValues): void {
  const name = refuseSeveral(flags, COORDINATOR_FLAGS, "a product has one coordinator");
  refuseStrayLogin(flags);
  if (name === undefined) {
    return;
  }
  given.override("coordinator_name", name, name);
  given.override("coordinator_addr", flags.get(name) ?? "", name);
  given.override("coordinator_auth", flags.get(`${name}-auth`) ?? "", `${name}-auth`);
}
