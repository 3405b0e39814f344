/**
 * Two small servers between which keys move with MIGRATE: what it does to the keys, what the source answers and
 * when, and what of a broken transfer may still arrive, all as a test says. Replies of the source are kept back until
 * `answer`. Keys have no values: they are at the source, at the target, or at both.
 *
 * Looks by itself for what a mover must never do (`violations`).
 */

import { FakeRedis, type JournalEntry } from "./fake-redis.ts";
import { bulk, line } from "./fake-store.ts";

/**
 * What becomes of a MIGRATE. `lost`: IOERR, and its keys may arrive at any later time. `half`: the same, with the first
 * key moved before. `cut`: it is carried out, and the connection is lost instead of the reply.
 */
export type MigrateFault = "lost" | "half" | "cut";

/** See the file head. */
export class FakeMigratePair {
  /** `db:name` of keys. */
  readonly atSource = new Set<string>();
  readonly atTarget = new Set<string>();
  /** Keys of broken transfers, by the id of the connection at the target that they may still come over. */
  readonly late = new Map<string, readonly string[]>();
  readonly violations: string[] = [];
  /** Asked once for each MIGRATE. */
  faultOf: (ids: readonly string[]) => MigrateFault | undefined = () => undefined;
  replicas = 0;
  #ioErrors = 0;
  #nextLateId = 1_000;
  #underWay: readonly string[] = [];
  #isCut = false;
  readonly source: FakeRedis;
  readonly target: FakeRedis;

  private constructor(source: FakeRedis, target: FakeRedis) {
    this.source = source;
    this.target = target;
    source.isWithholding = true;
    source.options = {
      answer: (entry) => this.#answerSource(entry),
      deliver: () => this.#deliver(),
    };
    target.options = { answer: (entry) => this.#answerTarget(entry) };
  }

  static async start(): Promise<FakeMigratePair> {
    return new FakeMigratePair(await FakeRedis.start(), await FakeRedis.start());
  }

  async close(): Promise<void> {
    await Promise.all([this.source.close(), this.target.close()]);
  }

  /** Keys of the MIGRATEs that have come so far, each as `db:name,db:name`. */
  get migrates(): readonly string[] {
    return this.source
      .requests("MIGRATE")
      .map((entry) => idsOf(entry.db, keysOfMigrate(entry)).join(","));
  }

  /** The source answers what has come, and keeps back what comes later. */
  answer(): void {
    this.#underWay = [];
    this.source.release();
    this.source.isWithholding = true;
  }

  /** The target has lost its keys, and is there again. */
  restartTarget(): void {
    this.atTarget.clear();
    this.target.dropConnections();
  }

  #deliver() {
    const isCut = this.#isCut;
    this.#isCut = false;
    return isCut ? { closeAfterBytes: 0 } : {};
  }

  #answerSource(entry: JournalEntry): Buffer | undefined {
    const [name = "", ...args] = entry.argv.map((arg) => arg.toString("latin1"));
    switch (name) {
      case "INFO":
        return args[0] === "server"
          ? bulk(`# Server\r\nrun_id:${"a".repeat(40)}\r\nuptime_in_seconds:100\r\n`)
          : bulk(`# Errorstats\r\nerrorstat_IOERR:count=${this.#ioErrors},x=1\r\n`);
      case "EXISTS":
        return line(`:${idsOf(entry.db, args).filter((id) => this.atSource.has(id)).length}`);
      case "UNLINK":
        return line(`:${this.#unlink(idsOf(entry.db, args))}`);
      case "MIGRATE":
        return this.#migrate(entry, args);
      case "CLIENT":
        return args[0] === "ID" ? line(`:${entry.connection}`) : clientReply(args, "");
      default:
        return undefined;
    }
  }

  #answerTarget(entry: JournalEntry): Buffer | undefined {
    const [name = "", ...args] = entry.argv.map((arg) => arg.toString("latin1"));
    switch (name) {
      case "ROLE": {
        const replica = "*3\r\n$1\r\nr\r\n$1\r\n1\r\n$1\r\n0";
        return line(
          `*3\r\n$6\r\nmaster\r\n:0\r\n*${this.replicas}${`\r\n${replica}`.repeat(this.replicas)}`,
        );
      }
      case "EXISTS":
        return line(`:${idsOf(entry.db, args).filter((id) => this.atTarget.has(id)).length}`);
      case "SPUBLISH":
        return line(":0");
      case "WAIT":
        return line(`:${this.replicas}`);
      case "CLIENT": {
        if (args[1] === "ID") this.late.delete(args[2] ?? "");
        const ids = [...this.late.keys()];
        return clientReply(args, ids.map((id) => `id=${id} name= cmd=restore\n`).join(""));
      }
      default:
        return undefined;
    }
  }

  #migrate({ db, argv }: JournalEntry, args: readonly string[]): Buffer {
    const ids = idsOf(db, keysOfMigrate({ argv }));
    this.#send(ids);
    if (args[3] !== `${db}`) {
      this.violations.push(`keys of database ${db} are sent to database ${args[3]}`);
    }
    const fault = this.faultOf(ids);
    const isCopy = args.includes("COPY");
    const present = ids.filter((id) => this.atSource.has(id));
    if (fault === "lost" || fault === "half") {
      const sure = fault === "half" ? 1 : 0;
      this.#move(present.slice(0, sure), isCopy);
      this.#ioErrors += 1;
      this.late.set(`${this.#nextLateId++}`, ids.slice(sure));
      return line("-IOERR error or timeout reading to target instance");
    }
    this.#isCut = fault === "cut";
    const isBusy = present.some((id) => this.atTarget.has(id));
    this.#move(
      present.filter((id) => !this.atTarget.has(id)),
      isCopy,
    );
    if (isBusy) {
      return line(
        "-ERR Target instance replied with error: BUSYKEY Target key name already exists.",
      );
    }
    return line(present.length === 0 ? "+NOKEY" : "+OK");
  }

  #move(ids: readonly string[], isCopy: boolean): void {
    for (const id of ids) {
      this.atTarget.add(id);
      if (!isCopy) this.atSource.delete(id);
    }
  }

  #unlink(ids: readonly string[]): number {
    this.#send(ids);
    for (const id of ids) {
      if (this.atSource.has(id) && !this.atTarget.has(id)) {
        this.violations.push(`${id} is unlinked, and only the source has it`);
      }
    }
    return ids.filter((id) => this.atSource.delete(id)).length;
  }

  /** One command that takes keys away is under way at a time. */
  #send(ids: readonly string[]): void {
    if (this.#underWay.length > 0) {
      this.violations.push(`${ids} are sent behind ${this.#underWay}, which aren't answered`);
    }
    this.#underWay = ids;
  }
}

function idsOf(db: number, names: readonly string[]): readonly string[] {
  return names.map((name) => `${db}:${name}`);
}

function keysOfMigrate({ argv }: Pick<JournalEntry, "argv">): readonly string[] {
  const words = argv.map((arg) => arg.toString("latin1"));
  return words.slice(words.indexOf("KEYS") + 1);
}

function clientReply([name]: readonly string[], list: string): Buffer {
  if (name === "LIST") return bulk(list);
  return line(name === "KILL" ? ":1" : "+OK");
}
