/**
 * A client that serves itself as a proxy does while a slot moves by the semi-async method: it asks the source
 * through SLOTSMGRT-EXEC-WRAPPER, goes to the target when the key isn't at the source, and asks again while the
 * key is being moved. Connections that broke are opened anew; what became of a command that was under way then is
 * not known, and it says so.
 */
import { waitFor } from "./deadline.ts";
import { RespConnection } from "./resp-connection.ts";

const ANSWER_MS = 30_000;

/** Serves commands of one key at a time. */
export class WrapperClient {
  readonly #ports: readonly [number, number];
  readonly #open: [RespConnection | undefined, RespConnection | undefined] = [undefined, undefined];

  constructor(sourcePort: number, targetPort: number) {
    this.#ports = [sourcePort, targetPort];
  }

  /** The raw reply, or undefined when a connection broke and the command may have been executed or not. */
  async execute(key: string, ...argv: readonly string[]): Promise<string | undefined> {
    const endsAt = performance.now() + ANSWER_MS;
    for (;;) {
      const reply = await this.#call(0, "SLOTSMGRT-EXEC-WRAPPER", key, ...argv);
      if (reply === undefined) {
        return undefined;
      }
      if (reply.startsWith("*2\r\n:2\r\n")) {
        return reply.slice("*2\r\n:2\r\n".length);
      }
      if (reply.startsWith("*2\r\n:0\r\n")) {
        return await this.#call(1, ...argv);
      }
      if (!reply.startsWith("*2\r\n:1\r\n") || performance.now() > endsAt) {
        throw new Error(`${argv[0]} ${key}: ${reply}`);
      }
      await Bun.sleep(1);
    }
  }

  close(): void {
    for (const connection of this.#open) {
      connection?.destroy();
    }
  }

  async #call(side: 0 | 1, ...argv: readonly string[]): Promise<string | undefined> {
    const connection = await this.#connect(side);
    try {
      return (await connection.call(...argv)).toString("latin1");
    } catch {
      connection.destroy();
      this.#open[side] = undefined;
      return undefined;
    }
  }

  async #connect(side: 0 | 1): Promise<RespConnection> {
    const open = this.#open[side];
    if (open !== undefined) {
      return open;
    }
    const fresh = await waitFor(`server on port ${this.#ports[side]}`, ANSWER_MS, async () => {
      const connection = await RespConnection.open(this.#ports[side]);
      const pong = (await connection.call("PING")).toString();
      if (pong === "+PONG\r\n") {
        return connection;
      }
      connection.destroy();
      return undefined;
    });
    this.#open[side] = fresh;
    return fresh;
  }
}
