/**
 * Many clients at work on the keys of a few slots, each operation logged. Objects are used for a while and
 * then left alone, so that their histories stay short enough to be searched, and so that there are keys that
 * nobody has asked for since they were written. All objects lie in the slots that are moved.
 */
import { Random } from "../../support/seed.ts";
import { type Answer, ChaosClient } from "./chaos-client.ts";
import { FAMILIES, type Family, LONE_STRING } from "./family.ts";
import { ANY, type Entry, type History, type Outcome, type Plain } from "./history.ts";
import { slotOfKey } from "./slot-of-key.ts";
import { plain, tidy } from "./snapshot.ts";

/** What a workload is made of. */
export interface WorkloadOptions {
  readonly seed: number;
  readonly ports: readonly number[];
  readonly clients: number;
  readonly slotCount: number;
  /** All keys are in these. */
  readonly slotIds: ReadonlySet<number>;
  /** Keys that are there from the beginning, and are seldom used. */
  readonly fillers: number;
  /** Mean pause of a client between two turns. */
  readonly pauseMs: number;
}

/** Keys of one tag, or one key. */
interface ChaosObject {
  /** `db/name`. */
  readonly id: string;
  readonly keys: readonly string[];
  readonly family: Family;
  uses: number;
  doubts: number;
}

interface Planned {
  readonly command: readonly string[];
  readonly parts: readonly { readonly object: ChaosObject; readonly command: readonly string[] }[];
}

const DATABASES = [0, 0, 0, 3];
const OBJECTS_PER_FAMILY = 3;
const USES_MAX = 120;
/** Each doubles what a search may have to look at. */
const DOUBTS_MAX = 3;
const PIPELINE_MAX = 4;
/** Of turns: on keys that are seldom used, on several slots at once. */
const FILLER_SHARE = 0.25;
const SPREAD_SHARE = 0.08;
const LOADERS = 4;

/** Replies that are errors and still answers of the server to a command it carried out. */
const ANSWER = /^ERR no such key/;
/** Said by a proxy that sent nothing, or a server that did nothing. */
const NEVER =
  /^(?:TRYAGAIN |OOM |LOADING |ERR router is not online|ERR handle request, slot is not ready)/;
/** Errors that no client may see, whatever happens. */
const FORBIDDEN = new RegExp(
  "^(?:WRONGTYPE|BUSYKEY|MOVED|ASK|IOERR|NOSCRIPT|CROSSSLOT|READONLY|NOAUTH|NOPERM" +
    "|ERR (?:unknown|syntax|wrong|value|Target|DB index))",
);

/** See the file head. */
export class Workload {
  readonly #options: WorkloadOptions;
  readonly #history: History;
  readonly #clients: readonly ChaosClient[];
  readonly #active = new Map<string, ChaosObject[]>();
  readonly #fillers: ChaosObject[] = [];
  readonly #byKey = new Map<string, ChaosObject>();
  /** One for each database; they only delete. */
  readonly #deleters: readonly ChaosClient[];
  readonly #errors = new Map<string, number>();
  readonly #forbidden: string[] = [];
  readonly #answered = new Map<string, number>();
  readonly #namer: Random;
  #isStopped = false;
  #names = 0;
  #values = 0;

