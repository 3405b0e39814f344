/**
 * The command lines of high availability as programs against the HTTP port of a dashboard with a leader in memory:
 * `codis group promote|repair|faults`, `codis ha`, `codis sentinel`, `codis proxy gone`, and those of Codis 3: what
 * each asks for, prints and ends with.
 */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { CodisError } from "../../src/base/error.ts";
import { EXIT } from "../../src/cli/exit-code.ts";
import { CODIS, runCodis } from "../support/codis-program.ts";
import { DashboardPort } from "../support/dashboard-port.ts";
import {
  fillAvailability,
  fillSample,
  GROUP_ADDRS,
  LOOKED_AT_MS,
  PROXY_TOKENS,
} from "../support/dashboard-sample.ts";
import { waitFor, withDeadline } from "../support/deadline.ts";
import { sampleFailover } from "../support/fake-availability-control.ts";

const TEST_MS = 120_000;
const [MASTER = "", REPLICA = ""] = GROUP_ADDRS;
const [GONE = "", , FINE = ""] = PROXY_TOKENS;

let port: DashboardPort;

beforeEach(async () => {
  port = await new DashboardPort().start();
  fillSample(port.leader);
});

afterEach(() => port.close());

/** Exit code, stdout and stderr. */
async function run(line: string): Promise<readonly [number | null, string, string]> {
  const env = { ...process.env, CODIS_DASHBOARD: port.addr };
  const { code, stdout, stderr } = await runCodis(line.split(" "), { env });
  return [code, stdout, stderr];
}

async function say(line: string): Promise<string> {
  const [code, stdout, stderr] = await run(line);
  expect([line, code, stderr]).toEqual([line, EXIT.done, ""]);
  return stdout;
}

describe("codis group promote", () => {
  test(
    "asks first, shows a plan with --dry-run, and does it with --yes",
    async () => {
      const [code, , stderr] = await run(`group promote 1 ${REPLICA}`);
      expect([code, stderr]).toEqual([EXIT.usage, expect.stringContaining("--yes")]);
      expect(await say(`group promote 1 ${REPLICA} --dry-run`)).toBe(
        [
          "group         1",
          `master now    ${MASTER} (version 7.0.15, 1000 keys)`,
          `master then   ${REPLICA} (version 7.0.15, 1000 keys)`,
          "lag           42 B",
          "writes wait   about 8 ms",
          `followers     ${GROUP_ADDRS.slice(2).join(" ")}`,
          "sentinels     don't watch it",
          "moving slots  -",
          "",
        ].join("\n"),
      );
      expect(await say(`group promote 1 ${REPLICA} --yes`)).toBe(
        `${REPLICA} is the master of group 1, writes waited 7 ms; ${MASTER} follows it\n` +
          "codis ha history 3-1 tells how it went\n",
      );
      expect(port.leader.orders).toEqual([`planPromotion 1 ${REPLICA}`, `promote 1 ${REPLICA}`]);
    },
    TEST_MS,
  );

  test(
    "fails with the reason",
    async () => {
      port.leader.availability.planParts = { problems: ["it isn't connected to its master"] };
      const [code, stdout, stderr] = await run(`group promote 1 ${REPLICA} --dry-run`);
      expect(code).toBe(EXIT.failed);
      expect(stdout).toEndWith("! it isn't connected to its master\n");
      expect(stderr).toBe(
        `codis group: ${REPLICA} can't be promoted now: it isn't connected to its master\n`,
      );
      port.leader.failure = new CodisError("PROMOTION_FAILED", "it was undone: too slow");
      expect(await run(`group promote 1 ${REPLICA} --yes`)).toEqual([
        EXIT.failed,
        "",
        "codis group: it was undone: too slow\n",
      ]);
      const [usage, , line] = await run("group promote 1 x --yes");
      expect([usage, line]).toEqual([
        EXIT.usage,
        "codis group: invalid address x: expected host:port\n",
      ]);
    },
    TEST_MS,
  );
});

test(
  "codis group faults and repair",
  async () => {
    expect(await say("group faults")).toBe("all servers do what is stored\n");
    expect(await say("group repair --yes")).toContain("nothing to repair");
    fillAvailability(port.leader);
    const since = new Date(LOOKED_AT_MS).toISOString();
    const faults = await say("group faults");
    expect(faults.split("\n")[1]?.split(/ {2,}/)).toEqual([
      ...["1", MASTER, "MASTER_DOWN", "master", "doesn't answer", since, "no"],
    ]);
    expect(faults).toContain("\n! the master of group 1 doesn't answer: start it, or promote");
    expect(faults).toContain("\n- 10.0.0.4:6379 says that it is a master: codis group repair 1\n");
    expect(JSON.parse(await say("group faults --json"))).toHaveLength(2);
    port.leader.availability.report = { done: ["10.0.0.4:6379 follows"], failed: [] };
    expect(await say("group repair 1 --dry-run")).toBe("would be done:\n10.0.0.4:6379 follows\n");
    port.leader.availability.report = { done: [], failed: ["10.0.0.4:6379: no answer"] };
    const [code, , stderr] = await run("group repair --yes");
    expect([code, stderr]).toEqual([
      EXIT.failed,
      "codis group: 1 server stays as it is: 10.0.0.4:6379: no answer\n",
    ]);
    expect(port.leader.orders).toEqual(["repair all false", "repair 1 true", "repair all false"]);
  },
  TEST_MS,
);

