/**
 * What the parts of the contract suite share: coordinators and client processes that end with their test,
 * paths of a test's own, and the bounds of all waits.
 */
import { expect, test } from "bun:test";
import type { CodisError, ErrorCode } from "../../src/base/error.ts";
import { isCodisError } from "../../src/base/error.ts";
import type {
  Coordinator,
  LeadershipRequest,
  NodeWriter,
} from "../../src/coordinator/coordinator.ts";
import type {
  CoordinatorClient,
  CoordinatorFixture,
  OpenOverrides,
} from "./coordinator-fixture.ts";

/**
 * Lease of leaders and life of registrations in these tests: one that was renewed a third of it ago outlives a machine
 * that stands still for more than four seconds.
 */
export const LEASE_MS = 7_000;
/** Of leaders that are to lose it. */
export const SHORT_LEASE_MS = 2_000;
/** Lease of leaders that must not lose it: longer than a shared machine's disk stands still. */
export const CALM_LEASE_MS = 20_000;
/** How much later than promised something may be seen; the machine is shared. */
export const SLACK_MS = 20_000;
/** Bound of what should happen at once. */
export const SOON_MS = 20_000;
/** Bound of one test. */
export const TEST_MS = 180_000;
/** Bound of operations that must not fail, however busy the machine is. */
export const CALM_OPERATION_MS = 30_000;
/** Bound of operations while the server is away, and how much longer they may really take. */
export const OPERATION_MS = 1_500;
export const OPERATION_SLACK_MS = 20_000;

/** Body of one test. */
type TestBody = (scope: TestScope) => Promise<void>;

/** The tests of one implementation. */
export class SuiteContext {
  readonly fixture: CoordinatorFixture;
  #lastPath = 0;

  constructor(fixture: CoordinatorFixture) {
    this.fixture = fixture;
  }

  /** Declares a test that runs while no other does: for faults of the server, and for quick ones. */
  test(name: string, body: TestBody): void {
    test.serial(name, () => this.#run(body), TEST_MS);
  }

  /** Declares a test that runs together with its neighbours of this kind: for those that mostly wait. */
  slowTest(name: string, body: TestBody): void {
    test.concurrent(name, () => this.#run(body), TEST_MS);
  }

  /** A number that no other test has. */
  nextNumber(): number {
    this.#lastPath += 1;
    return this.#lastPath;
  }

  async #run(body: TestBody): Promise<void> {
    const scope = new TestScope(this);
    try {
      await body(scope);
    } finally {
      await scope.clean();
    }
  }
}

/** What one test has opened, and paths of its own. */
export class TestScope {
  readonly #context: SuiteContext;
  readonly #open: Coordinator[] = [];
  readonly #clients: CoordinatorClient[] = [];

  constructor(context: SuiteContext) {
    this.#context = context;
  }

  /** Opens a coordinator that is closed after the test. */
  async open(overrides?: OpenOverrides): Promise<Coordinator> {
    const coordinator = await this.#context.fixture.open({
      operationTimeoutMs: CALM_OPERATION_MS,
      ...overrides,
    });
    this.#open.push(coordinator);
    return coordinator;
  }

  /** Starts a process that is killed after the test. */
  async startClient(): Promise<CoordinatorClient> {
    const client = await this.#context.fixture.startClient();
    this.#clients.push(client);
    return client;
  }

  /** A path that no other test uses. */
  freshPath(): string {
    return `/contract/t${this.#context.nextNumber()}`;
  }

  /** Asks for the leadership of a product that no other test uses. */
  leadershipRequest(leaseMs: number = LEASE_MS): LeadershipRequest {
    return leadershipRequestOf(`contract${this.#context.nextNumber()}`, leaseMs);
  }

  /** Ends what the test has opened, after it has brought back a server that the test has left dead. */
  async clean(): Promise<void> {
    const { hang, crash } = this.#context.fixture;
    await hang?.resumeServer();
    await crash?.startServer();
    await Promise.all([
      ...this.#clients.map((client) => client.kill()),
      ...this.#open.map((coordinator) => coordinator.close()),
    ]);
  }
}

/** A dashboard's request for the leadership of a product. */
export function leadershipRequestOf(product: string, leaseMs: number): LeadershipRequest {
  return {
    lockPath: `/codis3/${product}/topom`,
    data: `{\n    "product_name": "${product}"\n}`,
    epochPath: `/codis-ext/${product}/epoch`,
    leaseMs,
  };
}

/** Waits for a rejection with this code, and gives the error. */
export async function failure(code: ErrorCode, promise: Promise<unknown>): Promise<CodisError> {
  try {
    await promise;
  } catch (thrown) {
    if (isCodisError(thrown, code)) {
      expect(thrown.message).not.toContain("\n");
      return thrown;
    }
    throw thrown;
  }
  throw new Error(`nothing was thrown; ${code} was expected`);
}

/** Writes one node whatever is there. */
export async function put(writer: NodeWriter, path: string, data: string): Promise<string> {
  const [version] = await writer.write([{ path, data, expected: "any" }]);
  if (version === undefined) {
    throw new Error(`a write of ${path} gave no version`);
  }
  return version;
}

/** Does nothing for so long: for what must not happen, and for leases that must run out. */
export function pass(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
