/**
 * A `FakeRedis` that answers as codis-server 3.2 does where the control plane asks: INFO, SLOTSINFO and
 * SLOTSSCAN for keys by database, no FUNCTION, no ACL, no masteruser. Replies as in real recordings.
 */
import { type FakeRedis, FakeRedis as FakeRedisClass, type JournalEntry } from "./fake-redis.ts";
import { aggregate, bulk, line } from "./fake-store.ts";

/** Keys by slot, by database. */
export type CodisKeys = Readonly<Record<number, Readonly<Record<number, readonly string[]>>>>;

/** What differs from an empty codis-server 3.2.11 that is a master. */
export interface FakeCodisOptions {
  readonly keys?: CodisKeys;
  /** Fields of INFO. */
  readonly info?: Readonly<Record<string, string>>;
}

/** Starts one. */
export function startFakeCodis(options: FakeCodisOptions = {}): Promise<FakeRedis> {
  /** Commands queued in a transaction, by connection. */
  const queued = new Map<number, number>();
  return FakeRedisClass.start({
    answer: (entry) => transact(entry, queued) ?? answer(entry, options),
  });
}

/** MULTI, EXEC and what is between them; everything in a transaction succeeds. */
function transact(entry: JournalEntry, queued: Map<number, number>): Buffer | undefined {
  const name = entry.argv[0]?.toString().toUpperCase();
  const count = queued.get(entry.connection);
  if (name === "MULTI") {
    queued.set(entry.connection, 0);
    return line("+OK");
  }
  if (count === undefined) {
    return undefined;
  }
  if (name === "EXEC") {
    queued.delete(entry.connection);
    return aggregate("*", count, Array(count).fill(line("+OK")));
  }
  queued.set(entry.connection, count + 1);
  return line("+QUEUED");
}

function answer({ argv, db }: JournalEntry, options: FakeCodisOptions): Buffer | undefined {
  const [name, ...args] = argv.map((arg) => arg.toString("latin1"));
  const slots = options.keys?.[db] ?? {};
  switch (name?.toUpperCase()) {
    case "INFO":
      return bulk(infoText(options));
    case "CONFIG":
      return aggregate("*", 0, []);
    case "SLOTSINFO": {
      const [start = 0, count = 1024] = args.map(Number);
      const entries = Object.entries(slots).filter(
        ([slot]) => Number(slot) >= start && Number(slot) < start + count,
      );
      const items = entries.map(([slot, keys]) =>
        aggregate("*", 2, [line(`:${slot}`), line(`:${keys.length}`)]),
      );
      return aggregate("*", items.length, items);
    }
    case "SLOTSSCAN": {
      const keys = slots[Number(args[0])] ?? [];
      return aggregate("*", 2, [bulk("0"), aggregate("*", keys.length, keys.map(bulk))]);
    }
    case "FUNCTION":
    case "ACL":
      return line(`-ERR unknown command '${name}'`);
    default:
      return undefined;
  }
}

function infoText({ keys = {}, info = {} }: FakeCodisOptions): string {
  const fields: Record<string, string> = {
    redis_version: "3.2.11",
    redis_mode: "standalone",
    run_id: "57020f427e5ca6f7ba9ab978810c116e5945fcb4",
    loading: "0",
    maxmemory: "0",
    role: "master",
    connected_slaves: "0",
    master_repl_offset: "0",
    cluster_enabled: "0",
    ...info,
  };
  for (const [db, slots] of Object.entries(keys)) {
    const count = Object.values(slots).reduce((sum, names) => sum + names.length, 0);
    fields[`db${db}`] = `keys=${count},expires=0,avg_ttl=0`;
  }
  return `# Server\r\n${Object.entries(fields)
    .map(([name, value]) => `${name}:${value}\r\n`)
    .join("")}`;
}
