/**
 * Keeps an old dashboard from changing a proxy that already listens to a newer one. Each leader of a
 * product has a growing epoch, and each change of its a growing revision; both come with its calls.
 *
 *   heard before          a call with (epoch, revision)     a push without a version
 *   nothing               taken                             taken
 *   (e, r)                taken from (e, r) on, else        refused for 30 s after the last call with
 *                         PUSH_OUTDATED                     a version (PUSH_UNVERSIONED), then taken
 *
 * An original dashboard sends no version; the 30 seconds let it take over a product from ours, and
 * keep it out while ours is alive. The newest pair is never forgotten while the proxy runs.
 */
import type { Clock } from "../../base/clock.ts";
import { CodisError } from "../../base/error.ts";
import type { PushVersion } from "../control.ts";

/** How long a push without a version is refused after a call with one. */
export const UNVERSIONED_PAUSE_MS = 30_000;

/** Remembers the newest version heard. */
export class PushGuard {
  readonly #clock: Clock;
  #newest: PushVersion | undefined;
  #heardAtMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The newest version heard. */
  newest(): PushVersion | undefined {
    return this.#newest;
  }

  /**
   * Checks the version of any call and remembers it. The same pair again is taken: a dashboard repeats
   * a push whose answer it didn't get. Throws `PUSH_OUTDATED`.
   */
  admitVersion(version: PushVersion): void {
    const newest = this.#newest;
    if (newest !== undefined && isOlder(version, newest)) {
      throw new CodisError(
        "PUSH_OUTDATED",
        `outdated: epoch ${version.epoch} revision ${version.revision} is older than ` +
          `epoch ${newest.epoch} revision ${newest.revision} which this proxy has heard`,
        { context: { epoch: version.epoch, revision: version.revision } },
      );
    }
    this.#newest = version;
    this.#heardAtMs = this.#clock.monotonicMs();
  }

  /** Checks a push that carries no version. Throws `PUSH_UNVERSIONED`. */
  admitUnversionedPush(): void {
    if (this.#newest === undefined) {
      return;
    }
    const waitMs = this.#heardAtMs + UNVERSIONED_PAUSE_MS - this.#clock.monotonicMs();
    if (waitMs > 0) {
      throw new CodisError(
        "PUSH_UNVERSIONED",
        `another dashboard (epoch ${this.#newest.epoch}) rules this proxy; a push without a version ` +
          `is taken in ${Math.ceil(waitMs / 1000)} s at the earliest`,
      );
    }
  }
}

function isOlder(version: PushVersion, than: PushVersion): boolean {
  return (
    version.epoch < than.epoch || (version.epoch === than.epoch && version.revision < than.revision)
  );
}
