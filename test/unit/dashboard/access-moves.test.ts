/** What proxies say that they moved: each key once, for the operation under which it moved, over their restarts. */
import { beforeEach, expect, test } from "bun:test";
import { AccessMoves, type CountedProxy } from "../../../src/dashboard/operation/access-moves.ts";

let moves: AccessMoves;

beforeEach(() => {
  moves = new AccessMoves();
});

/** A look; undefined: the proxy didn't answer, or doesn't count. */
function look(movedKeys: number | undefined, atMs: number): CountedProxy {
  const counts = { commands: [], layout: undefined, bytes: undefined, movedKeys };
  return { counts: movedKeys === undefined ? undefined : counts, atMs };
}

/** Proxies `a` and `b` are looked at. */
function take(id: string | undefined, nowMs: number, ...looks: readonly CountedProxy[]): number {
  const names = ["a", "b"];
  return moves.take(id, new Map(looks.map((each, i) => [names[i] ?? "", each])), nowMs);
}

test("what is added between two looks, over all proxies", () => {
  expect(take("op-1", 1_000, look(70, 1_100), look(5, 1_200))).toBe(0);
  expect(take("op-1", 2_000, look(75, 2_100), look(5, 2_200))).toBe(5);
  // The same looks again.
  expect(take("op-1", 3_000, look(75, 2_100), look(5, 2_200))).toBe(0);
  expect(take("op-1", 4_000, look(80, 4_100), look(9, 4_200))).toBe(9);
});

test("what began before the operation was at work isn't its", () => {
  take("op-1", 1_000, look(0, 1_100));
  expect(take("op-2", 2_000, look(50, 1_900))).toBe(0);
  // The first look under it is the first to count from.
  expect(take("op-2", 3_000, look(90, 2_900))).toBe(0);
  expect(take("op-2", 4_000, look(93, 3_900))).toBe(3);
  expect(take(undefined, 5_000, look(99, 4_900))).toBe(0);
  expect(take("op-2", 6_000, look(120, 5_900))).toBe(0);
});

test("a proxy that is silent for a while loses nothing, one that is new has a beginning", () => {
  take("op-1", 1_000, look(10, 1_100));
  expect(take("op-1", 2_000, look(undefined, 2_100))).toBe(0);
  expect(take("op-1", 3_000, look(18, 3_100), look(500, 3_100))).toBe(8);
  expect(take("op-1", 4_000, look(18, 4_100), look(501, 4_100))).toBe(1);
});

test("one that was started anew counts from 0, under its token or another", () => {
  take("op-1", 1_000, look(100, 1_100), look(10, 1_100));
  expect(take("op-1", 2_000, look(4, 2_100))).toBe(4);
  expect(take("op-1", 3_000, look(6, 3_100), look(40, 3_100))).toBe(2);
});

test("they may go on moving keys until three looks in a row had nothing new", () => {
  expect(moves.mayGoOn).toBe(true);
  const states: boolean[] = [];
  for (const [at, keys] of [7, 7, 7, 7, 8, 8, 8, 8].entries()) {
    take(undefined, at * 1_000, look(keys, at * 1_000 + 100));
    states.push(moves.mayGoOn);
  }
  expect(states).toEqual([true, true, true, false, true, true, true, false]);
});
