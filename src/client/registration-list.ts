/**
 * The proxies of a product as the coordinator has them: reads the folder of registrations, and again whenever
 * it changes. While the coordinator doesn't answer the last list stands; a registration that can't be read is
 * told and left out, the others count.
 */
import { Backoff } from "../base/backoff.ts";
import { CodisError, messageOf } from "../base/error.ts";
import type { Coordinator, CoordinatorNode, Watch } from "../coordinator/coordinator.ts";
import { decodeJodisRecord, JODIS_ONLINE, type JodisRecord } from "../model/jodis-record.ts";

/** Should a change not be told, it is seen after this time. */
const REREAD_MS = 60_000;
const RETRY_MIN_MS = 250;
const RETRY_MAX_MS = 10_000;
/** Proxies of one product that are used; more are told and left out. */
const PROXIES_MAX = 1000;

/** What to read, and whom to tell. */
export interface RegistrationListOptions {
  readonly coordinator: Coordinator;
  readonly folder: string;
  /** Gets the proxies that are online, one for each address, after every reading that changed them. */
  readonly onList: (records: readonly JodisRecord[]) => void;
  /** One line when something begins to be wrong; undefined when all is well again. */
  readonly onTrouble: (line: string | undefined) => void;
}

/** Follows the registrations until it is closed. */
export class RegistrationList {
  readonly #options: RegistrationListOptions;
  readonly #backoff = new Backoff({ minMs: RETRY_MIN_MS, maxMs: RETRY_MAX_MS });
  readonly #first = Promise.withResolvers<void>();
  #watch: Watch | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isReading = false;
  #isStale = false;
  #isClosed = false;
  #trouble: string | undefined;
  #shown: string | undefined;

  constructor(options: RegistrationListOptions) {
    this.#options = options;
  }

  /** Begins; resolves after the first reading, rejects with its last failure when `timeoutMs` are over. */
  async start(timeoutMs: number): Promise<void> {
    const { coordinator, folder } = this.#options;
    // Before the first reading: a change in between is told, and read again.
    this.#watch = coordinator.watch(folder, () => this.#read());
    this.#read();
    const timer = setTimeout(() => {
      const why = this.#trouble ?? "no answer";
      this.#first.reject(
        new CodisError(
          "COORDINATOR_UNREACHABLE",
          `can't read the proxies under ${folder} at ${coordinator.label} within ${timeoutMs} ms: ${why}`,
        ),
      );
    }, timeoutMs);
    try {
      await this.#first.promise;
    } finally {
      clearTimeout(timer);
    }
  }

  /** No more calls back. */
  close(): void {
    this.#isClosed = true;
    this.#watch?.close();
    clearTimeout(this.#timer);
  }

  #read(): void {
    if (this.#isReading) {
      this.#isStale = true;
      return;
    }
    this.#isReading = true;
    this.#readNow().then((pauseMs) => {
      this.#isReading = false;
      if (this.#isClosed) return;
      clearTimeout(this.#timer);
      if (this.#isStale && this.#backoff.failures === 0) {
        this.#isStale = false;
        this.#read();
        return;
      }
      this.#timer = setTimeout(() => this.#read(), pauseMs);
      this.#timer.unref();
    });
  }

  /** Never rejects; gives the pause until the next reading. */
  async #readNow(): Promise<number> {
    const { coordinator, folder } = this.#options;
    let nodes: readonly CoordinatorNode[];
    try {
      nodes = await coordinator.readChildren(folder);
    } catch (error) {
      this.#tell(messageOf(error));
      return this.#backoff.nextMs();
    }
    if (this.#isClosed) return REREAD_MS;
    this.#backoff.reset();
    const { records, problem } = selectOnline(nodes);
    this.#tell(problem);
    const shown = JSON.stringify(records);
    if (shown !== this.#shown) {
      this.#shown = shown;
      this.#options.onList(records);
    }
    this.#first.resolve();
    return REREAD_MS;
  }

  #tell(trouble: string | undefined): void {
    if (trouble !== this.#trouble && !this.#isClosed) {
      this.#trouble = trouble;
      this.#options.onTrouble(trouble);
    }
  }
}

/** Proxies to be used, in the order of their nodes; `problem` names the first one that can't be read. */
function selectOnline(nodes: readonly CoordinatorNode[]): {
  readonly records: readonly JodisRecord[];
  readonly problem: string | undefined;
} {
  const byAddr = new Map<string, JodisRecord>();
  let problem: string | undefined;
  for (const node of nodes) {
    try {
      const record = decodeJodisRecord(node.data, node.path);
      if (record.state !== JODIS_ONLINE) continue;
      if (byAddr.size < PROXIES_MAX) byAddr.set(record.addr, record);
      else problem ??= `more than ${PROXIES_MAX} proxies are registered; ${record.addr} isn't used`;
    } catch (error) {
      problem ??= messageOf(error);
    }
  }
  return { records: [...byAddr.values()], problem };
}
