/**
 * Clients that count what a server has acknowledged: each increments a counter of its own in pipelines
 * until its connection is closed. The counter at the server is what was done, the replies are what was
 * acknowledged; a test compares the two.
 */
import { waitFor } from "./deadline.ts";
import type { RedisServer } from "./redis-server.ts";
import { RespConnection } from "./resp-connection.ts";
import { ask, keyOfGroup } from "./running-proxy.ts";

/** Requests that one writer has in flight. */
export const WRITER_PIPELINE = 8;

/** One client that increments its own counter in pipelines until its connection is closed. */
class CountingWriter {
  readonly key: string;
  acknowledged = 0;
  /** Replies that weren't numbers. */
  readonly errors: string[] = [];

  constructor(key: string) {
    this.key = key;
  }

  /** Writes until the connection is closed. */
  async run(port: number): Promise<void> {
    const connection = await RespConnection.open(port);
    const frame = `*2\r\n$4\r\nINCR\r\n$${this.key.length}\r\n${this.key}\r\n`;
    const pipeline = Buffer.from(frame.repeat(WRITER_PIPELINE));
    try {
      for (;;) {
        connection.write(pipeline);
        for (let left = WRITER_PIPELINE; left > 0; left--)
          this.#note(`${await connection.next("INCR")}`);
      }
    } catch (thrown) {
      if (!/closed the connection|ECONNRESET|EPIPE/.test(`${thrown}`)) throw thrown;
    } finally {
      connection.destroy();
    }
  }

  #note(reply: string): void {
    if (/^:\d+\r\n$/.test(reply)) this.acknowledged++;
    else this.errors.push(reply);
  }
}

/** So many writers, half of them on keys of each of two groups. */
export function newWriters(count: number): readonly CountingWriter[] {
  return Array.from(
    { length: count },
    (_, index) => new CountingWriter(keyOfGroup((index % 2) + 1, 2, index, "counter")),
  );
}

/** Resolves when the writers together have so many acknowledged writes. */
export async function waitForWrites(
  writers: readonly CountingWriter[],
  count: number,
): Promise<void> {
  await waitFor(`${count} acknowledged writes`, 30_000, () => {
    const sum = writers.reduce((total, writer) => total + writer.acknowledged, 0);
    return sum >= count ? true : undefined;
  });
}

/** The counter of a key, at whichever of the servers has it. */
export async function counterOf(servers: readonly RedisServer[], key: string): Promise<number> {
  const values = await Promise.all(servers.map((server) => ask(server.port, "GET", key)));
  return values.reduce((sum, value) => sum + Number(/\r\n(\d+)\r\n/.exec(value)?.[1] ?? 0), 0);
}
