/**
 * What a new user looks at first: a cluster of `codis up`, and the three command lines that tell who owns its
 * slots: the everyday one, that of Codis 3.x and that of Codis 1.9. They agree, before and after a change by
 * each of them, and after the cluster was down.
 */
import { afterEach, expect, test } from "bun:test";
import { existsSync, writeFileSync } from "node:fs";
import { runCodis } from "../support/codis-program.ts";
import { freePort } from "../support/free-port.ts";
import { holdDefaultPort } from "../support/local-cluster.ts";
import { ask } from "../support/running-product.ts";
import { memoryFolder, type TemporaryFolder } from "../support/temporary-folder.ts";

const TEST_MS = 120_000;
/** Slots whose owner every command line is asked for. */
const SLOTS = [0, 5, 511, 512, 600, 1023];

let folder: TemporaryFolder | undefined;

afterEach(async () => {
  const dir = folder?.join("cluster") ?? "";
  if (existsSync(dir)) {
    await runCodis(["down", "--dir", dir]);
  }
  folder?.remove();
});

/** Runs a command line that must succeed; gives what it printed. */
async function run(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await runCodis(args);
  expect([args.join(" "), code, stderr]).toEqual([args.join(" "), 0, ""]);
  return stdout;
}

/** Starts the cluster; gives the address of its dashboard: the first that is printed. */
async function up(dir: string, port: number): Promise<string> {
  const printed = await run("up", "--dir", dir, "--port", `${port}`, "--detach");
  const [, addr] = /http:\/\/(127\.0\.0\.1:\d+)/.exec(printed) ?? [];
  return addr ?? "no address was printed";
}

/** `slot -> group` as each of the three tells. */
async function ownersOf(addr: string, configFile: string): Promise<readonly (readonly number[])[]> {
  const noun = JSON.parse(await run("slot", "info", "--all", "--json", "--dashboard", addr)) as {
    readonly ranges: readonly { from: number; to: number; group_id: number }[];
  };
  const admin = JSON.parse(
    await run("admin", `--dashboard=${addr}`, "--slots-status"),
  ) as readonly {
    id: number;
    group_id: number;
  }[];
  expect(admin).toHaveLength(1024);
  const config: number[] = [];
  for (const id of SLOTS) {
    const shown = JSON.parse(await run("config", "-c", configFile, "slot", "info", `${id}`));
    expect(shown).toMatchObject({
      id,
      product_name: "codis-local",
      state: { status: shown.group_id === 0 ? "offline" : "online" },
    });
    config.push(shown.group_id);
  }
  return [
    SLOTS.map(
      (id) => noun.ranges.find((range) => range.from <= id && id <= range.to)?.group_id ?? 0,
    ),
    SLOTS.map((id) => admin[id]?.group_id ?? 0),
    config,
  ];
}

test(
  "codis slot info, codis admin --slots-status and codis config slot info agree",
  async () => {
    folder = memoryFolder();
    holdDefaultPort();
    const dir = folder.join("cluster");
    const configFile = folder.join("config.ini");
    const port = await freePort();
    const addr = await up(dir, port);
    writeFileSync(configFile, `product=codis-local\ndashboard_addr=${addr}\n`);
    const agreed = (...owners: readonly number[]) => [owners, owners, owners];

    expect(await ownersOf(addr, configFile)).toEqual(agreed(1, 1, 1, 2, 2, 2));
    await run("slot", "assign", "5", "2", "--yes", "--dashboard", addr);
    expect(await ownersOf(addr, configFile)).toEqual(agreed(1, 2, 1, 2, 2, 2));
    const assign = ["--slots-assign", "--beg=600", "--end=600", "--gid=1", "--confirm"];
    await run("admin", `--dashboard=${addr}`, ...assign);
    expect(await ownersOf(addr, configFile)).toEqual(agreed(1, 2, 1, 2, 1, 2));
    await run("config", "-c", configFile, "slot", "range-set", "1000", "1023", "2", "offline");
    expect(await ownersOf(addr, configFile)).toEqual(agreed(1, 2, 1, 2, 1, 0));

    await run("down", "--dir", dir);
    const again = await up(dir, port);
    writeFileSync(configFile, `product=codis-local\ndashboard_addr=${again}\n`);
    expect(await ownersOf(again, configFile)).toEqual(agreed(1, 2, 1, 2, 1, 0));
    await run("slot", "assign", "1000-1023", "2", "--yes", "--dashboard", again);
    expect(await ask(port, "SET", "k", "v")).toBe("+OK\r\n");
  },
  TEST_MS,
);
