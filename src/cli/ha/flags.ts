/**
 * The command line of the daemon `codis ha`: every flag of codis-ha of Codis 3, and ours. What the original does
 * without being asked, removing proxies and replicas that don't answer, is done here only when a flag asks for it.
 */
import { Command } from "commander";
import { CodisError } from "../../base/error.ts";
import { LOG_LEVELS, type LogLevel } from "../../base/log-level.ts";
import { parseFlags, readAddr, readCount, readLogLevel } from "../../config/flags.ts";

/** What the daemon does. */
export interface HaOptions {
  /** Admin address of the dashboard. */
  readonly dashboard: string;
  readonly logFile: string | undefined;
  readonly logLevel: LogLevel;
  /** Between two rounds, milliseconds. */
  readonly intervalMs: number;
  /** Changes nothing, only logs. */
  readonly isObserver: boolean;
  /** Forgets proxies that don't answer, one in each round. */
  readonly removesProxies: boolean;
  /** Takes replicas that don't answer out of their groups, one in each round. */
  readonly removesReplicas: boolean;
}

/** What the command line asks for. */
export type HaOrder =
  | { readonly kind: "run"; readonly options: HaOptions }
  | { readonly kind: "print"; readonly text: string };

const INTERVAL_S = 5;
const INTERVAL_S_MAX = 3_600;

const HELP = `
Looks at the dashboard's statistics once an interval. A master that has been bad for three rounds in a row, and that
doesn't answer this daemon either, is replaced by the replica that has most of its data; one group in a round. Run it
beside an original dashboard. Our dashboards do this better by themselves: set ha_enabled = true, and this daemon
only logs. Groups that sentinels watch are left to them. Unlike codis-ha it never removes proxies or replicas, and
never shuts servers down, unless a flag asks for the first two.

For people: codis ha status, codis ha history.`;

/** Reads the arguments that follow `codis ha`. Throws USAGE. */
export function parseHaFlags(argv: readonly string[]): HaOrder {
  const command = createCommand();
  const parsed = parseFlags(command, argv, []);
  if (parsed.kind === "print") {
    return parsed;
  }
  const { flags } = parsed;
  const dashboard = readAddr(flags, "dashboard");
  if (dashboard === undefined) {
    throw new CodisError(
      "USAGE",
      "--dashboard=ADDR is needed: the admin address of the dashboard; for people: codis ha status",
    );
  }
  const seconds = readCount(flags, "interval") ?? INTERVAL_S;
  if (seconds > INTERVAL_S_MAX) {
    throw new CodisError(
      "USAGE",
      `invalid --interval=${seconds}: expected 1 to ${INTERVAL_S_MAX} seconds`,
    );
  }
  return {
    kind: "run",
    options: {
      dashboard,
      logFile: flags.get("log"),
      logLevel: readLogLevel(flags),
      intervalMs: seconds * 1_000,
      // The library knows the flag by what it takes away.
      isObserver: command.getOptionValue("maintains") === false,
      removesProxies: flags.has("remove-proxies"),
      removesReplicas: flags.has("remove-replicas"),
    },
  };
}

function createCommand(): Command {
  return new Command("codis ha")
    .description("Replaces masters that died, beside a dashboard.")
    .allowExcessArguments(false)
    .option("--dashboard <addr>", "admin address of the dashboard")
    .option("--interval <seconds>", `between two rounds (default: ${INTERVAL_S})`)
    .option("--no-maintains", "only log, change nothing")
    .option("--remove-proxies", "forget proxies that don't answer, one in a round")
    .option(
      "--remove-replicas",
      "take replicas that don't answer out of their groups, one in a round",
    )
    .option("-l, --log <file>", "log file; a new one each day, named FILE.YYYY-MM-DD")
    .option("--log-level <level>", `${LOG_LEVELS.join(", ").toUpperCase()} (default: INFO)`)
    .addHelpText("after", HELP);
}
