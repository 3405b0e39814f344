/**
 * Reads the fields of one JSON object that another program wrote. Fields that are missing or null have
 * their empty value, as in Go; a field of a wrong type or out of range is a `MODEL_INVALID` that names the
 * field and what would be right. Fields that nobody asked for are kept, so that a node of a newer program
 * loses nothing when it is written again (numbers beyond 2^53 among them lose their last digits).
 */
import { CodisError } from "../base/error.ts";
import { findJsonFault } from "../base/json-position.ts";

/** Fields that this program doesn't know, in their order; they are written after the known ones. */
export type ExtraFields = Readonly<Record<string, unknown>>;

/** A record that keeps fields it doesn't know. */
export interface WithExtra {
  /** Absent when there are none. */
  readonly extra?: ExtraFields | undefined;
}

/** Longest part of a wrong value that an error line shows. */
const SHOWN_LENGTH_MAX = 60;

/** Parses the text of a node. Throws `MODEL_INVALID` with the place where it stops being JSON. */
export function parseJsonNode(text: string, source: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const fault = findJsonFault(text);
    const where =
      fault === undefined ? "" : ` (line ${fault.line}, column ${fault.column}: ${fault.problem})`;
    const what = text.trim() === "" ? "the node is empty, expected JSON" : `isn't JSON${where}`;
    throw new CodisError("MODEL_INVALID", `${source}: ${what}`, { cause });
  }
}

/** One object; ask for every known field, then for the `rest`. */
export class RecordReader {
  readonly #fields: ExtraFields;
  readonly #source: string;
  readonly #prefix: string;
  readonly #asked = new Set<string>();

  /** `source` begins every error line; `prefix` is the path of this object inside the node. */
  constructor(value: unknown, source: string, prefix = "") {
    this.#source = source;
    this.#prefix = prefix;
    if (!isObject(value)) {
      const name = prefix === "" ? "" : `${prefix.slice(0, -1)}: `;
      throw this.error(`${name}expected an object, not ${show(value)}`);
    }
    this.#fields = value;
  }

  /** Whether the field is there and not null. */
  has(field: string): boolean {
    return (this.#fields[field] ?? undefined) !== undefined;
  }

  /** The field as it is; undefined when it is missing or null. */
  any(field: string): unknown {
    return this.#take(field);
  }

  /** A whole number in the range, 0 when it is missing (the range then doesn't count). */
  int(field: string, min: number, max: number): number {
    const value = this.#take(field);
    if (value === undefined) {
      return 0;
    }
    if (typeof value !== "number" || !Number.isInteger(value) || value < min || value > max) {
      throw this.#wrong(field, `a whole number from ${min} to ${max}`);
    }
    return value;
  }

  /** A list of whole numbers in the range; empty when it is missing. */
  intList(field: string, min: number, max: number): readonly number[] {
    const value = this.#take(field) ?? [];
    const isGood = (entry: unknown): entry is number =>
      typeof entry === "number" && Number.isInteger(entry) && entry >= min && entry <= max;
    if (!Array.isArray(value) || !value.every(isGood)) {
      throw this.#wrong(field, `a list of whole numbers from ${min} to ${max}`);
    }
    return value;
  }

  text(field: string): string {
    const value = this.#take(field) ?? "";
    if (typeof value !== "string") {
      throw this.#wrong(field, "a text");
    }
    return value;
  }

  flag(field: string): boolean {
    const value = this.#take(field) ?? false;
    if (typeof value !== "boolean") {
      throw this.#wrong(field, "true or false");
    }
    return value;
  }

  oneOf<Word extends string>(field: string, words: readonly Word[]): Word {
    const value = this.#take(field) ?? "";
    const word = words.find((known) => known === value);
    if (word === undefined) {
      throw this.#wrong(field, `one of ${words.filter((known) => known !== "").join(", ")}`);
    }
    return word;
  }

  /** A text for which `isGood` holds; `expected` says what that means. */
  textLike(field: string, isGood: (text: string) => boolean, expected: string): string {
    const value = this.text(field);
    if (!isGood(value)) {
      throw this.#wrong(field, expected);
    }
    return value;
  }

  /** The object in the field; an empty one when it is missing. */
  nested(field: string): RecordReader {
    return new RecordReader(this.#take(field) ?? {}, this.#source, `${this.#prefix}${field}.`);
  }

  /** The objects in the list of the field; none when it is missing. */
  list(field: string): readonly RecordReader[] {
    const value = this.#take(field) ?? [];
    if (!Array.isArray(value)) {
      throw this.#wrong(field, "a list");
    }
    return value.map(
      (entry, index) => new RecordReader(entry, this.#source, `${this.#prefix}${field}[${index}].`),
    );
  }

  /** The fields that weren't asked for, as the part of a record that keeps them. */
  rest(): WithExtra {
    const left = Object.entries(this.#fields).filter(([name]) => !this.#asked.has(name));
    return left.length === 0 ? {} : { extra: Object.fromEntries(left) };
  }

  /** An error about this object. */
  error(problem: string): CodisError {
    return new CodisError("MODEL_INVALID", `${this.#source}: ${problem}`);
  }

  #take(field: string): unknown {
    this.#asked.add(field);
    return this.#fields[field] ?? undefined;
  }

  #wrong(field: string, expected: string): CodisError {
    const value = this.#fields[field];
    return this.error(`${this.#prefix}${field}: expected ${expected}, not ${show(value)}`);
  }
}

function isObject(value: unknown): value is ExtraFields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function show(value: unknown): string {
  const text = value === undefined ? "nothing" : JSON.stringify(value);
  return text.length > SHOWN_LENGTH_MAX ? `${text.slice(0, SHOWN_LENGTH_MAX)}…` : text;
}
