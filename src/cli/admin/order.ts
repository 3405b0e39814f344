/**
 * One thing that `codis admin` can do, the choice of it from the flags that were given, and the help text
 * that lists them all. A flag that has no meaning for what was chosen is refused: what it was meant to do
 * would not be done.
 */
import { CodisError } from "../../base/error.ts";
import { parseServerAddr } from "../../model/address.ts";
import { type AdminFlags, showFlag } from "./flag.ts";

/** Whom an order is for; `file`: nobody but a file. */
export type AdminTarget = "proxy" | "dashboard" | "coordinator" | "file";

/** One thing to do. */
export interface AdminOrder {
  readonly target: AdminTarget;
  /** Flags or words that choose it; none: what is done when nothing else is chosen. */
  readonly select: readonly string[];
  /** Flags that must be there; a list in the list: exactly one of them. */
  readonly needs?: readonly (string | readonly string[])[];
  /** Flags that may be there. */
  readonly takes?: readonly string[];
  readonly summary: string;
  /** Does it; resolves with what to print, which may be empty. */
  readonly run: (args: AdminArgs) => Promise<string>;
}

/** Flags that go with every order of a target. */
const GLOBAL: Readonly<Record<AdminTarget, readonly string[]>> = {
  proxy: ["proxy", "auth", "verbose"],
  dashboard: ["dashboard", "api-token", "verbose"],
  coordinator: ["zookeeper", "zookeeper-auth", "etcd", "etcd-auth", "filesystem", "verbose"],
  file: ["verbose"],
};

/** One line on stderr beside the answer. */
export function note(line: string): void {
  process.stderr.write(`codis admin: ${line}\n`);
}

/** The flags of a command line, checked where they are read. Methods throw `USAGE` with one line. */
export class AdminArgs {
  readonly #flags: AdminFlags;

  constructor(flags: AdminFlags) {
    this.#flags = flags;
  }

  has(name: string): boolean {
    return this.#flags.values.has(name);
  }

  /** The value; undefined when it wasn't given. */
  find(name: string): string | undefined {
    return this.#flags.values.get(name);
  }

  /** The value of a flag that must be there. */
  text(name: string): string {
    const value = this.find(name);
    if (value === undefined) {
      throw new CodisError("USAGE", `${showFlag(name)} is needed`);
    }
    return value;
  }

  /** A whole number from `min` to `max`. */
  count(name: string, min: number, max: number): number {
    const text = this.text(name);
    const value = Number(text);
    if (!/^\d{1,9}$/.test(text) || value < min || value > max) {
      throw new CodisError(
        "USAGE",
        `invalid --${name}=${text}: expected a whole number from ${min} to ${max}`,
      );
    }
    return value;
  }

  /** `host:port`. */
  addr(name: string): string {
    const text = this.text(name);
    if (parseServerAddr(text) === undefined) {
      throw new CodisError("USAGE", `invalid --${name}=${text}: expected host:port`);
    }
    return text;
  }
}

/** The order that the flags choose. Throws `USAGE` when there is none, or when a flag doesn't fit. */
export function chooseOrder(
  orders: readonly AdminOrder[],
  target: AdminTarget,
  flags: AdminFlags,
): AdminOrder {
  const given = new Set([...flags.values.keys(), ...flags.words]);
  const chosen = orders
    .filter((order) => order.target === target && order.select.every((name) => given.has(name)))
    .reduce<AdminOrder | undefined>(
      (best, order) =>
        best === undefined || order.select.length > best.select.length ? order : best,
      undefined,
    );
  if (chosen === undefined) {
    throw new CodisError("USAGE", `what shall be done with the ${target}? See codis admin --help`);
  }
  checkFit(chosen, flags, given);
  return chosen;
}

