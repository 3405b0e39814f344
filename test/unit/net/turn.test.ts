/**
 * Work for the end of a turn runs once for each registration, in order, after everything of the turn.
 */
import { expect, test } from "bun:test";
import { atTurnEnd } from "../../../src/net/turn.ts";
import { turnsEnd } from "../../support/fake-socket.ts";

test("tasks run in order behind the code of the turn, once", async () => {
  const done: string[] = [];
  const task = (name: string) => ({ onTurnEnd: () => void done.push(name) });
  atTurnEnd(task("a"));
  atTurnEnd(task("b"));
  done.push("turn");
  await turnsEnd();
  expect(done).toEqual(["turn", "a", "b"]);
  await turnsEnd();
  expect(done.length).toBe(3);
});

test("a task that registers again runs again, at the next end", async () => {
  let count = 0;
  const task = {
    onTurnEnd(): void {
      count++;
      if (count < 3) atTurnEnd(task);
    },
  };
  atTurnEnd(task);
  await turnsEnd();
  expect(count).toBe(3);
});
