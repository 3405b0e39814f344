/**
 * A real proxy process that waits for a dashboard: no slots, not online. Can be killed and started again at
 * the same addresses, by which it stays the same proxy.
 */
import { writeFileSync } from "node:fs";
import type { SlotJson } from "../../src/model/slot.ts";
import { callAddr } from "./admin-port.ts";
import { type CodisProgram, startCodis } from "./codis-program.ts";
import { freePort } from "./free-port.ts";
import { tomlOf } from "./running-proxy.ts";
import { temporaryFolder } from "./temporary-folder.ts";

/** A proxy of product `demo`. */
export interface WaitingProxy {
  /** Port for clients. */
  readonly port: number;
  /** `host:port` of the admin port. */
  readonly adminAddr: string;
  /** `slot -> server` as the proxy tells it. */
  servers(): Promise<readonly (string | undefined)[]>;
  pause(): void;
  resume(): void;
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>;
  /** A new process, with more flags than the first. */
  start(args?: readonly string[]): Promise<void>;
}

/** Starts one; resolves when both its ports listen. */
export async function startWaitingProxy(): Promise<WaitingProxy> {
  const folder = temporaryFolder();
  const configFile = folder.join("proxy.toml");
  const port = await freePort();
  const adminAddr = `127.0.0.1:${await freePort()}`;
  writeFileSync(
    configFile,
    tomlOf({ product_name: "demo", proxy_addr: `127.0.0.1:${port}`, admin_addr: adminAddr }),
  );
  let program: CodisProgram | undefined;
  const start = async (args: readonly string[] = []): Promise<void> => {
    program = startCodis(["proxy", "-c", configFile, ...args]);
    await program.sees(/"event":"proxy.started"/);
  };
  await start();
  return {
    port,
    adminAddr,
    async servers() {
      const answer = await callAddr(adminAddr, "GET", "/proxy/slots");
      return (answer.json() as SlotJson[]).map((slot) => slot.backend_addr);
    },
    pause: () => program?.signal("SIGSTOP"),
    resume: () => program?.signal("SIGCONT"),
    async kill() {
      program?.signal("SIGKILL");
      await program?.ended();
    },
    start,
  };
}
