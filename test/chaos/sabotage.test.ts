/**
 * The chaos run finds what is wrong with real servers: clients work on a product where nothing fails, and then
 * somebody harms the servers behind its back.
 */
import { expect, test } from "bun:test";
import { askAll } from "../support/running-product.ts";
import type { ChaosProduct } from "./support/chaos-product.ts";
import { runChaos } from "./support/chaos-run.ts";
import { shortRun } from "./support/run-options.ts";
import { readServers } from "./support/snapshot.ts";

const TEST_MS = 120_000;

test(
  "a lost key, a doubled push, a copy elsewhere and an old value are found",
  async () => {
    const sabotage = async (product: ChaosProduct): Promise<void> => {
      const copies = await readServers(product.servers, () => 0);
      const lists = copies.filter(({ db, content: [type] }) => db === 0 && type === "list");
      const strings = copies.filter(({ db, key }) => db === 0 && key.startsWith("filler:"));
      const [list] = lists;
      const [lost, copied, old] = strings;
      if (list === undefined || lost === undefined || copied === undefined || old === undefined) {
        throw new Error("the clients left too few keys");
      }
      const portOf = (groupId: number): number => product.serverOf(groupId).port;
      await askAll(portOf(lost.groupId), [["DEL", lost.key]]);
      await askAll(portOf(old.groupId), [["SET", old.key, "old"]]);
      await askAll(portOf(list.groupId), [
        ["RPUSH", list.key, String((list.content[1] as readonly string[])[0])],
      ]);
      await askAll(portOf((copied.groupId % 3) + 1), [["SET", copied.key, "copy"]]);
      await askAll(portOf(1), [["SET", "nobody", "knows it"]]);
    };
    const options = { ...shortRun(2), ms: 1_500, fillers: 300, losesSecond: false };
    const { problems } = await runChaos({ ...options, isQuiet: true, sabotage });
    const text = problems.join("\n");
    for (const kind of ["not-linear", "two-copies", "unknown-key"]) {
      expect(text).toContain(kind);
    }
    // The key that nobody wrote may be in the wrong place as well.
    expect(problems[0]).toMatch(/^seed 2: [56] problems/);
  },
  TEST_MS,
);
