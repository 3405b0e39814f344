/**
 * A small validator for the part of JSON Schema 2020-12 that the OpenAPI document of the dashboard uses. A
 * keyword that it doesn't know is an error, so nothing in the document goes unchecked by accident.
 */

type Schema = Readonly<Record<string, unknown>>;

/** Says nothing about values. */
const ANNOTATIONS = new Set(["description", "default", "title", "format", "id"]);

/** Checks values against schemas of one document. */
export class SchemaValidator {
  readonly #document: unknown;

  constructor(document: unknown) {
    this.#document = document;
  }

  /** One line for each thing that is wrong, with its place; empty when the value fits. */
  check(schema: Schema, value: unknown, place = "$"): readonly string[] {
    return Object.entries(schema).flatMap(([keyword, rule]) => {
      if (ANNOTATIONS.has(keyword)) {
        return [];
      }
      const problem = this.#apply(keyword, rule, schema, value, place);
      return problem === undefined ? [`${place}: unknown keyword ${keyword}`] : problem;
    });
  }

  #apply(
    keyword: string,
    rule: unknown,
    schema: Schema,
    value: unknown,
    place: string,
  ): readonly string[] | undefined {
    const fail = (isGood: boolean): readonly string[] =>
      isGood ? [] : [`${place}: ${show(value)} doesn't fit ${keyword} ${show(rule)}`];
    switch (keyword) {
      case "$ref":
        return this.check(this.#resolve(rule as string), value, place);
      case "type":
        return fail([rule].flat().some((type) => isOfType(type, value)));
      case "enum":
        return fail((rule as unknown[]).includes(value));
      case "const":
        return fail(value === rule);
      case "minimum":
        return fail(typeof value !== "number" || value >= (rule as number));
      case "maximum":
        return fail(typeof value !== "number" || value <= (rule as number));
      case "minLength":
        return fail(typeof value !== "string" || value.length >= (rule as number));
      case "maxLength":
        return fail(typeof value !== "string" || value.length <= (rule as number));
      case "pattern":
        return fail(typeof value !== "string" || new RegExp(rule as string).test(value));
      case "minItems":
        return fail(!Array.isArray(value) || value.length >= (rule as number));
      case "maxItems":
        return fail(!Array.isArray(value) || value.length <= (rule as number));
      case "anyOf":
        return fail((rule as Schema[]).some((each) => this.check(each, value).length === 0));
      case "items":
        return Array.isArray(value)
          ? value.flatMap((item, index) => this.check(rule as Schema, item, `${place}[${index}]`))
          : [];
      default:
        return isObject(value)
          ? this.#applyToObject(keyword, rule, schema, value, place)
          : OBJECT_KEYWORDS.has(keyword)
            ? []
            : undefined;
    }
  }

  #applyToObject(
    keyword: string,
    rule: unknown,
    schema: Schema,
    value: Readonly<Record<string, unknown>>,
    place: string,
  ): readonly string[] | undefined {
    switch (keyword) {
      case "required":
        return (rule as string[])
          .filter((name) => !(name in value))
          .map((name) => `${place}: ${name} is missing`);
      case "properties":
        return Object.entries(rule as Record<string, Schema>).flatMap(([name, inner]) =>
          name in value ? this.check(inner, value[name], `${place}.${name}`) : [],
        );
      case "propertyNames":
        return Object.keys(value).flatMap((name) => this.check(rule as Schema, name, place));
      case "additionalProperties": {
        const known = Object.keys((schema["properties"] as object | undefined) ?? {});
        const others = Object.entries(value).filter(([name]) => !known.includes(name));
        return rule === false
          ? others.map(([name]) => `${place}: ${name} isn't in the document`)
          : others.flatMap(([name, each]) => this.check(rule as Schema, each, `${place}.${name}`));
      }
      default:
        return undefined;
    }
  }

  #resolve(reference: string): Schema {
    let found: unknown = this.#document;
    for (const part of reference.replace(/^#\//, "").split("/")) {
      found = isObject(found) ? found[part] : undefined;
    }
    if (!isObject(found)) {
      throw new Error(`the document has no ${reference}`);
    }
    return found;
  }
}

const OBJECT_KEYWORDS = new Set([
  "required",
  "properties",
  "propertyNames",
  "additionalProperties",
]);

function isOfType(type: unknown, value: unknown): boolean {
  switch (type) {
    case "null":
      return value === null;
    case "array":
      return Array.isArray(value);
    case "object":
      return isObject(value);
    case "integer":
      return Number.isInteger(value);
    case "number":
      return typeof value === "number";
    default:
      return typeof value === type;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function show(value: unknown): string {
  return (JSON.stringify(value) ?? "undefined").slice(0, 100);
}
