/**
 * What answers of etcd's gateway mean. The texts were recorded from etcd 3.4.23; the forms without `error`
 * are those of etcd 3.6, as its issue 21100 shows them.
 */
import { describe, expect, test } from "bun:test";
import {
  type FailureKind,
  judge,
  judgeLine,
  type Verdict,
} from "../../../src/coordinator/etcd/verdict.ts";

function kindOf(status: number, body: object | string): Verdict["kind"] {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return judge({ kind: "answer", status, text }).kind;
}

const ERRORS: readonly (readonly [number, number, string, FailureKind])[] = [
  [503, 14, "etcdserver: no leader", "again"],
  [429, 8, "etcdserver: too many requests", "again"],
  [503, 14, "etcdserver: request timed out", "doubt"],
  [503, 14, "etcdserver: request timed out, possibly due to previous leader failure", "doubt"],
  [503, 14, "etcdserver: leader changed", "doubt"],
  [500, 2, "context deadline exceeded", "doubt"],
  [401, 16, "etcdserver: invalid auth token", "login"],
  [400, 3, "etcdserver: user name is empty", "login"],
  [400, 3, "etcdserver: revision of auth store is old", "login"],
  [400, 3, "etcdserver: authentication failed, invalid user ID or password", "refused"],
  [403, 7, "etcdserver: permission denied", "refused"],
  [412, 9, "etcdserver: authentication is not enabled", "auth-off"],
  [429, 8, "etcdserver: mvcc: database space exceeded", "full"],
  [404, 5, "etcdserver: requested lease not found", "lease-gone"],
  [400, 11, "etcdserver: mvcc: required revision has been compacted", "compacted"],
  [400, 3, "etcdserver: request is too large", "too-large"],
  [429, 8, "grpc: received message larger than max (2600013 vs. 2097152)", "too-large"],
  [400, 3, "etcdserver: duplicate key given in txn request", "defect"],
];

describe("judge", () => {
  for (const [status, code, message, kind] of ERRORS) {
    test(`"${message}" is ${kind}, in the forms of all releases`, () => {
      expect(kindOf(status, { error: message, message, code })).toBe(kind);
      expect(kindOf(status, { message, code })).toBe(kind);
      expect(kindOf(status, { message, code, details: [] })).toBe(kind);
      const stream = { grpc_code: code, http_code: status, message, http_status: "x" };
      expect(kindOf(200, { error: stream })).toBe(kind);
      expect(judgeLine(JSON.stringify({ error: { code, message, details: [] } })).kind).toBe(kind);
    });
  }

  test("an answer is the object, of a stream what is in `result`", () => {
    const header = { revision: "7" };
    expect(judge({ kind: "answer", status: 200, text: JSON.stringify({ header }) })).toEqual({
      kind: "value",
      value: { header },
    });
    expect(judgeLine(JSON.stringify({ result: { header, ID: "5" } }))).toEqual({
      kind: "value",
      value: { header, ID: "5" },
    });
  });

  test("what isn't from a gateway of etcd is told apart from what is broken", () => {
    expect(kindOf(404, "404 page not found\n")).toBe("not-etcd");
    expect(kindOf(400, "Client sent an HTTP request to an HTTPS server.\n")).toBe("not-etcd");
    expect(kindOf(502, "<html>bad gateway</html>")).toBe("doubt");
    for (const text of ["", "[1", "7", "null", '"x"', '{"a":', '{"error":null}']) {
      expect(kindOf(200, text)).toBe("doubt");
    }
    const strange = judge({ kind: "answer", status: 500, text: `a\nb${"c".repeat(500)}` });
    expect("reason" in strange ? strange.reason.length : 0).toBeLessThan(200);
    expect("reason" in strange ? strange.reason : "\n").not.toContain("\n");
  });

  test("a failure is a doubt once the request may have been sent", () => {
    const failure = { kind: "failure", reason: "x", isTooLarge: false } as const;
    expect(judge({ ...failure, wasSent: false }).kind).toBe("again");
    expect(judge({ ...failure, wasSent: true }).kind).toBe("doubt");
    expect(judge({ ...failure, wasSent: true, isTooLarge: true }).kind).toBe("too-large");
  });
});
