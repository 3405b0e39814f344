/**
 * What the workloads of the Node libraries have in common: names of keys, the talk with the test about
 * a restart of the proxy, and one line for each part that went well.
 */
import { createInterface } from "node:readline";

/** `prefix:0`, `prefix:1`, … */
export function keysNamed(prefix, count) {
  return Array.from({ length: count }, (_, number) => `${prefix}:${number}`);
}

/** Asks the test to restart the proxy (clients.test.ts answers on stdin when it is back). */
export function restartProxy() {
  const input = createInterface({ input: process.stdin });
  process.stdout.write("please restart the proxy\n");
  return new Promise((resolve) => {
    input.once("line", () => {
      input.close();
      process.stdin.destroy();
      resolve();
    });
  });
}

/** Runs the parts in order and ends the process: 0 when all went well. */
export async function finish(library, parts) {
  try {
    await parts(async (part) => {
      await part();
      process.stdout.write(`ok ${part.name}\n`);
    });
    process.stdout.write(`all of ${library} went well\n`);
    process.exit(0);
  } catch (error) {
    process.stdout.write(`failed: ${error?.stack ?? error}\n`);
    process.exit(1);
  }
}
