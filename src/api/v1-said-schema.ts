/**
 * Schema of the code of a text for people: beside its English words an answer has the code and the values, so that
 * whoever shows it can put it into words of another language. A text without a code has no such field. All codes
 * are in `src/model/phrase`. Loaded by the dashboard only; clients take the types.
 */
import { z } from "zod";

/** A text by its code. */
export interface V1Said {
  /** Keeps its meaning for ever; new ones are added. */
  readonly code: string;
  /** Values by name; one may be a text with a code of its own. */
  readonly params: Readonly<Record<string, string | V1Said>>;
}

/** See `V1Said`. */
export const saidSchema: z.ZodType<V1Said> = z
  .strictObject({
    code: z.string(),
    get params() {
      return z.record(z.string(), z.union([z.string(), saidSchema]));
    },
  })
  .meta({ id: "Said" });

/** Of a text beside it: its code. */
export const saidFields = { said: saidSchema.optional() } as const;
/** Of a list of texts beside it: for each its code, or null. */
export const saidListSchema = z.array(z.nullable(saidSchema)).optional();
