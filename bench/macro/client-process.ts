/**
 * The other end of `client-script.ts`: starts it, gives it orders, waits for the answers. One order at a
 * time.
 */
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { withDeadline } from "../../test/support/deadline.ts";
import { startChild } from "./child.ts";

/** An order to the clients; see `client-script.ts`. */
export type ClientOrder =
  | { readonly open: number }
  | { readonly ask: true }
  | { readonly churn: number }
  | { readonly close: true };

/** A process full of clients. */
export interface ClientProcess {
  /** Resolves with the count that the script answers; rejects when a client saw anything wrong. */
  order(order: ClientOrder): Promise<number>;
  stop(): Promise<void>;
}

const ORDER_MS = 600_000;

/** Starts clients of a port of 127.0.0.1; none is connected yet. */
export function startClients(port: number): ClientProcess {
  const script = join(dirname(fileURLToPath(import.meta.url)), "client-script.ts");
  let onLine: (line: string) => void = () => undefined;
  const child = startChild([process.execPath, "--no-env-file", script, `${port}`], (line) =>
    onLine(line),
  );
  return {
    async order(order) {
      const answered = new Promise<string>((resolve, reject) => {
        onLine = resolve;
        child.ended.then(() => reject(new Error(`the clients ended: ${child.output()}`)));
      });
      child.send(JSON.stringify(order));
      const name = `answer of the clients to ${JSON.stringify(order)}`;
      const answer: unknown = JSON.parse(await withDeadline(name, ORDER_MS, answered));
      if (typeof answer === "object" && answer !== null && "count" in answer) {
        return Number(answer.count);
      }
      throw new Error(`clients at ${JSON.stringify(order)}: ${JSON.stringify(answer)}`);
    },
    stop: () => child.stop(),
  };
}
