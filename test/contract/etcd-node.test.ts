/**
 * The discovery client for applications uses etcd's coordinator on Node too: the same modules, bundled for
 * Node and run by it, against a real etcd with a login. The program must end by itself.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { type EtcdServer, enableEtcdAuth, startEtcd } from "../support/etcd-server.ts";
import { type TemporaryFolder, temporaryFolder } from "../support/temporary-folder.ts";
import { TEST_MS } from "./suite-context.ts";

const PROGRAM = fileURLToPath(new URL("etcd-node-program.ts", import.meta.url));
const RUN_MS = 90_000;

let server: EtcdServer;
let folder: TemporaryFolder;

beforeAll(async () => {
  folder = temporaryFolder();
  server = await startEtcd();
  await enableEtcdAuth(server, "product", "password");
}, TEST_MS);

afterAll(async () => {
  await server.stop();
  folder.remove();
}, TEST_MS);

describe("on Node", () => {
  test(
    "leads, writes, watches, registers, reads, and leaves nothing behind",
    async () => {
      const built = await Bun.build({
        entrypoints: [PROGRAM],
        target: "node",
        format: "esm",
        outdir: folder.path,
        naming: "program.mjs",
      });
      expect(built.success).toBe(true);
      const args = [folder.join("program.mjs"), server.addr, "product:password"];
      const { stdout } = await promisify(execFile)("node", args, { timeout: RUN_MS });
      expect(JSON.parse(stdout)).toEqual({
        runtime: "node",
        epoch: 1,
        isHeld: false,
        names: ["a", "b"],
        texts: ["数据", "registered"],
      });
    },
    TEST_MS,
  );
});
