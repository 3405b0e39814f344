/**
 * A few lines of a terminal that are drawn over and over at the same place. What else is written meanwhile has
 * to end the block first (`leave`), or it would be drawn over.
 *
 * Uses three sequences that every terminal of the last decades knows: cursor up, delete the line, delete below.
 */

/** Where it is drawn. */
export interface Screen {
  /** Characters of a line now; undefined when it isn't known. */
  readonly columns: number | undefined;
  write(text: string): void;
}

const COLUMNS_UNKNOWN = 80;

/** See the file head. */
export class LiveBlock {
  readonly #screen: Screen;
  #height = 0;

  constructor(screen: Screen) {
    this.#screen = screen;
  }

  /** Characters that a line may have. The last column stays free: some terminals wrap there at once. */
  get width(): number {
    return (this.#screen.columns ?? COLUMNS_UNKNOWN) - 1;
  }

  /** Puts these lines in the place of those before. Each must fit into `width`. */
  draw(lines: readonly string[]): void {
    const up = this.#height === 0 ? "" : `\u001b[${this.#height}A`;
    const text = lines.map((line) => `\u001b[2K${line}\n`).join("");
    this.#screen.write(`${up}\r${text}\u001b[J`);
    this.#height = lines.length;
  }

  /** What is drawn stays; the next block begins below it. */
  leave(): void {
    this.#height = 0;
  }
}
