/**
 * How a proxy that no dashboard takes gives up: after its ten tries, which are three seconds apart, with one
 * line and an exit code of its own.
 */
import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { runCodis } from "../support/codis-program.ts";
import { freePort } from "../support/free-port.ts";
import { tomlOf } from "../support/running-proxy.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const TEST_MS = 60_000;

test(
  "nobody at the dashboard's address: exit code 69 after ten tries",
  async () => {
    const folder = temporaryFolder();
    const config = folder.join("proxy.toml");
    const addrs = { proxy_addr: "127.0.0.1:0", admin_addr: "127.0.0.1:0" };
    writeFileSync(config, tomlOf(addrs));
    const args = ["proxy", "-c", config, `--dashboard=127.0.0.1:${await freePort()}`];
    const { code, stderr, stdout } = await runCodis(args, {}, TEST_MS);
    expect(code).toBe(69);
    expect(stderr).toMatch(
      /^codis proxy: no dashboard has taken this proxy in 10 tries; [^\n]+\n$/,
    );
    expect(stdout.match(/"event":"dashboard.retry"/g)).toHaveLength(9);
    folder.remove();
  },
  TEST_MS,
);