  constructor(history: History, options: WorkloadOptions) {
    this.#history = history;
    this.#options = options;
    this.#namer = new Random(options.seed);
    this.#clients = Array.from({ length: options.clients }, (_, index) => {
      const db = DATABASES[index % DATABASES.length] ?? 0;
      return new ChaosClient(`c${index}`, db, options.ports, new Random(options.seed + index + 1));
    });
    this.#deleters = [...new Set(DATABASES)].map(
      (db) => new ChaosClient(`deleter${db}`, db, options.ports, new Random(options.seed)),
    );
  }

  /** How often clients saw each error. */
  get errors(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#errors].sort((a, b) => b[1] - a[1]));
  }

  /** Errors that no client may see, with their operations. */
  get forbidden(): readonly string[] {
    return this.#forbidden;
  }

  /** Writes the keys that are there from the beginning. */
  async load(): Promise<void> {
    const { fillers } = this.#options;
    const loaders = this.#clients.slice(0, LOADERS);
    for (let index = 0; index < fillers; index += 1) {
      const db = loaders[index % loaders.length]?.db ?? 0;
      this.#fillers.push(this.#newObject(LONE_STRING, db, "filler"));
    }
    await Promise.all(
      loaders.map(async (client, at) => {
        const own = this.#fillers.filter((_, index) => index % loaders.length === at);
        for (const object of own) {
          const text = `${this.#unique()}:${"x".repeat(this.#namer.below(200))}`;
          await this.#turn(client, [this.#plan(object, ["SET", object.keys[0] ?? "", text])]);
        }
      }),
    );
  }

  /** Resolves after `stop`, when every client has its last answer. */
  async run(): Promise<void> {
    await Promise.all(
      this.#clients.map((client, index) =>
        this.#work(client, new Random(this.#options.seed * 31 + index)),
      ),
    );
  }

  /** Deletes those of the keys that clients made, by clients of their own; resolves when all are answered. */
  async deleteKeys(keys: readonly string[]): Promise<void> {
    const objects = new Set(keys.flatMap((key) => this.#byKey.get(key) ?? []));
    await Promise.all(
      this.#deleters.map(async (client) => {
        const own = [...objects].filter(({ id }) => id.startsWith(`${client.db}/`));
        await this.#turn(
          client,
          own.map((object) => this.#plan(object, ["DEL", ...object.keys])),
        );
      }),
    );
  }

  /** No client begins anything more. */
  stop(): void {
    this.#isStopped = true;
  }

  /** Cuts every connection. */
  close(): void {
    this.#isStopped = true;
    for (const client of [...this.#clients, ...this.#deleters]) {
      client.close();
    }
  }

  /** Operations of each client that were answered without an error. */
  answered(): ReadonlyMap<string, number> {
    return new Map(this.#answered);
  }

  async #work(client: ChaosClient, random: Random): Promise<void> {
    while (!this.#isStopped) {
      const turn = random.chance(SPREAD_SHARE)
        ? [this.#planSpread(client.db, random)]
        : this.#planPipeline(client.db, random);
      await this.#turn(client, turn);
      const ms = random.below(2 * this.#options.pauseMs + 1);
      await new Promise((resolve) => setTimeout(resolve, ms));
    }
  }

  /** Sends a pipeline and waits for all its answers. */
  async #turn(client: ChaosClient, turn: readonly Planned[]): Promise<void> {
    if (!(await client.connect())) {
      return;
    }
    const sent = new Map<ChaosObject, number>();
    await Promise.all(
      turn.map(({ command, parts }) => {
        const [only] = parts;
        const after = parts.length === 1 && only !== undefined ? (sent.get(only.object) ?? 0) : 0;
        const entries = this.#history.begin(
          client.name,
          parts.map((part) => ({ object: part.object.id, command: part.command })),
          after,
        );
        for (const { object } of parts) {
          object.uses += 1;
          sent.set(object, entries[0]?.id ?? 0);
        }
        return new Promise<void>((resolve) => {
          client.send(command, (answer) => {
            this.#settle(client, { command, parts }, entries, answer);
            resolve();
          });
        });
      }),
    );
  }

  #settle(client: ChaosClient, planned: Planned, entries: readonly Entry[], answer: Answer): void {
    const isSpread = planned.parts.length > 1;
    const outcome = outcomeOf(planned.command[0] ?? "", answer, isSpread);
    if (outcome.kind === "ok" && this.#clients.includes(client)) {
      this.#answered.set(client.name, (this.#answered.get(client.name) ?? 0) + 1);
    } else if (outcome.kind !== "ok") {
      this.#errors.set(outcome.error, (this.#errors.get(outcome.error) ?? 0) + 1);
      if (FORBIDDEN.test(outcome.error)) {
        this.#forbidden.push(`${client.name}: ${planned.command.join(" ")} -> ${outcome.error}`);
      }
    }
    for (const [index, entry] of entries.entries()) {
      this.#history.end(entry, isSpread ? partOf(planned, outcome, index) : outcome);
      const object = planned.parts[index]?.object;
      if (object !== undefined && outcome.kind === "maybe") {
        object.doubts += 1;
      }
    }
  }

  #planPipeline(db: number, random: Random): readonly Planned[] {
    const length = random.chance(0.7) ? 1 : 1 + random.below(PIPELINE_MAX);
    return Array.from({ length }, () => {
      const object = random.chance(FILLER_SHARE)
        ? this.#pickFiller(db, random)
        : this.#pickActive(random.pick(FAMILIES), db, random);
      return this.#plan(
        object,
        object.family.command(random, object.keys, () => this.#unique()),
      );
    });
  }

  #plan(object: ChaosObject, command: readonly string[]): Planned {
    return { command, parts: [{ object, command }] };
  }

  /** One command over several slots: split by the proxy, so it promises nothing across them. */
  #planSpread(db: number, random: Random): Planned {
    const objects = new Set<ChaosObject>();
    for (let count = 2 + random.below(3); count > 0; count -= 1) {
      objects.add(this.#pickFiller(db, random));
    }
    for (let count = random.below(2); count >= 0; count -= 1) {
      objects.add(this.#pickActive(LONE_STRING, db, random));
    }
    const keys = [...objects].map((object) => ({ object, key: object.keys[0] ?? "" }));
    switch (random.pick(["MSET", "MSET", "MGET", "MGET", "MGET", "DEL"])) {
      case "MSET": {
        const pairs = keys.map(({ object, key }) => ({ object, key, text: this.#unique() }));
        return {
          command: ["MSET", ...pairs.flatMap(({ key, text }) => [key, text])],
          parts: pairs.map(({ object, key, text }) => ({ object, command: ["SET", key, text] })),
        };
      }
      case "MGET":
        return {
          command: ["MGET", ...keys.map(({ key }) => key)],
          parts: keys.map(({ object, key }) => ({ object, command: ["GET", key] })),
        };
      default:
        return {
          command: ["DEL", ...keys.map(({ key }) => key)],
          parts: keys.map(({ object, key }) => ({ object, command: ["DEL", key] })),
        };
    }
  }

  #pickFiller(db: number, random: Random): ChaosObject {
    for (let tries = 0; tries < 50; tries += 1) {
      const object = random.pick(this.#fillers);
      if (object.id.startsWith(`${db}/`) && !isWorn(object)) {
        return object;
      }
    }
    const fresh = this.#newObject(LONE_STRING, db, "filler");
    this.#fillers.push(fresh);
    return fresh;
  }

  #pickActive(family: Family, db: number, random: Random): ChaosObject {
    const name = `${db}/${family.name}`;
    const list = this.#active.get(name) ?? [];
    this.#active.set(name, list);
    const at = random.below(OBJECTS_PER_FAMILY);
    const old = list[at];
    if (old !== undefined && !isWorn(old)) {
      return old;
    }
    const fresh = this.#newObject(family, db, family.name);
    if (old === undefined) {
      list.push(fresh);
    } else {
      list[at] = fresh;
    }
    return fresh;
  }

  /** Names are tried until one lies in a slot that is moved. */
  #newObject(family: Family, db: number, prefix: string): ChaosObject {
    const { slotIds, slotCount } = this.#options;
    for (;;) {
      this.#names += 1;
      const isLone = family.suffixes.length === 0;
      const name = isLone ? `${prefix}:${this.#names}` : `{${prefix}:${this.#names}}`;
      if (slotIds.has(slotOfKey(name, slotCount))) {
        const keys = isLone ? [name] : family.suffixes.map((suffix) => `${name}${suffix}`);
        const object = { id: `${db}/${name}`, keys, family, uses: 0, doubts: 0 };
        for (const key of keys) {
          this.#byKey.set(key, object);
        }
        return object;
      }
    }
  }

  #unique(): string {
    this.#values += 1;
    return `v${this.#values}`;
  }
}

