/**
 * What the contract suite needs of an implementation: how to start its server, how to open it, how to run
 * it in another process, and which faults can be made. One test file for each implementation fills this
 * in; see `coordinator-filesystem.test.ts`.
 */
import type { Coordinator } from "../../src/coordinator/coordinator.ts";
import type { CoordinatorKind, CoordinatorOptions } from "../../src/coordinator/open.ts";
import type { ClientCommand, ClientEvent } from "./client-command.ts";

/** What a test may ask for when it opens a coordinator. */
export type OpenOverrides = Partial<
  Pick<CoordinatorOptions, "operationTimeoutMs" | "sessionTimeoutMs" | "onState" | "addr" | "auth">
>;

/** A coordinator in another process, told by commands what to do. */
export interface CoordinatorClient {
  /** The answer; what the command threw there is thrown here, as a `CodisError` with the same code. */
  run(command: ClientCommand): Promise<unknown>;
  /** What it told by itself so far. */
  events(): readonly ClientEvent[];
  /** SIGKILL; resolves when the process is gone. */
  kill(): Promise<void>;
  /** SIGSTOP: commands given meanwhile are answered after `resume`. */
  pause(): void;
  /** SIGCONT. */
  resume(): void;
  /** Closes the coordinator there, then waits for the process to end by itself; its exit code. */
  end(): Promise<number | null>;
}

/** The server is gone (kill -9), and comes back with what it had stored. Starting one that runs does nothing. */
export interface CrashFault {
  killServer(): Promise<void>;
  startServer(): Promise<void>;
}

/** The server is there but answers nothing. Waking one that is awake does nothing. */
export interface HangFault {
  pauseServer(): Promise<void>;
  resumeServer(): Promise<void>;
}

/** One implementation under test. */
export interface CoordinatorFixture {
  /** Called once before all tests. Afterwards `open` must succeed at once. */
  start(): Promise<void>;
  /** Called once after all tests; ends and removes everything that was started. */
  stop(): Promise<void>;
  open(overrides?: OpenOverrides): Promise<Coordinator>;
  /** Another process; `spawnClient` of `client-process.ts` for all that can be opened by kind and address. */
  startClient(): Promise<CoordinatorClient>;
  /** undefined where there is no server that can die. */
  readonly crash: CrashFault | undefined;
  /** undefined where nothing can hang. */
  readonly hang: HangFault | undefined;
}

/** How a client process opens its coordinator. */
export interface ClientTarget extends OpenOverrides {
  readonly kind: CoordinatorKind;
  readonly addr: string;
  readonly auth: string;
}
