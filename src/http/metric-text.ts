/**
 * Writes Prometheus's text format 0.0.4 from a table of metrics, for `/metrics` of both planes. A metric
 * that isn't in the table can't be written; each one's HELP and TYPE come before its first sample, so all
 * samples of one metric must be added in a row.
 */

/** One metric. */
export interface MetricSpec {
  readonly type: "gauge" | "counter" | "histogram";
  readonly labels: readonly string[];
  readonly help: string;
}

/** Content type of the text. */
export const METRICS_CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/** Values by name of the label. */
export type MetricLabels = Readonly<Record<string, string | number>>;

/** A histogram as it is written: counts of each bucket alone, one more than there are bounds. */
export interface HistogramFigures {
  readonly counts: readonly number[];
  readonly sum: number;
}

/** Gathers lines. */
export class MetricText<Name extends string> {
  readonly #specs: Readonly<Record<Name, MetricSpec>>;
  readonly #lines: string[] = [];
  #current: Name | undefined;

  constructor(specs: Readonly<Record<Name, MetricSpec>>) {
    this.#specs = specs;
  }

  add(name: Name, labels: MetricLabels, value: number): void {
    this.#announce(name);
    this.#lines.push(`${name}${formatLabels(labels)} ${formatNumber(value)}`);
  }

  /** `bounds` are the upper bounds of the buckets, in order. */
  addHistogram(
    name: Name,
    labels: MetricLabels,
    bounds: readonly number[],
    figures: HistogramFigures,
  ): void {
    this.#announce(name);
    let count = 0;
    for (const [index, bound] of [...bounds, "+Inf"].entries()) {
      count += figures.counts[index] ?? 0;
      this.#lines.push(`${name}_bucket${formatLabels({ ...labels, le: bound })} ${count}`);
    }
    this.#lines.push(
      `${name}_sum${formatLabels(labels)} ${formatNumber(figures.sum)}`,
      // The count must equal the last bucket, so it isn't counted separately.
      `${name}_count${formatLabels(labels)} ${count}`,
    );
  }

  toString(): string {
    return `${this.#lines.join("\n")}\n`;
  }

  #announce(name: Name): void {
    if (this.#current !== name) {
      this.#current = name;
      const spec = this.#specs[name];
      this.#lines.push(`# HELP ${name} ${spec.help}`, `# TYPE ${name} ${spec.type}`);
    }
  }
}

function formatLabels(labels: MetricLabels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeLabel(value)}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function escapeLabel(value: string | number): string {
  return String(value).replace(/[\\"\n]/g, (char) => (char === "\n" ? "\\n" : `\\${char}`));
}

function formatNumber(value: number): string {
  if (Number.isFinite(value)) {
    return String(value);
  }
  return Number.isNaN(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf";
}
