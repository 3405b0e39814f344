/**
 * The `codis` mover in its semi-async way: `test/support/codis-mover-suite.ts`, and copies that are on both sides.
 */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { FORWARD_METHOD } from "../../../src/model/slot.ts";
import { readSlotAbility } from "../../../src/redis/slot-ability.ts";
import {
  describeCodisMover,
  endCodisPairs,
  openCodisPair,
} from "../../support/codis-mover-suite.ts";
import { ALL_SLOTS, callAll, sizeOf } from "../../support/mover-pair.ts";

setDefaultTimeout(60_000);
endCodisPairs();
describeCodisMover(FORWARD_METHOD.semiAsync);

describe("copies on both sides", () => {
  test("semi-async: the source's counts, and is moved at once", async () => {
    const { atSource, atTarget, startMover } = await openCodisPair(FORWARD_METHOD.semiAsync);
    await callAll(atSource, [
      ["SET", "{t}both", "new"],
      ["SET", "{t}sibling", "1"],
      ["SET", "here", "1"],
    ]);
    await callAll(atTarget, [
      ["SET", "{t}both", "old"],
      ["SET", "{t}there", "1"],
    ]);
    const { mover } = startMover();
    const found = await mover.unlinkDuplicates(ALL_SLOTS);
    expect(found.keys).toBe(1);
    expect(await sizeOf(atSource)).toBe(1);
    expect(await sizeOf(atTarget)).toBe(3);
    expect(await atTarget.call(["GET", "{t}both"])).toMatchObject({ bytes: Buffer.from("new") });
  });

  test("servers say which commands they have", async () => {
    const { atSource } = await openCodisPair(FORWARD_METHOD.semiAsync);
    expect(await readSlotAbility(atSource)).toBe("async");
  });
});
