/** Whose word holds for a group's master: the dashboard's or the sentinels', as the table in master-words.ts states. */
import { beforeEach, describe, expect, test } from "bun:test";
import { MasterWords } from "../../../src/sentinel/master-words.ts";

const [A, B, C] = ["10.0.0.1:6379", "10.0.0.2:6379", "10.0.0.3:6379"] as const;

let words: MasterWords;

beforeEach(() => {
  words = new MasterWords();
  words.named(1, A);
});

function hear(addr: string, epoch: number): void {
  words.heard(new Map([[1, { addr, epoch }]]));
}

describe("a failover of the sentinels", () => {
  test("holds although the dashboard names the old master again and again", () => {
    hear(B, 5);
    words.named(1, A);
    hear(B, 5);
    words.named(1, A);
    expect(words.switchedTo(1)).toBe(B);
    expect(words.isSwitched).toBe(true);
  });

  test("is no deviation any more when the dashboard names the same server", () => {
    hear(B, 5);
    words.named(1, B);
    hear(B, 5);
    expect(words.switchedTo(1)).toBeUndefined();
    expect(words.isOverruled(1, { addr: B, epoch: 5 })).toBe(false);
  });

  test("is overruled by another word of the dashboard, and doesn't come back by repeating itself", () => {
    hear(B, 5);
    words.named(1, C);
    hear(B, 5);
    expect(words.switchedTo(1)).toBeUndefined();
    expect(words.isOverruled(1, { addr: B, epoch: 5 })).toBe(true);
    hear(B, 6);
    expect(words.switchedTo(1)).toBe(B);
  });

  test("of before a planned change doesn't undo it, also when sentinels were told anew in between", () => {
    hear(A, 5);
    words.named(1, B);
    hear(B, 0);
    hear(A, 5);
    expect(words.switchedTo(1)).toBeUndefined();
    hear(C, 6);
    expect(words.switchedTo(1)).toBe(C);
  });

  test("isn't undone by a sentinel that hasn't heard of it", () => {
    hear(B, 5);
    hear(A, 4);
    expect(words.switchedTo(1)).toBe(B);
    hear(A, 6);
    expect(words.switchedTo(1)).toBeUndefined();
  });
});

test("sentinels that have seen no failover say nothing against the dashboard", () => {
  hear(B, 0);
  expect(words.switchedTo(1)).toBeUndefined();
});

test("a group that the dashboard never named isn't switched", () => {
  words.heard(new Map([[2, { addr: B, epoch: 5 }]]));
  expect(words.isSwitched).toBe(false);
  expect(words.namedAddr(2)).toBeUndefined();
});

test("other sentinels count from the beginning", () => {
  hear(B, 50);
  words.named(1, C);
  words.forgetEpochs(true);
  hear(B, 1);
  expect(words.switchedTo(1)).toBe(B);
});

test("without sentinels a switch stays until the dashboard names the group again", () => {
  hear(B, 5);
  words.forgetEpochs(false);
  expect(words.switchedTo(1)).toBe(B);
  words.named(1, A);
  expect(words.switchedTo(1)).toBeUndefined();
});
