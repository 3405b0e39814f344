/** Whether reads ask the source at the same time as the target: what was found lately decides. */
import { expect, test } from "bun:test";
import { GoneShare } from "../../../../src/proxy/mover/gone-share.ts";

test("at first keys are taken to be at the source", () => {
  expect(new GoneShare().isMost).toBe(false);
});

test("it turns with what most of the last reads found, not with a single one", () => {
  const share = new GoneShare();
  for (let i = 0; i < 10; i++) share.noteRead(true);
  expect(share.isMost).toBe(false);
  share.noteRead(true);
  expect(share.isMost).toBe(true);
  for (let i = 0; i < 100; i++) share.noteRead(i % 4 !== 0);
  expect(share.isMost).toBe(true);
  share.noteRead(false);
  expect(share.isMost).toBe(true);
  for (let i = 0; i < 100 && share.isMost; i++) share.noteRead(i % 4 === 0);
  expect(share.isMost).toBe(false);
});
