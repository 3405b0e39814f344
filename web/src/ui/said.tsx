/**
 * A text of the server in the language that is shown; what of it is still English has `lang="en"`, so that it is read
 * out as such.
 */
import type { V1Said } from "../../../src/api/v1-said-schema.ts";
import { saidParts } from "../i18n/said.ts";
import type { Children } from "./props.ts";

/** `said`: its code; without one the text is English. */
export function Said(props: {
  readonly text: string;
  readonly said?: V1Said | null | undefined;
}): Children {
  return (
    <>
      {saidParts(props.text, props.said).map(({ text, isEnglish }, index) =>
        isEnglish ? (
          <span key={index} lang="en">
            {text}
          </span>
        ) : (
          text
        ),
      )}
    </>
  );
}