function checkFit(order: AdminOrder, flags: AdminFlags, given: ReadonlySet<string>): void {
  const needs = order.needs ?? [];
  const allowed = new Set([
    ...GLOBAL[order.target],
    ...order.select,
    ...needs.flat(),
    ...(order.takes ?? []),
  ]);
  const what = describeSelection(order);
  for (const name of given) {
    if (!allowed.has(name)) {
      const shown = flags.values.has(name) ? (name === "1" ? "-1" : `--${name}`) : `"${name}"`;
      throw new CodisError("USAGE", `${shown} has no meaning with ${what}; see codis admin --help`);
    }
  }
  for (const need of needs) {
    const names = typeof need === "string" ? [need] : need;
    const count = names.filter((name) => given.has(name)).length;
    const list = names.map(showFlag).join(" or ");
    if (count === 0) {
      throw new CodisError("USAGE", `${what} needs ${list}`);
    }
    if (count > 1) {
      throw new CodisError("USAGE", `${what} takes only one of ${list}`);
    }
  }
}

function describeSelection(order: AdminOrder): string {
  return order.select.length === 0 ? `--${order.target}` : order.select.map(showWord).join(" ");
}

/** What a target is called, and the flags that name it, for help texts and documents. */
export interface TargetHead {
  readonly title: string;
  readonly usage: string;
}

/** All targets, in the order of the help text. */
export const TARGET_HEADS: Readonly<Record<AdminTarget, TargetHead>> = {
  dashboard: { title: "A dashboard", usage: "--dashboard=ADDR [--api-token=SECRET], and:" },
  proxy: { title: "A proxy directly", usage: "--proxy=ADDR [--auth=PASSWORD], and:" },
  coordinator: {
    title: "A coordinator directly",
    usage:
      "--zookeeper=ADDR [--zookeeper-auth=USER:PASSWORD], --etcd=ADDR [--etcd-auth=USER:PASSWORD], or " +
      "--filesystem=FOLDER, and:",
  },
  file: { title: "A file", usage: "nothing but:" },
};

/** Column of the summaries in the help text. */
const SUMMARY_COLUMN = 36;
const HELP_WIDTH = 100;

/** All orders with their flags and summaries, by target. */
export function describeOrders(orders: readonly AdminOrder[]): string {
  return (Object.keys(TARGET_HEADS) as AdminTarget[])
    .map((target) => {
      const lines = orders.filter((order) => order.target === target).map(describeOrder);
      const { title, usage } = TARGET_HEADS[target];
      const head = wrap(`${title}: ${usage}`, HELP_WIDTH).join("\n");
      return `${head}\n${lines.join("")}`;
    })
    .join("\n");
}

function describeOrder(order: AdminOrder): string {
  const use = `  ${describeUse(order)}`;
  const lines = wrap(order.summary, HELP_WIDTH - SUMMARY_COLUMN);
  const indent = " ".repeat(SUMMARY_COLUMN);
  const first = use.length <= SUMMARY_COLUMN - 2 ? lines.shift() : undefined;
  const head = first === undefined ? use : use.padEnd(SUMMARY_COLUMN) + first;
  return [head, ...lines.map((line) => indent + line)].map((line) => `${line}\n`).join("");
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last === undefined || last.length + word.length + 1 > width) {
      lines.push(word);
    } else {
      lines[lines.length - 1] = `${last} ${word}`;
    }
  }
  return lines;
}

/** The flags of an order as help and documents show them. */
export function describeUse(order: AdminOrder): string {
  const selection = order.select.length === 0 ? ["(nothing more)"] : order.select.map(showWord);
  const needs = (order.needs ?? []).map((need) =>
    typeof need === "string" ? showFlag(need) : `(${need.map(showFlag).join("|")})`,
  );
  const takes = (order.takes ?? []).map((name) => `[${showFlag(name)}]`);
  return [...selection, ...needs, ...takes].join(" ");
}

/** Words that choose a part of the answer, without dashes. */
export const WORDS: readonly string[] = ["config", "model", "stats", "slots", "group", "proxy"];

function showWord(name: string): string {
  return WORDS.includes(name) ? name : showFlag(name);
}
