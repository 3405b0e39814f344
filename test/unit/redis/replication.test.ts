/** How far a replica's copy has come, as servers of several kinds and versions tell it. */
import { expect, test } from "bun:test";
import { syncProgressOf } from "../../../src/redis/replication.ts";

const SYNCING = { role: "slave", master_sync_in_progress: "1" };

test("Redis 6.2 and later: bytes read and left", () => {
  const info = {
    ...SYNCING,
    master_sync_total_bytes: "400",
    master_sync_read_bytes: "100",
    master_sync_left_bytes: "300",
    master_sync_perc: "25.00",
    master_sync_last_io_seconds_ago: "2",
  };
  const progress = { readBytes: 100, leftBytes: 300, percent: 25, silentSeconds: 2 };
  expect(syncProgressOf(info)).toEqual(progress);
});

test("a copy without a disk: nobody knows how much is left", () => {
  const info = { ...SYNCING, master_sync_read_bytes: "100", master_sync_left_bytes: "-100" };
  expect(syncProgressOf(info)).toMatchObject({
    readBytes: 100,
    leftBytes: undefined,
    percent: undefined,
  });
  const begun = { ...SYNCING, master_sync_read_bytes: "0", master_sync_left_bytes: "0" };
  expect(syncProgressOf(begun)).toMatchObject({ leftBytes: undefined, percent: undefined });
});

test("codis-server: only what is left", () => {
  const info = { ...SYNCING, master_sync_left_bytes: "300", master_sync_last_io_seconds_ago: "0" };
  const progress = { readBytes: undefined, leftBytes: 300, percent: undefined, silentSeconds: 0 };
  expect(syncProgressOf(info)).toEqual(progress);
});

test("nothing is on its way", () => {
  expect(syncProgressOf({ role: "slave", master_sync_in_progress: "0" })).toBeUndefined();
  expect(syncProgressOf({ role: "master" })).toBeUndefined();
});
