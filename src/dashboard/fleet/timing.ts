/**
 * Every wait and bound of the fleet by name. Times are milliseconds. Tests shorten the times; a product has
 * these.
 */

/** Times of the fleet. */
export interface FleetTiming {
  /** From the start of one look at a proxy's statistics to the next. */
  readonly pollPeriodMs: number;
  readonly pollTimeoutMs: number;
  /**
   * One call that brings a proxy to the desired state. Longer than `worker_ack_timeout` of a proxy, which
   * answers a push only when each of its workers has taken it or was replaced.
   */
  readonly pushTimeoutMs: number;
  /** One call to an address that is about to be registered. */
  readonly admissionTimeoutMs: number;
  readonly shutdownTimeoutMs: number;
  /** Pauses after failed pushes to one proxy. */
  readonly backoffMinMs: number;
  readonly backoffMaxMs: number;
  /** How often the whole table of an original proxy is read and compared. */
  readonly comparePeriodMs: number;
  /** While the stored model differs from what the proxy says, it is told again so often. */
  readonly modelReportPeriodMs: number;
}

/** Times of a product. */
export const FLEET_TIMING: FleetTiming = {
  pollPeriodMs: 1000,
  pollTimeoutMs: 1000,
  pushTimeoutMs: 10_000,
  admissionTimeoutMs: 5000,
  shutdownTimeoutMs: 10_000,
  backoffMinMs: 200,
  backoffMaxMs: 10_000,
  comparePeriodMs: 30_000,
  modelReportPeriodMs: 5000,
};

/** Longest answer to anything but a read of the slots; statistics have about 10 KB, with all commands 500 KB. */
export const ANSWER_BYTES_MAX = 1024 * 1024;
/** Longest answer to a read of the slots; 1024 slots have about 150 KB. */
export const SLOTS_ANSWER_BYTES_MAX = 16 * 1024 * 1024;
/** Longest error text of a proxy that is kept and shown. */
export const ERROR_CHARS_MAX = 500;
