/** What sentinels say about a group's master, in whatever spelling, and what counts before they were heard. */
import { expect, test } from "bun:test";
import {
  type SentinelsHeard,
  sentinelVoice,
} from "../../../../src/dashboard/availability/replication/sentinel-voice.ts";
import { addSentinel } from "../../../../src/model/change/sentinel.ts";
import { answering } from "../../../support/replication-sample.ts";
import { serverTopology } from "../../../support/server-topology.ts";

const topology = serverTopology({ groups: { 1: ["10.0.0.1:1", "10.0.0.2:1"] } });

function voice(named: string | undefined, changes: Partial<SentinelsHeard> = {}): string {
  const addrs = ["10.0.0.1:1", "10.0.0.2:1"];
  return sentinelVoice({
    topology,
    groupId: 1,
    sights: new Map(addrs.map((addr) => [addr, answering(addr)])),
    sentinels: { isWatched: () => true, masterOf: () => named },
    runIdByName: (name) => (name === "master.example:1" ? "run-of-10.0.0.1:1" : undefined),
    isNew: false,
    ...changes,
  });
}

test("they agree or differ, by address or by the process behind a name", () => {
  expect(voice("10.0.0.1:1")).toBe("agree");
  expect(voice("10.0.0.2:1")).toBe("differ");
  expect(voice("master.example:1")).toBe("agree");
  expect(voice("another.example:1")).toBe("unknown");
  expect(voice(undefined)).toBe("unknown");
});

test("a group that they don't watch; a new leader of a product with sentinels doesn't know that yet", () => {
  const sentinels = { isWatched: () => false, masterOf: () => undefined };
  expect(voice(undefined, { sentinels })).toBe("none");
  expect(voice(undefined, { sentinels, isNew: true })).toBe("none");
  const watched = addSentinel(topology, "10.2.0.1:26379");
  expect(voice(undefined, { sentinels, topology: watched, isNew: true })).toBe("unknown");
  expect(voice(undefined, { sentinels, topology: watched })).toBe("none");
});
