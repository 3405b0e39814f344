/**
 * The command lines of `codis up`, `down` and `status`. Wrong ones become a `CodisError` with one line;
 * the library's own messages are used where they are clear.
 */
import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { CodisError } from "../base/error.ts";
import { defaultDir, LOCAL_COORDINATORS } from "./layout.ts";
import type { Wishes } from "./plan.ts";

/** Flags of `codis up`. */
export interface UpFlags extends Wishes {
  readonly dir: string | undefined;
  readonly detach: boolean | undefined;
  /** Worker processes of each proxy; undefined leaves it to the proxy. */
  readonly ncpu: number | undefined;
}

/** Flags of `codis down` and `codis status`. */
export interface DirFlags {
  readonly dir: string | undefined;
  readonly json: boolean | undefined;
}

/** undefined: help was asked for and printed. */
export function parseUpFlags(argv: readonly string[]): UpFlags | undefined {
  const command = createCommand(
    "up",
    "Starts a local cluster: redis-servers, proxies and a dashboard.",
  )
    .option(
      "--groups <n>",
      "groups, each with one master (default: 2); more later: codis rebalance fills them",
      countIn(1, 64),
    )
    .option("--replicas <n>", "replicas of each master (default: 0)", countIn(0, 5))
    .option(
      "--sentinels <n>",
      "Redis Sentinels that replace dead masters (default: 0: the dashboard does)",
      countIn(0, 9),
    )
    .option("--codis-server", "servers with the slot commands of codis-server (our module)")
    .option("--no-codis-server", "servers without them, where they had them")
    .option("--proxies <n>", "proxies, on ports one after another (default: 1)", countIn(1, 64))
    .option("--port <port>", "port of the first proxy (default: 19000)", countIn(1, 65_535))
    .addOption(
      new Option(
        "--coordinator <kind>",
        "where the topology is kept: filesystem, zookeeper or etcd (default: filesystem)",
      ).choices([...LOCAL_COORDINATORS]),
    )
    .option("--ncpu <n>", "worker processes of each proxy", countIn(1, 256))
    .option("--detach", "return when the cluster is ready; codis down ends it")
    .addHelpText(
      "after",
      "\nA cluster that the folder holds already is started again with its data; flags that aren't\n" +
        "given stay as they are. Without --detach, Ctrl-C ends the cluster. Everything listens on\n" +
        "127.0.0.1 only. If the product has users, CODIS_TOKEN in the environment is the secret of an\n" +
        "operator, by which new parts are added.\n\n" +
        "With replicas, a master that dies is replaced after 3 s: by the sentinels, or without them by the\n" +
        "dashboard. It is started again later, as a replica. Names of servers are what they were made as.",
    );
  return parse<UpFlags>(command, argv);
}

/** undefined: help was asked for and printed. */
export function parseDownFlags(argv: readonly string[]): DirFlags | undefined {
  return parse<DirFlags>(createCommand("down", "Ends a local cluster; its data stays."), argv);
}

/** undefined: help was asked for and printed. */
export function parseStatusFlags(argv: readonly string[]): DirFlags | undefined {
  const command = createCommand("status", "Shows a local cluster.")
    .option("--json", "for programs")
    .addHelpText("after", "\nExit code 0 when all processes serve, 1 when some or all don't.");
  return parse<DirFlags>(command, argv);
}

function createCommand(name: string, description: string): Command {
  return new Command(`codis ${name}`)
    .description(description)
    .option("--dir <dir>", `folder of the cluster (default: ${defaultDir()})`)
    .allowExcessArguments(false)
    .exitOverride()
    .configureOutput({ writeErr: () => undefined });
}

function parse<Flags>(command: Command, argv: readonly string[]): Flags | undefined {
  try {
    return command.parse(argv, { from: "user" }).opts() as Flags;
  } catch (thrown) {
    if (!(thrown instanceof CommanderError)) {
      throw thrown;
    }
    if (thrown.exitCode === 0) {
      return undefined;
    }
    const message = thrown.message
      .replace(/^error: /, "")
      .replaceAll(/\s*\n\s*/g, " ")
      .replace(/\.$/, "");
    throw new CodisError("USAGE", `${message}; see ${command.name()} --help`, { cause: thrown });
  }
}

function countIn(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < min || value > max) {
      throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`);
    }
    return value;
  };
}