function isWorn(object: ChaosObject): boolean {
  return object.uses >= USES_MAX || object.doubts >= DOUBTS_MAX;
}

function outcomeOf(name: string, answer: Answer, isSpread: boolean): Outcome {
  if (answer.kind === "cut") {
    return { kind: "maybe", error: `cut: ${answer.reason}` };
  }
  const { value } = answer;
  if (value.type !== "error") {
    return { kind: "ok", output: tidy(name, plain(value)) };
  }
  if (ANSWER.test(value.text)) {
    return { kind: "ok", output: plain(value) };
  }
  // Of a command over several slots, other parts may have been carried out.
  const isNever = NEVER.test(value.text) && !isSpread;
  return { kind: isNever ? "never" : "maybe", error: value.text };
}

/** What the outcome of a command over several slots says of one of its objects. */
function partOf({ command }: Planned, outcome: Outcome, index: number): Outcome {
  if (outcome.kind !== "ok") {
    return outcome;
  }
  switch (command[0]) {
    case "MGET":
      return { kind: "ok", output: (outcome.output as readonly Plain[])[index] ?? null };
    case "MSET":
      return outcome;
    default: {
      // DEL tells only how many of all there were.
      const { output } = outcome;
      const isSame = output === 0 || output === command.length - 1;
      return { kind: "ok", output: isSame ? Math.min(1, output) : ANY };
    }
  }
}
