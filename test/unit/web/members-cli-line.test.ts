/**
 * Command lines that dialogs of proxies, groups, sentinels, audit and users show: each is one that the program takes.
 */
import { describe, expect, test } from "bun:test";
import { findNoun } from "../../../src/cli/noun/noun.ts";
import { quoteWord } from "../../../web/src/data/quote-word.ts";
import { cliLine } from "../../../web/src/screens/members/cli-line.ts";

const NO_FLAGS = { datacenter: "", isReplica: false, isAdopted: false, isDiscarding: false };
const ALL_FLAGS = {
  datacenter: "room 1",
  isReplica: true,
  isAdopted: true,
  isDiscarding: true,
};
const ADDR = "10.0.0.1:6379";

const LINES: readonly string[] = [
  cliLine.addProxy(ADDR, false),
  cliLine.addProxy(ADDR, true),
  cliLine.reinitProxy("token"),
  cliLine.removeProxy("token", false),
  cliLine.removeProxy("token", true),
  cliLine.proxyGone("token"),
  cliLine.createGroup(3),
  cliLine.removeGroup(3),
  cliLine.resyncGroup(3),
  cliLine.promote(3, ADDR),
  cliLine.repair(),
  cliLine.repair(3),
  cliLine.addServer(3, ADDR, NO_FLAGS),
  cliLine.addServer(3, ADDR, ALL_FLAGS),
  cliLine.removeServer(ADDR),
  cliLine.serverInfo(ADDR),
  cliLine.sync(ADDR),
  cliLine.cancelSync(ADDR),
  cliLine.replicaReads(ADDR, true),
  cliLine.replicaReads(ADDR, false),
  cliLine.replicaReadsOfAll(true),
  cliLine.addSentinel(ADDR),
  cliLine.removeSentinel(ADDR, false),
  cliLine.removeSentinel(ADDR, true),
  cliLine.resyncSentinels(),
  cliLine.history(),
  cliLine.history("3-1"),
  cliLine.haStatus(),
  cliLine.listAudit(1000),
  cliLine.addUser("alice", "viewer", false),
  cliLine.addUser("alice", "admin", true),
  cliLine.setPassword("alice", false),
  cliLine.setPassword("alice", true),
  cliLine.ownPassword(),
  cliLine.setRole("alice", "admin"),
  cliLine.removeUser("alice"),
  cliLine.addToken("alice", "laptop", 0),
  cliLine.addToken("alice", "laptop", 720),
  cliLine.revokeToken("alice", "laptop"),
];

/** Words as a shell reads them. */
function wordsOf(line: string): readonly string[] {
  return [...line.matchAll(/'((?:[^']|'\\'')*)'|(\S+)/g)].map(
    ([, quoted, plain]) => quoted?.replaceAll("'\\''", "'") ?? plain ?? "",
  );
}

describe("every line", () => {
  for (const line of LINES) {
    test(line, () => {
      const [program, nounName = "", verbName, ...rest] = wordsOf(line);
      expect(program).toBe("codis");
      const verb = findNoun(nounName)?.verbs.find(({ use }) => use.split(" ")[0] === verbName);
      expect(verb).toBeDefined();
      const options = new Map(
        (verb?.options ?? [])
          .map(([flag]) => flag.split(" "))
          .map(([name = "", value]) => [name, value]),
      );
      const own: string[] = [];
      for (let at = 0; at < rest.length; at += 1) {
        const word = rest[at] ?? "";
        if (!word.startsWith("--")) {
          own.push(word);
          continue;
        }
        expect([...options.keys()]).toContain(word);
        at += options.get(word) === undefined ? 0 : 1;
      }
      const wanted = verb?.use.split(" ").slice(1) ?? [];
      expect(own.length).toBeLessThanOrEqual(wanted.length);
      expect(own.length).toBeGreaterThanOrEqual(
        wanted.filter((word) => word.startsWith("<")).length,
      );
    });
  }
});

test("words that a shell would take apart are in quotes", () => {
  expect(quoteWord("10.0.0.1:6379")).toBe("10.0.0.1:6379");
  expect(quoteWord("[::1]:6379")).toBe("[::1]:6379");
  expect(quoteWord("room 1")).toBe("'room 1'");
  expect(quoteWord("it's")).toBe("'it'\\''s'");
  expect(quoteWord("$(rm)")).toBe("'$(rm)'");
  expect(wordsOf(cliLine.addServer(3, ADDR, ALL_FLAGS))).toContain("room 1");
});
