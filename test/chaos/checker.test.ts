/**
 * The checker of the chaos runs, on logs written by hand: it accepts what Redis can do, and finds every way in
 * which moving slots could go wrong.
 */
import { describe, expect, test } from "bun:test";
import { check } from "./support/checker.ts";
import { HandMadeLog } from "./support/hand-made-log.ts";
import { ANY } from "./support/history.ts";

const TOLERANCE_MS = 100;

function kindsOf(log: HandMadeLog): readonly string[] {
  return check(log, log.final(), TOLERANCE_MS).map(({ kind }) => kind);
}

function textOf(log: HandMadeLog): string {
  return check(log, log.final(), TOLERANCE_MS)
    .map(({ text }) => text)
    .join("\n");
}

const log = (): HandMadeLog => new HandMadeLog();

describe("good histories", () => {
  test("nothing at all", () => {
    expect(kindsOf(log())).toEqual([]);
  });

  test("an expiry that was set before a read that was answered first", () => {
    const all = log()
      .ok("0/s", [1, 2], "SET s a PX 60000", "OK")
      .ok("0/s", [10, 900], "PEXPIRE s 4000", 1)
      .ok("0/s", [400, 401], "GET s", "a")
      .ok("0/s", [450, 451], "PTTL s", 3_570)
      .found(1, "s", "string", "a", 3_010);
    expect(textOf(all)).toBe("");
  });

  test("one after another, all types", () => {
    const all = log()
      .ok("0/s", [1, 2], "SET s a", "OK")
      .ok("0/s", [3, 4], "GET s", "a")
      .found(1, "s", "string", "a")
      .ok("0/c", [1, 2], "INCR c", 1)
      .ok("0/c", [3, 4], "INCRBY c 5", 6)
      .found(1, "c", "string", "6")
      .ok("0/l", [1, 2], "RPUSH l a", 1)
      .ok("0/l", [3, 4], "RPUSH l b", 2)
      .ok("0/l", [5, 6], "LPOP l", "a")
      .found(1, "l", "list", ["b"])
      .ok("0/h", [1, 2], "HSET h f v", 1)
      .ok("0/h", [3, 4], "HINCRBY h n 2", 2)
      .found(1, "h", "hash", [
        ["f", "v"],
        ["n", "2"],
      ])
      .ok("3/S", [1, 2], "SADD S m", 1)
      .ok("3/S", [3, 4], "SADD S m", 0)
      .ok("3/S", [5, 6], "SREM S x", 0)
      .found(1, "S", "set", ["m"], -1, 3)
      .ok("0/z", [1, 2], "ZADD z 1 m", 1)
      .ok("0/z", [3, 4], "ZINCRBY z 2 m", "3")
      .found(1, "z", "zset", [["m", "3"]])
      .ok("0/x", [1, 2], "XADD x * p one", "5-0")
      .ok("0/x", [3, 4], "XADD x * p two", "5-1")
      .found(1, "x", "stream", [
        ["5-0", "one"],
        ["5-1", "two"],
      ]);
    expect(textOf(all)).toBe("");
  });

  test("what ran at once may have any order", () => {
    const both = log()
      .ok("0/s", [1, 10], "SET s a", "OK")
      .ok("0/s", [2, 9], "SET s b", "OK")
      .ok("0/s", [3, 8], "GET s", "b")
      .ok("0/s", [11, 12], "GET s", "a")
      .found(1, "s", "string", "a");
    expect(textOf(both)).toBe("");
  });

  test("a write that changes nothing where it stands may belong behind another", () => {
    const both = log()
      .ok("0/s", [1, 9], "DEL s", ANY)
      .ok("0/s", [2, 10], "SET s a", "OK")
      .ok("0/s", [11, 12], "GETSET s b", null)
      .found(1, "s", "string", "b");
    expect(textOf(both)).toBe("");
  });

  test("what was cut may have happened, or not, or late", () => {
    const cut = () => log().ok("0/s", [1, 2], "SET s a", "OK").cut("0/s", 3, "SET s b");
    expect(textOf(cut().found(1, "s", "string", "a"))).toBe("");
    expect(textOf(cut().found(1, "s", "string", "b"))).toBe("");
    const late = cut().ok("0/s", [10, 11], "GET s", "a").ok("0/s", [12, 13], "GET s", "b");
    expect(textOf(late.found(1, "s", "string", "b"))).toBe("");
  });

  test("a key goes when its time has come, or a little later", () => {
    const timed = () => log().ok("0/t", [1, 2], "SET t a PX 50", "OK");
    expect(textOf(timed().ok("0/t", [60, 61], "GET t", null))).toBe("");
    expect(textOf(timed().ok("0/t", [120, 121], "GET t", "a"))).toBe("");
    const kept = timed().ok("0/t", [10, 11], "PTTL t", 42).ok("0/t", [20, 21], "PERSIST t", 1);
    expect(textOf(kept.found(1, "t", "string", "a"))).toBe("");
    const long = log().ok("0/t", [1, 2], "SET t a PX 5000", "OK");
    expect(textOf(long.found(1, "t", "string", "a", 4001))).toBe("");
  });

  test("commands over the keys of one tag", () => {
    const tag = log()
      .ok("0/{t}", [1, 2], "MSET {t}a 1 {t}b 2", "OK")
      .ok("0/{t}", [3, 4], "MGET {t}a {t}b", ["1", "2"])
      .ok("0/{t}", [5, 6], "RENAME {t}a {t}b", "OK")
      .ok("0/{t}", [7, 8], "RENAME {t}a {t}b", "-ERR no such key")
      .ok("0/{t}", [9, 10], "EXISTS {t}a {t}b", 1)
      .found(1, "{t}b", "string", "1");
    expect(textOf(tag)).toBe("");
    const lists = log()
      .ok("0/{l}", [1, 2], "RPUSH {l}a x", 1)
      .ok("0/{l}", [3, 4], "LMOVE {l}a {l}b LEFT RIGHT", "x")
      .ok("0/{l}", [5, 6], "LRANGE {l}a 0 -1", [])
      .found(1, "{l}b", "list", ["x"]);
    expect(textOf(lists)).toBe("");
    const sets = log()
      .ok("0/{s}", [1, 2], "SADD {s}a x", 1)
      .ok("0/{s}", [3, 4], "SADD {s}b y", 1)
      .ok("0/{s}", [5, 6], "SUNIONSTORE {s}c {s}a {s}b", 2)
      .found(1, "{s}a", "set", ["x"])
      .found(1, "{s}b", "set", ["y"])
      .found(1, "{s}c", "set", ["x", "y"]);
    expect(textOf(sets)).toBe("");
  });

  test("a stream whose entry was cut has an id that nobody was told", () => {
    const stream = log()
      .cut("0/x", 1, "XADD x * p one")
      .ok("0/x", [3, 4], "XADD x * p two", "7-0")
      .found(1, "x", "stream", [
        ["6-0", "one"],
        ["7-0", "two"],
      ]);
    expect(textOf(stream)).toBe("");
  });
});

