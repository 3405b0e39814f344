/**
 * Where a text stops being JSON. The runtime's own parser tells no position, and a slot table that
 * somebody edited by hand needs one. Called only after `JSON.parse` refused the text; slow is fine.
 */

/** A place in a text, both counted from 1, and what is wrong there. */
export interface JsonFault {
  readonly line: number;
  readonly column: number;
  readonly problem: string;
}

/** Nesting that the search follows; deeper texts are reported at that place. */
const DEPTH_MAX = 500;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const WORD = /true|false|null/y;
const STRING_PART = /(?:[^"\\\p{Cc}]|[\x7f-\x9f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*/uy;

/** The first fault of the text; undefined when it is JSON after all. */
export function findJsonFault(text: string): JsonFault | undefined {
  const finder = new FaultFinder(text);
  const fault = finder.run();
  if (fault === undefined) {
    return undefined;
  }
  const before = text.slice(0, fault.offset);
  const line = before.split("\n").length;
  const column = fault.offset - before.lastIndexOf("\n");
  return { line, column, problem: fault.problem };
}

class FaultFinder {
  readonly #text: string;
  #offset = 0;
  #problem: string | undefined;

  constructor(text: string) {
    this.#text = text;
  }

  run(): { offset: number; problem: string } | undefined {
    if (this.#value(0)) {
      this.#skipBlanks();
      if (this.#offset < this.#text.length) {
        this.#fail("there is more text after the end of the JSON value");
      }
    }
    return this.#problem === undefined
      ? undefined
      : { offset: this.#offset, problem: this.#problem };
  }

  #value(depth: number): boolean {
    this.#skipBlanks();
    const char = this.#text[this.#offset];
    if (depth > DEPTH_MAX) {
      return this.#fail(`nested deeper than ${DEPTH_MAX} levels`);
    }
    switch (char) {
      case "{":
        return this.#members(depth);
      case "[":
        return this.#elements(depth);
      case '"':
        return this.#string();
      default:
        return (
          this.#match(NUMBER) || this.#match(WORD) || this.#fail(`expected a value${this.#found()}`)
        );
    }
  }

  #members(depth: number): boolean {
    this.#offset++;
    if (this.#take("}")) {
      return true;
    }
    do {
      this.#skipBlanks();
      if (this.#text[this.#offset] !== '"') {
        return this.#fail(`expected a field name in double quotes${this.#found()}`);
      }
      if (!this.#string()) {
        return false;
      }
      if (!this.#take(":")) {
        return this.#fail(`expected ':' after the field name${this.#found()}`);
      }
      if (!this.#value(depth + 1)) {
        return false;
      }
    } while (this.#take(","));
    return this.#take("}") || this.#fail(`expected ',' or '}'${this.#found()}`);
  }

  #elements(depth: number): boolean {
    this.#offset++;
    if (this.#take("]")) {
      return true;
    }
    do {
      if (!this.#value(depth + 1)) {
        return false;
      }
    } while (this.#take(","));
    return this.#take("]") || this.#fail(`expected ',' or ']'${this.#found()}`);
  }

  #string(): boolean {
    this.#offset++;
    this.#match(STRING_PART);
    if (this.#text[this.#offset] !== '"') {
      return this.#fail(
        this.#offset >= this.#text.length
          ? "the text ends inside a string"
          : "a string has a bad escape or a control character",
      );
    }
    this.#offset++;
    return true;
  }

  #match(pattern: RegExp): boolean {
    pattern.lastIndex = this.#offset;
    const match = pattern.exec(this.#text);
    if (match === null) {
      return false;
    }
    this.#offset = pattern.lastIndex;
    return true;
  }

  #take(char: string): boolean {
    this.#skipBlanks();
    if (this.#text[this.#offset] !== char) {
      return false;
    }
    this.#offset++;
    return true;
  }

  #skipBlanks(): void {
    while (" \t\r\n".includes(this.#text[this.#offset] ?? "x")) {
      this.#offset++;
    }
  }

  #found(): string {
    const char = this.#text[this.#offset];
    return char === undefined ? ", but the text ends" : `, found ${JSON.stringify(char)}`;
  }

  #fail(problem: string): false {
    this.#problem ??= problem;
    return false;
  }
}
