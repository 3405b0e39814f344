/**
 * A sentinel that says what a test wants, on the small Redis server of `fake-redis.ts`: masters with their fields,
 * messages on `+switch-master`, a password, and silence.
 */
import { FakeRedis, type JournalEntry } from "./fake-redis.ts";

/** What it says of one master. */
export interface FakeMaster {
  readonly name: string;
  readonly addr: string;
  readonly epoch: number;
  /** Default `master`. */
  readonly flags?: string;
  /** What GET-MASTER-ADDR-BY-NAME answers; default is `addr`. */
  readonly current?: string;
}

/** See the file head. */
export class FakeSentinel {
  readonly redis: FakeRedis;
  masters: readonly FakeMaster[] = [];
  /** Everything else is refused until it was given. */
  password = "";
  readonly #loggedIn = new Set<number>();

  static async start(...masters: readonly FakeMaster[]): Promise<FakeSentinel> {
    const fake = new FakeSentinel(await FakeRedis.start());
    fake.masters = masters;
    return fake;
  }

  private constructor(redis: FakeRedis) {
    this.redis = redis;
    redis.options = { answer: (entry) => this.#answer(entry) };
  }

  get addr(): string {
    return this.redis.addr;
  }

  /** Questions for its masters that have come. */
  get questions(): number {
    return this.redis.requests("SENTINEL").filter(({ argv }) => argv[1]?.toString() === "MASTERS")
      .length;
  }

  #answer({ argv, connection }: JournalEntry): Buffer | undefined {
    const [command = "", sub = "", name = ""] = argv.map(String);
    if (command === "AUTH") {
      this.#loggedIn.add(connection);
      return Buffer.from(sub === this.password ? "+OK\r\n" : "-WRONGPASS invalid password\r\n");
    }
    if (this.password !== "" && !this.#loggedIn.has(connection)) {
      return Buffer.from("-NOAUTH Authentication required.\r\n");
    }
    if (command === "SUBSCRIBE") {
      return Buffer.from(`*3\r\n${bulk("subscribe")}${bulk(sub)}:1\r\n`);
    }
    if (command !== "SENTINEL") {
      return undefined;
    }
    const known = this.masters.find((one) => one.name === name);
    switch (sub) {
      case "MASTERS":
        return list(this.masters.map(fieldsOf));
      case "MASTER":
        return Buffer.from(known === undefined ? NO_SUCH_MASTER : flat(fieldsOf(known)));
      case "GET-MASTER-ADDR-BY-NAME":
        return Buffer.from(
          known === undefined ? "*-1\r\n" : flat(split(known.current ?? known.addr)),
        );
      default:
        return Buffer.from("-ERR Unknown sentinel subcommand\r\n");
    }
  }
}

const NO_SUCH_MASTER = "-ERR No such master with that name\r\n";

function fieldsOf({ name, addr, epoch, flags = "master" }: FakeMaster): readonly string[] {
  const [ip = "", port = ""] = split(addr);
  const fields = { name, ip, port, runid: "", flags, "config-epoch": `${epoch}`, quorum: "2" };
  return Object.entries(fields).flat();
}

function split(addr: string): readonly string[] {
  const colon = addr.lastIndexOf(":");
  return [addr.slice(0, colon).replace(/[[\]]/g, ""), addr.slice(colon + 1)];
}

function list(items: readonly (readonly string[])[]): Buffer {
  return Buffer.from(`*${items.length}\r\n${items.map(flat).join("")}`);
}

function flat(items: readonly string[]): string {
  return `*${items.length}\r\n${items.map(bulk).join("")}`;
}

function bulk(text: string): string {
  return `$${Buffer.byteLength(text)}\r\n${text}\r\n`;
}