describe("anomalies", () => {
  const expectNotLinear = (wrong: HandMadeLog): void => {
    expect(kindsOf(wrong)).toEqual(["not-linear"]);
  };

  test("an acknowledged write is lost", () => {
    expectNotLinear(log().ok("0/s", [1, 2], "SET s a", "OK"));
    expectNotLinear(
      log()
        .ok("0/s", [1, 2], "SET s a", "OK")
        .ok("0/s", [3, 4], "SET s b", "OK")
        .found(1, "s", "string", "a"),
    );
    expectNotLinear(
      log()
        .ok("0/l", [1, 2], "RPUSH l a", 1)
        .ok("0/l", [3, 4], "RPUSH l b", 2)
        .found(1, "l", "list", ["b"]),
    );
    expectNotLinear(
      log()
        .ok("0/h", [1, 2], "HSET h f v", 1)
        .found(1, "h", "hash", [["g", "v"]]),
    );
    expectNotLinear(
      log()
        .ok("0/S", [1, 2], "SADD S m", 1)
        .ok("0/S", [3, 4], "SADD S n", 1)
        .found(1, "S", "set", ["n"]),
    );
  });

  test("a write is applied twice", () => {
    expectNotLinear(log().ok("0/c", [1, 2], "INCR c", 1).found(1, "c", "string", "2"));
    expectNotLinear(log().cut("0/c", 1, "INCR c").found(1, "c", "string", "2"));
    expectNotLinear(log().ok("0/l", [1, 2], "RPUSH l a", 1).found(1, "l", "list", ["a", "a"]));
    expectNotLinear(
      log()
        .ok("0/z", [1, 2], "ZINCRBY z 2 m", "2")
        .found(1, "z", "zset", [["m", "4"]]),
    );
    expectNotLinear(
      log()
        .ok("0/x", [1, 2], "XADD x * p a", "5-0")
        .found(1, "x", "stream", [
          ["5-0", "a"],
          ["6-0", "a"],
        ]),
    );
  });

  test("what was refused has happened", () => {
    expectNotLinear(log().refused("0/c", [1, 2], "INCR c").found(1, "c", "string", "1"));
  });

  test("a read is stale", () => {
    expectNotLinear(
      log()
        .ok("0/s", [1, 2], "SET s a", "OK")
        .ok("0/s", [3, 4], "SET s b", "OK")
        .ok("0/s", [5, 6], "GET s", "a")
        .found(1, "s", "string", "b"),
    );
    expectNotLinear(
      log()
        .ok("0/s", [1, 2], "SET s a", "OK")
        .cut("0/s", 3, "SET s b")
        .ok("0/s", [5, 6], "GET s", "b")
        .ok("0/s", [7, 8], "GET s", "a")
        .found(1, "s", "string", "b"),
    );
  });

  test("a deleted key comes back", () => {
    const deleted = () => log().ok("0/s", [1, 2], "SET s a", "OK").ok("0/s", [3, 4], "DEL s", 1);
    expectNotLinear(deleted().found(1, "s", "string", "a"));
    expectNotLinear(deleted().ok("0/s", [5, 6], "EXISTS s", 1));
    expectNotLinear(
      log()
        .ok("0/S", [1, 2], "SADD S m", 1)
        .ok("0/S", [3, 4], "SREM S m", 1)
        .found(1, "S", "set", ["m"]),
    );
  });

  test("writes come in another order", () => {
    expectNotLinear(
      log()
        .ok("0/l", [1, 2], "RPUSH l a", 1)
        .ok("0/l", [3, 4], "RPUSH l b", 2)
        .found(1, "l", "list", ["b", "a"]),
    );
    expectNotLinear(
      log()
        .ok("0/x", [1, 2], "XADD x * p a", "5-0")
        .ok("0/x", [3, 4], "XADD x * p b", "4-0")
        .found(1, "x", "stream", [
          ["5-0", "a"],
          ["4-0", "b"],
        ]),
    );
  });

  test("a read between the keys of one tag sees half a command", () => {
    expectNotLinear(
      log()
        .ok("0/{t}", [1, 2], "MSET {t}a 1 {t}b 1", "OK")
        .ok("0/{t}", [3, 10], "MSET {t}a 2 {t}b 2", "OK")
        .ok("0/{t}", [4, 9], "MGET {t}a {t}b", ["2", "1"])
        .found(1, "{t}a", "string", "2")
        .found(1, "{t}b", "string", "2"),
    );
    expectNotLinear(
      log()
        .ok("0/{l}", [1, 2], "RPUSH {l}a x", 1)
        .ok("0/{l}", [3, 4], "LMOVE {l}a {l}b LEFT RIGHT", "x")
        .found(1, "{l}a", "list", ["x"])
        .found(1, "{l}b", "list", ["x"]),
    );
  });

  test("a key goes too early, too late, or never", () => {
    const timed = () => log().ok("0/t", [1, 2], "SET t a PX 5000", "OK");
    expectNotLinear(timed());
    expectNotLinear(timed().found(1, "t", "string", "a", -1));
    expectNotLinear(timed().found(1, "t", "string", "a", 3_000));
    expectNotLinear(timed().found(1, "t", "string", "a", 4_500));
    expectNotLinear(
      log().ok("0/t", [1, 2], "SET t a PX 50", "OK").ok("0/t", [300, 301], "GET t", "a"),
    );
    expectNotLinear(log().ok("0/t", [1, 2], "SET t a", "OK").found(1, "t", "string", "a", 50));
  });

  test("a key is on two groups", () => {
    const twice = log()
      .ok("0/s", [1, 2], "SET s a", "OK")
      .found(1, "s", "string", "a")
      .found(2, "s", "string", "a");
    expect(kindsOf(twice)).toEqual(["two-copies"]);
    expect(textOf(twice)).toContain('group 2, database 0: string "a", PTTL -1');
  });

  test("a key is at the wrong group, or in another database", () => {
    const moved = log().ok("0/s", [1, 2], "SET s a", "OK").found(2, "s", "string", "a");
    expect(kindsOf(moved)).toEqual(["misplaced"]);
    const other = log().ok("0/s", [1, 2], "SET s a", "OK").found(1, "s", "string", "a", -1, 3);
    expect(kindsOf(other)).toEqual(["unknown-key", "not-linear"]);
  });

  test("a key that nobody wrote", () => {
    expect(kindsOf(log().found(1, "s", "string", "a"))).toEqual(["unknown-key"]);
  });
});

