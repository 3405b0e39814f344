/**
 * Real proxy processes that wait for a dashboard: no slots, not online. One can be killed and started again at
 * the same addresses, by which it stays the same proxy. Ended when the test process ends at the latest.
 */
import { writeFileSync } from "node:fs";
import type { SlotJson } from "../../src/model/slot.ts";
import { callAddr } from "./admin-port.ts";
import { type CodisExit, type CodisProgram, startCodis } from "./codis-program.ts";
import { freePort } from "./free-port.ts";
import { RespConnection } from "./resp-connection.ts";
import { tomlOf } from "./running-proxy.ts";
import { memoryFolder } from "./temporary-folder.ts";

/** Keys of proxy.toml besides product and addresses. */
export type ProxyKeys = Readonly<Record<string, string | number | boolean>>;

/** A proxy that waits for a dashboard, or serves already. */
export interface WaitingProxy {
  /** Port for clients. */
  readonly port: number;
  /** `host:port` of the admin port. */
  readonly adminAddr: string;
  readonly program: CodisProgram;
  connect(): Promise<RespConnection>;
  /** `slot -> server` as the proxy tells it. */
  servers(): Promise<readonly (string | undefined)[]>;
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>;
  /** Kills it and gives it in a new process: same ports, so the same token; with these keys changed, and flags. */
  restart(changes?: ProxyKeys, args?: readonly string[]): Promise<WaitingProxy>;
  /** SIGTERM, and how it ended. */
  stop(): Promise<CodisExit>;
}

/** Where a proxy listens. */
interface Ports {
  readonly port: number;
  readonly adminPort: number;
}

/** Starts a proxy without slots; resolves when both its ports listen. */
export async function startWaitingProxy(
  product = "demo",
  config: ProxyKeys = {},
): Promise<WaitingProxy> {
  return startOnPorts(product, config, [], {
    port: await freePort(),
    adminPort: await freePort(),
  });
}

async function startOnPorts(
  product: string,
  config: ProxyKeys,
  args: readonly string[],
  ports: Ports,
): Promise<WaitingProxy> {
  const folder = memoryFolder();
  const configFile = folder.join("proxy.toml");
  const adminAddr = `127.0.0.1:${ports.adminPort}`;
  const keys = {
    product_name: product,
    proxy_addr: `127.0.0.1:${ports.port}`,
    admin_addr: adminAddr,
    ...config,
  };
  writeFileSync(configFile, tomlOf(keys));
  const program = startCodis(["proxy", "-c", configFile, ...args]);
  await program.sees(/"event":"proxy.started"/);
  const kill = async (): Promise<void> => {
    program.signal("SIGKILL");
    await program.ended();
  };
  return {
    port: ports.port,
    adminAddr,
    program,
    connect: () => RespConnection.open(ports.port),
    async servers() {
      const answer = await callAddr(adminAddr, "GET", "/proxy/slots");
      return (answer.json() as SlotJson[]).map((slot) => slot.backend_addr);
    },
    kill,
    async restart(changes = {}, moreArgs = []) {
      await kill();
      return startOnPorts(product, { ...config, ...changes }, moreArgs, ports);
    },
    async stop() {
      program.signal("SIGTERM");
      const exit = await program.ended();
      folder.remove();
      return exit;
    },
  };
}
