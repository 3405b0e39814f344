/**
 * Failures as the console shows them: problem documents, error pages of strangers, and no answer at all.
 */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { ApiProblem, asProblem, problemOf } from "../../../web/src/data/problem.ts";

describe("problemOf", () => {
  test("takes code, words and id of a problem document", () => {
    const body = { status: 409, code: "PLAN_OUTDATED", detail: "the topology changed", title: "x" };
    const problem = problemOf(409, JSON.stringify(body), "req-1");
    expect(problem).toMatchObject({
      status: 409,
      code: "PLAN_OUTDATED",
      detail: "the topology changed",
      requestId: "req-1",
    });
    const withoutHeader = problemOf(409, JSON.stringify({ ...body, request_id: "req-2" }), null);
    expect(withoutHeader.requestId).toBe("req-2");
  });

  test("makes plain words of an error page", () => {
    const page = "<html><h1>502 Bad Gateway</h1><script>alert(1)</script><img src=x onerror=y>";
    const problem = problemOf(502, page, null);
    expect(problem.code).toBe("bad_answer");
    expect(problem.detail).toBe("HTTP 502: 502 Bad Gateway alert(1)");
    expect(problemOf(500, "", null).detail).toBe("HTTP 500");
  });

  test("never fails, and bounds what it shows", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (body) => {
        expect(problemOf(500, body, null)).toBeInstanceOf(ApiProblem);
      }),
    );
    expect(problemOf(500, "x".repeat(100_000), null).detail.length).toBeLessThan(400);
  });
});

describe("asProblem", () => {
  test("keeps a problem, and wraps anything else as no answer", () => {
    const problem = new ApiProblem(403, "FORBIDDEN", "no");
    expect(asProblem(problem)).toBe(problem);
    expect(asProblem(new TypeError("Failed to fetch"))).toMatchObject({
      status: 0,
      code: "no_answer",
      detail: "Failed to fetch",
    });
    expect(asProblem("odd").detail).toBe("odd");
  });
});
