/** Whether reads are worth being asked of the target first: what was found lately decides. */
import { expect, test } from "bun:test";
import { GoneShare } from "../../../../src/proxy/mover/gone-share.ts";

test("at first keys are taken to be at the source", () => {
  expect(new GoneShare().isMost).toBe(false);
});

test("MIGRATEs that find little turn reads to the target, and reads that find nothing turn them back", () => {
  const share = new GoneShare();
  for (let i = 0; i < 100; i++) share.noteMigrate(1, 1);
  expect(share.isMost).toBe(false);
  for (let i = 0; i < 10; i++) share.noteMigrate(0, 1);
  expect(share.isMost).toBe(false);
  share.noteMigrate(0, 1);
  expect(share.isMost).toBe(true);
  share.noteRead(false);
  expect(share.isMost).toBe(false);
});

test("a MIGRATE of many keys weighs as many of one key", () => {
  const one = new GoneShare();
  one.noteMigrate(1, 11);
  expect(one.isMost).toBe(false);
  const other = new GoneShare();
  other.noteMigrate(0, 11);
  expect(other.isMost).toBe(true);
});

test("while reads measure, MIGRATEs of what they didn't find say nothing", () => {
  const share = new GoneShare();
  share.noteMigrate(0, 128);
  for (let i = 0; i < 100; i++) share.noteMigrate(1, 1);
  expect(share.isMost).toBe(true);
  for (let i = 0; i < 100; i++) share.noteRead(i % 4 !== 0);
  expect(share.isMost).toBe(true);
  for (let i = 0; i < 100 && share.isMost; i++) share.noteRead(i % 4 === 0);
  expect(share.isMost).toBe(false);
});
