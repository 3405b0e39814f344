/**
 * Counts of fe since its start, and the text of its `/metrics`. Kept by few labels: products of the list and
 * statuses, never anything that a visitor sends.
 */
import { RUNTIME, VERSION } from "../base/version.ts";
import { type MetricSpec, MetricText } from "../http/metric-text.ts";
import type { ProductBook } from "./product-book.ts";

/** Every metric of fe. */
export const FE_METRICS = {
  codis_fe_info: {
    type: "gauge",
    labels: ["version", "runtime"],
    help: "What runs here; always 1.",
  },
  codis_fe_products: {
    type: "gauge",
    labels: ["state"],
    help: "Products by whether their dashboard answers: reachable, unreachable.",
  },
  codis_fe_discovered: {
    type: "gauge",
    labels: [],
    help: "1 once the list of products was read.",
  },
  codis_fe_stream_clients: { type: "gauge", labels: [], help: "Streams handed on at the moment." },
  codis_fe_upstream_requests_total: {
    type: "counter",
    labels: ["product", "code"],
    help: "Calls handed on to dashboards, by status; 0: there was no answer.",
  },
  codis_fe_logins_total: {
    type: "counter",
    labels: ["result"],
    help: "Sign-ins: done, refused, limited.",
  },
  process_resident_memory_bytes: { type: "gauge", labels: [], help: "Memory of the process." },
  process_uptime_seconds: { type: "gauge", labels: [], help: "Age of the process." },
} as const satisfies Readonly<Record<string, MetricSpec>>;

/** How a sign-in ended. */
export type SignInResult = "done" | "refused" | "limited";

/** Counts that are kept: products of old lists don't add up for ever. */
const UPSTREAM_COUNTS_MAX = 20_000;

/** The counts. */
export class FeMetrics {
  /** By `product code`. */
  readonly #upstream = new Map<string, number>();
  readonly #signIns = new Map<SignInResult, number>();
  #streamCount = 0;

  /** `status` 0: there was no answer. */
  addUpstream(product: string, status: number): void {
    const key = `${product} ${status}`;
    if (this.#upstream.has(key) || this.#upstream.size < UPSTREAM_COUNTS_MAX) {
      this.#upstream.set(key, (this.#upstream.get(key) ?? 0) + 1);
    }
  }

  addSignIn(result: SignInResult): void {
    this.#signIns.set(result, (this.#signIns.get(result) ?? 0) + 1);
  }

  /** Streams under way. */
  get streamCount(): number {
    return this.#streamCount;
  }

  addStream(change: 1 | -1): void {
    this.#streamCount += change;
  }

  /** Prometheus's text. */
  render(book: ProductBook): string {
    const text = new MetricText(FE_METRICS);
    text.add("codis_fe_info", { version: VERSION, runtime: RUNTIME }, 1);
    const products = book.list();
    const reachable = products.filter(({ trouble }) => trouble === undefined).length;
    text.add("codis_fe_products", { state: "reachable" }, reachable);
    text.add("codis_fe_products", { state: "unreachable" }, products.length - reachable);
    text.add("codis_fe_discovered", {}, book.isDiscovered() ? 1 : 0);
    text.add("codis_fe_stream_clients", {}, this.#streamCount);
    for (const [key, count] of this.#upstream) {
      const [product = "", code = ""] = key.split(" ");
      text.add("codis_fe_upstream_requests_total", { product, code }, count);
    }
    for (const [result, count] of this.#signIns) {
      text.add("codis_fe_logins_total", { result }, count);
    }
    text.add("process_resident_memory_bytes", {}, process.memoryUsage.rss());
    text.add("process_uptime_seconds", {}, process.uptime());
    return text.toString();
  }
}
