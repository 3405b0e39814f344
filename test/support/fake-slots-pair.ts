/**
 * Two fake servers with the slot commands of codis-server, as far as a proxy uses them: what the source answers is
 * in the form of the recordings, and keys really go from the one store to the other. A test says which keys are on
 * their way, and whether the source is full or busy with a job.
 */
import { type FakeRedis, FakeRedis as FakeRedisClass, type JournalEntry } from "./fake-redis.ts";
import { aggregate, bulk, line } from "./fake-store.ts";

/** See the file head. */
export interface FakeSlotsPair {
  readonly source: FakeRedis;
  readonly target: FakeRedis;
  /** Names of keys that are on their way: commands on them have to wait. */
  readonly onTheirWay: Set<string>;
  /** The source refuses to be asked, as one of Codis does when it is full. */
  isFull: boolean;
  /** Another job is under way: SLOTSMGRTTAGONE-ASYNC is refused, so many times. */
  busyTimes: number;
  close(): Promise<void>;
}

const INFO = "# Server\r\nrun_id:1234\r\nuptime_in_seconds:100\r\nredis_version:3.2.11\r\n";
const FULL = "-OOM command not allowed when used memory > 'maxmemory'.";

/** Starts both. */
export async function startFakeSlotsPair(): Promise<FakeSlotsPair> {
  const target = await FakeRedisClass.start({ answer: common });
  const source = await FakeRedisClass.start({ answer: (entry) => answer(entry) });
  const pair: FakeSlotsPair = {
    source,
    target,
    onTheirWay: new Set(),
    isFull: false,
    busyTimes: 0,
    async close() {
      await Promise.all([source.close(), target.close()]);
    },
  };
  /** Commands of a transaction, by connection. */
  const queued = new Map<number, (readonly Buffer[])[]>();

  const has = (db: number, name: Buffer | undefined): boolean =>
    run(source, db, [Buffer.from("EXISTS"), name ?? Buffer.alloc(0)]).toString() === ":1\r\n";

  function move(db: number, names: readonly Buffer[]): number {
    let moved = 0;
    for (const name of names) {
      if (has(db, name)) {
        const value = run(source, db, [Buffer.from("GET"), name]);
        const bytes = value.subarray(value.indexOf("\n") + 1, -2);
        run(target, db, [Buffer.from("SET"), name, bytes]);
        run(source, db, [Buffer.from("DEL"), name]);
        moved++;
      }
    }
    return moved;
  }

  function wrap({ argv, db }: JournalEntry): Buffer {
    const [, name, ...inner] = argv;
    const text = (code: number, words: string): Buffer =>
      aggregate("*", 2, [line(`:${code}`), line(words)]);
    const command = inner[0]?.toString().toUpperCase() ?? "";
    if (pair.isFull) return line(FULL);
    if (command === "NOSUCH") return text(-1, "-ERR invalid command specified (NOSUCH)");
    if (!has(db, name)) return text(0, "-ERR the specified key doesn't exist");
    if (command !== "GET" && pair.onTheirWay.has(`${name}`)) {
      return text(1, "-ERR the specified key is being migrated");
    }
    return aggregate("*", 2, [line(":2"), run(source, db, inner)]);
  }

  function answer(entry: JournalEntry): Buffer | undefined {
    const { argv, db, connection } = entry;
    const command = argv[0]?.toString().toUpperCase() ?? "";
    const transaction = queued.get(connection);
    if (transaction !== undefined && command !== "EXEC") {
      transaction.push(argv);
      return line("+QUEUED");
    }
    switch (command) {
      case "MULTI":
        queued.set(connection, []);
        return line("+OK");
      case "EXEC": {
        queued.delete(connection);
        const replies = (transaction ?? []).map((each) => run(source, db, each));
        return aggregate("*", replies.length, replies);
      }
      case "SLOTSMGRT-EXEC-WRAPPER":
        return wrap(entry);
      case "SLOTSMGRT-ASYNC-FENCE":
        return line("+OK");
      case "SLOTSMGRTTAGONE":
        return line(`:${move(db, argv.slice(4))}`);
      case "SLOTSMGRTTAGONE-ASYNC":
        if (pair.busyTimes > 0) {
          pair.busyTimes--;
          return line("-ERR the specified DB is being migrated");
        }
        return line(`:${move(db, argv.slice(6))}`);
      default:
        return common(entry);
    }
  }
  return pair;
}

function run(server: FakeRedis, db: number, argv: readonly Buffer[]): Buffer {
  return server.store.answer(argv, { db, proto: 2, name: "" });
}

/** What both are asked by movers. */
function common({ argv }: JournalEntry): Buffer | undefined {
  const words = argv.slice(0, 2).map((word) => word.toString().toUpperCase());
  switch (words[0]) {
    case "INFO":
      return bulk(INFO);
    case "ROLE":
      return aggregate("*", 3, [bulk("master"), line(":0"), aggregate("*", 0, [])]);
    case "CLIENT":
      return words[1] === "ID" ? line(":7") : undefined;
    default:
      return undefined;
  }
}