test(
  "codis ha history tells stories in lines with their distance from the beginning",
  async () => {
    expect(await say("ha history")).toBe("no master was changed yet\n");
    port.leader.availability.tell(sampleFailover());
    const story = await say("ha history 3-1");
    expect(story).toBe(
      "failover 3-1 of group 1 (detector): 10.0.0.1:6379 -> 10.0.0.2:6379, done, " +
        "began 2026-11-21T07:05:00.000Z\n" +
        "     +0 ms  detected  10.0.0.1:6379: doesn't answer\n" +
        "  +3000 ms  vote      0a1b: proxy 1 can't reach it either\n" +
        "  +3010 ms  decided   10.0.0.2:6379: has the highest offset\n" +
        "  +3400 ms  served    all proxies have the new master\n" +
        "clients of the group waited 3400 ms, at most 12 B of writes were lost\n",
    );
    port.leader.availability.tell(
      sampleFailover({ id: "3-2", groupId: 2, to: "", outcome: "failed", reason: "no replica" }),
    );
    const list = await say("ha history");
    expect(
      list
        .split("\n")
        .slice(0, 3)
        .map((line) => line.split(" ")[0]),
    ).toEqual(["ID", "3-2", "3-1"]);
    expect(list).toContain("10.0.0.1:6379 -> nobody, failed");
    expect(list).toContain("\nfailed: no replica\n");
    const ids = async (line: string) =>
      (JSON.parse(await say(line)) as { readonly id: string }[]).map(({ id }) => id);
    expect(await ids("ha history --json")).toEqual(["3-2", "3-1"]);
    expect(await ids("ha history --group 1 --json")).toEqual(["3-1"]);
    expect(JSON.parse(await say("ha history 3-1 --json"))).toMatchObject({ lost_bytes: 12 });
    expect(await run("ha history 9-9")).toEqual([
      EXIT.failed,
      "",
      "codis ha: failover 9-9 doesn't exist (any more); codis ha history shows all\n",
    ]);
  },
  TEST_MS,
);

test(
  "codis ha status and codis proxy gone",
  async () => {
    fillAvailability(port.leader);
    const status = await say("ha status");
    expect(status).toStartWith("detector   off: ha_enabled is false\nsentinels  10.0.2.1:26379\n");
    expect(status).toContain("\n1 proxy needs your word: codis proxy gone TOKEN\n");
    const [code, , stderr] = await run(`proxy gone ${GONE}`);
    expect([code, stderr]).toEqual([EXIT.usage, expect.stringContaining("--yes")]);
    expect(await say(`proxy gone ${GONE} --yes`)).toBe("nothing waits for proxy 1 any more\n");
    expect(await say("proxy list")).toContain("fenced");
    const [failed, , line] = await run(`proxy gone ${FINE} --yes`);
    expect([failed, line]).toEqual([EXIT.failed, expect.stringContaining("so it isn't gone")]);
    expect(port.leader.orders).toEqual([`declareGone ${GONE}`, `declareGone ${FINE}`]);
  },
  TEST_MS,
);

test(
  "codis sentinel list shows how each is and what it watches",
  async () => {
    const addr = "10.0.2.1:26379";
    const group = { master: {}, slaves: [] };
    port.leader.sentinels.set(addr, {
      ...{ addr, info: { redis_version: "7.0.15" }, error: undefined, isTimedOut: false },
      ...{ groups: { "demo-2": group, "demo-1": group }, atMs: LOOKED_AT_MS },
    });
    expect(await say("sentinel list")).toBe(
      "SENTINEL        STATUS  VERSION  WATCHED GROUPS\n" +
        "10.0.2.1:26379  up      7.0.15   1,2\n" +
        "! they don't watch what is stored, or proxies don't know them: codis sentinel resync\n",
    );
    expect(await say("sentinel resync")).not.toContain("!");
    expect(port.leader.orders).toEqual(["resyncSentinels"]);
  },
  TEST_MS,
);

test(
  "codis admin promotes and deals with sentinels, as in Codis 3",
  async () => {
    const admin = (line: string) => run(`admin --dashboard=${port.addr} ${line}`);
    const done = [EXIT.done, "", ""] as const;
    expect(await admin(`--promote-server --gid=1 --addr=${REPLICA}`)).toEqual(done);
    expect(await admin("--sentinel-add --addr=10.0.2.2:26379")).toEqual(done);
    expect(await admin("--sentinel-del --addr=10.0.2.2:26379 --force")).toEqual(done);
    expect(await admin("--sentinel-resync")).toEqual(done);
    expect(port.leader.orders).toEqual([
      `promote 1 ${REPLICA}`,
      "addSentinel 10.0.2.2:26379",
      "removeSentinel 10.0.2.2:26379 true",
      "resyncSentinels",
    ]);
    expect(await admin(`--promote-server --gid=1 --addr=${REPLICA}`)).toEqual([
      EXIT.failed,
      "",
      "codis admin: group-[1] can't promote master\n",
    ]);
  },
  TEST_MS,
);

test(
  "codis ha is a daemon that logs each round and ends with a signal",
  async () => {
    const child = spawn(CODIS, ["ha", `--dashboard=${port.addr}`, "--interval=1"], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    try {
      let out = "";
      child.stdout.on("data", (chunk: Buffer) => {
        out += chunk.toString();
      });
      await waitFor("two rounds", TEST_MS, () =>
        out.split("proxy-1").length > 2 ? true : undefined,
      );
      expect(out).toContain(`[T] group-1 [1] ${REPLICA}`);
      const ended = once(child, "exit");
      child.kill("SIGTERM");
      expect(await withDeadline("the end", TEST_MS, ended)).toEqual([EXIT.done, null]);
      expect(port.leader.orders).toEqual([]);
    } finally {
      child.kill("SIGKILL");
    }
    expect((await run("ha"))[2]).toContain("--dashboard=ADDR is needed");
    expect(await say("ha --help")).toContain("--no-maintains");
    expect(await say("help ha history")).toContain("--group <gid>");
  },
  TEST_MS,
);
