/** What a mover says in the name of its connection, and who may believe it. */
import { expect, test } from "bun:test";
import { findNamed, MOVER_NAME_PREFIX } from "../../../src/migrate/doubt.ts";
import { isVouchedFor, vouchingName } from "../../../src/migrate/vouch.ts";

const TARGET = "10.0.0.2:6379";
const NAME = `${MOVER_NAME_PREFIX}proxy-token-0`;

function listOf(...names: readonly string[]): string {
  return names
    .map(
      (name, i) =>
        `id=${i + 3} addr=10.0.0.9:5000${i} laddr=10.0.0.1:6379 fd=8 name=${name} age=1 idle=0 cmd=info\n`,
    )
    .join("");
}

test("a mover that has made sure is believed, for this target and this count", () => {
  const list = listOf("", NAME, vouchingName(NAME, TARGET, 12));
  expect(isVouchedFor(list, TARGET, 12)).toBe(true);
  for (const count of [1, 2, 11, 13, 112]) expect(isVouchedFor(list, TARGET, count)).toBe(false);
  expect(isVouchedFor(list, "10.0.0.2:637", 12)).toBe(false);
  expect(isVouchedFor(list, "10.0.0.2:63790", 12)).toBe(false);
});

test("nobody else is", () => {
  const mark = vouchingName("", TARGET, 12);
  expect(isVouchedFor(listOf(`other${mark}`, `${NAME}${mark}x`, ""), TARGET, 12)).toBe(false);
  expect(isVouchedFor("", TARGET, 12)).toBe(false);
});

test("the name is still one of a mover, and one that Redis takes", () => {
  const name = vouchingName(NAME, TARGET, 3);
  expect(findNamed(listOf(name), MOVER_NAME_PREFIX)).toEqual(["3"]);
  expect(name).toMatch(/^[!-~]+$/);
});
