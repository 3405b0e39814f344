/** Failed calls in the words of a command line: what the other side said, and the next step. */
import { describe, expect, test } from "bun:test";
import { CodisError, type ErrorCode } from "../../../src/base/error.ts";
import { exitCodeOf } from "../../../src/cli/exit-code.ts";
import { nextStepAfter } from "../../../src/cli/noun/next-step.ts";
import { explainFailure, type RemoteTarget } from "../../../src/cli/remote-failure.ts";

const TARGET: RemoteTarget = {
  kind: "dashboard",
  addr: "127.0.0.1:18080",
  whenAbsent: "start one",
  whenOther: "name it",
  whenNotFound: "look at the list",
};

function silence(code: string | undefined, isTimedOut = false): CodisError {
  const cause = new Error("x");
  if (code !== undefined) {
    Object.assign(cause, { code });
  }
  return new CodisError("REMOTE_UNREACHABLE", "GET / of …: x", { cause, context: { isTimedOut } });
}

function refusal(code: ErrorCode, reason: string | undefined, status: number): CodisError {
  return new CodisError(code, `GET / of …: ${reason}`, { context: { status, reason } });
}

function lineOf(thrown: unknown, target: RemoteTarget = TARGET): string {
  const explained = explainFailure(thrown, target);
  return explained instanceof Error ? explained.message : String(explained);
}

describe("no answer", () => {
  test.each([
    ["ECONNREFUSED", "no dashboard answers at 127.0.0.1:18080 (ECONNREFUSED); start one"],
    ["ENOTFOUND", "no dashboard answers at 127.0.0.1:18080 (ENOTFOUND); start one"],
    [
      "ECONNRESET",
      "127.0.0.1:18080 ended the connection without an answer (ECONNRESET). A dashboard that has just died may have " +
        "done what was asked for: look before you ask again. If none is there: name it",
    ],
    [undefined, "what listens at 127.0.0.1:18080 isn't a dashboard (no HTTP); name it"],
  ])("%p", (code, line) => {
    expect(lineOf(silence(code))).toBe(line);
    expect(exitCodeOf(explainFailure(silence(code), TARGET))).toBe(69);
  });

  test("in time", () => {
    expect(lineOf(silence(undefined, true))).toBe(
      "the dashboard at 127.0.0.1:18080 doesn't answer in time; what was asked for may have been done: look " +
        "before you ask again",
    );
  });
});

describe("a no", () => {
  test("is told without the HTTP around it", () => {
    expect(lineOf(refusal("ALREADY_EXISTS", "group-[1] already exists", 409))).toBe(
      "group-[1] already exists; look at the list",
    );
    expect(lineOf(refusal("REMOTE_REFUSED", undefined, 502))).toBe(
      "127.0.0.1:18080 answered status 502",
    );
  });

  test.each([
    ["group-[3] is empty", "; first: codis server add 3 HOST:PORT"],
    ["group-[3] is empty: add a server first", "; first: codis server add 3 HOST:PORT"],
    [
      "group-[1] can't remove master, still in use: take away the slots of the group first",
      "; codis rebalance --drain 1",
    ],
    [
      "group-[1] can't remove master, still in use: take away its replicas first",
      "; or make one of them the master: codis group promote 1 HOST:PORT",
    ],
    ["group-[1] can't promote master", "; the server is the master already"],
    [
      "group-[12] is promoting",
      "; another master is being made; wait until codis group show 12 says that it is over",
    ],
    ["group-[1] isn't empty", ""],
  ])("in the words of Codis, %p, gets the next step in today's command lines", (said, step) => {
    const thrown = refusal("STATE_CONFLICT", said, 409);
    expect(lineOf(thrown)).toBe(said);
    const shown = explainFailure(thrown, { ...TARGET, nextStepAfter });
    expect(shown instanceof Error ? shown.message : "").toBe(`${said}${step}`);
  });

  test("has the next step where there is one", () => {
    expect(lineOf(refusal("NOT_FOUND", "group-[9] doesn't exist", 404))).toBe(
      "group-[9] doesn't exist; look at the list",
    );
    expect(lineOf(refusal("NO_SUCH_PATH", "no such path", 404))).toBe(
      "what listens at 127.0.0.1:18080 isn't a dashboard (no such path); name it",
    );
    expect(lineOf(refusal("REMOTE_REFUSED", undefined, 404))).toBe(
      "what listens at 127.0.0.1:18080 isn't a dashboard of ours (status 404); name it",
    );
    expect(lineOf(refusal("NOT_ONLINE", "waits for zookeeper", 503))).toBe(
      "waits for zookeeper; try again in a moment",
    );
    expect(lineOf(refusal("UNAUTHENTICATED", "a token is needed", 401))).toContain("CODIS_TOKEN");
    expect(
      lineOf(refusal("UNAUTHENTICATED", "the token isn't known", 401), {
        ...TARGET,
        hasToken: true,
      }),
    ).toBe("the token isn't known; look at CODIS_TOKEN or --api-token");
    const proxy = { ...TARGET, kind: "proxy" } as const;
    expect(lineOf(refusal("XAUTH_INVALID", "invalid xauth", 800), proxy)).toBe(
      "invalid xauth; --auth is the proxy's product_auth",
    );
  });

  test("keeps its code, and so its exit code", () => {
    for (const [code, exit] of [
      ["NOT_FOUND", 1],
      ["ALREADY_EXISTS", 1],
      ["UNAUTHENTICATED", 77],
      ["FORBIDDEN", 77],
      ["NOT_LEADER", 69],
      ["NOT_SUPPORTED", 69],
    ] as const) {
      expect(exitCodeOf(explainFailure(refusal(code, "x", 400), TARGET))).toBe(exit);
    }
  });
});

test("what isn't about a call comes back as it is", () => {
  const slip = new CodisError("USAGE", "x");
  const defect = new TypeError("x");
  expect(explainFailure(slip, TARGET)).toBe(slip);
  expect(explainFailure(defect, TARGET)).toBe(defect);
});
