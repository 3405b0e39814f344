/**
 * Counts of the requests that the HTTP port of a dashboard answered, for `/metrics`. Kept by few labels, so
 * that they stay few whatever callers send.
 */

/** Upper bounds of the buckets of durations, in seconds. */
export const REQUEST_BOUNDS_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** Which API a request belongs to. */
export type ApiName = "topom" | "v1" | "legacy" | "other";

/** What became of a request that a standby handed on. */
export type ForwardOutcome = "answered" | "failed" | "refused";

/** Counts since the start. */
export class RequestCount {
  /** By `api method status`. */
  readonly #requests = new Map<string, number>();
  readonly #durations = new Map<ApiName, { counts: number[]; sum: number }>();
  readonly forwards: Record<ForwardOutcome, number> = { answered: 0, failed: 0, refused: 0 };

  /** `method` is one that the HTTP library knows, so the number of counts is bounded. */
  add(api: ApiName, method: string, status: number, seconds: number): void {
    const key = `${api} ${method} ${status}`;
    this.#requests.set(key, (this.#requests.get(key) ?? 0) + 1);
    const figures = this.#durations.get(api) ?? {
      counts: new Array(REQUEST_BOUNDS_SECONDS.length + 1).fill(0),
      sum: 0,
    };
    const found = REQUEST_BOUNDS_SECONDS.findIndex((bound) => seconds <= bound);
    const index = found < 0 ? REQUEST_BOUNDS_SECONDS.length : found;
    figures.counts[index] = (figures.counts[index] ?? 0) + 1;
    figures.sum += seconds;
    this.#durations.set(api, figures);
  }

  /** In the order in which they were first seen. */
  *requests(): Iterable<{ api: string; method: string; status: string; count: number }> {
    for (const [key, count] of this.#requests) {
      const [api = "", method = "", status = ""] = key.split(" ");
      yield { api, method, status, count };
    }
  }

  /** Counts between `REQUEST_BOUNDS_SECONDS` by API. */
  durations(): ReadonlyMap<ApiName, { readonly counts: readonly number[]; readonly sum: number }> {
    return this.#durations;
  }
}