describe("reports and bounds", () => {
  test("a failure shows what was expected, and the operations before", () => {
    const wrong = log()
      .ok("0/s", [1, 2], "SET s a", "OK")
      .ok("0/s", [3, 4], "GET s", "b")
      .cut("0/s", 5, "SET s c");
    const text = textOf(wrong);
    expect(text).toContain('#1 1.0..2.0 ms hand: SET s a -> "OK"');
    expect(text).toContain('GET s -> "b"');
    expect(text).toContain('expected ["a"]');
    expect(text).toContain("operations of unknown outcome: 1");
  });

  test("a long history with unknown outcomes is decided fast", () => {
    const long = log();
    for (let index = 0; index < 300; index += 1) {
      long.ok("0/c", [10 * index, 10 * index + 15], "INCR c", index + 1);
      if (index % 50 === 25) {
        long.cut("0/c", 10 * index + 5, "INCRBY c 1000000");
      }
    }
    expect(textOf(long.found(1, "c", "string", "300"))).toBe("");
    const lost = log();
    for (let index = 0; index < 300; index += 1) {
      lost.ok("0/l", [10 * index, 10 * index + 15], `RPUSH l v${index}`, index + 1);
    }
    for (let index = 0; index < 3; index += 1) {
      lost.cut("0/l", 500 * index, `RPUSH l w${index}`);
    }
    expect(kindsOf(lost.found(1, "l", "list", ["v1"]))).toEqual(["not-linear"]);
  });

  test("a search that gets too long says so", () => {
    const wide = log();
    for (let index = 0; index < 40; index += 1) {
      wide.cut("0/l", index, `RPUSH l w${index}`);
    }
    wide.ok("0/l", [50, 51], "LRANGE l 0 -1", ["x"]);
    expect(kindsOf(wide)).toEqual(["undecided"]);
  });
});
