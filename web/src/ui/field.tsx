/**
 * Fields of forms: each has a label, may have a hint and an error, and gives its value to `onChange`.
 */
import { useId } from "preact/hooks";
import type { Children } from "./props.ts";

interface FieldTexts {
  readonly label: string;
  readonly hint?: string | undefined;
  /** Why the value isn't right. */
  readonly error?: string | undefined;
  /** The label is for screen readers only. */
  readonly isLabelHidden?: boolean | undefined;
}

/** Ties label, hint and error to one control, which `children` draws with the ids that it gets. */
export function Field(
  props: FieldTexts & {
    readonly children: (ids: {
      readonly id: string;
      readonly "aria-describedby": string | undefined;
      readonly "aria-invalid": "true" | undefined;
    }) => Children;
  },
): Children {
  const id = useId();
  const described = [
    props.hint === undefined ? "" : `${id}-hint`,
    props.error === undefined ? "" : `${id}-error`,
  ]
    .filter((each) => each !== "")
    .join(" ");
  return (
    <div class="field">
      <label for={id} class={props.isLabelHidden === true ? "visually-hidden" : undefined}>
        {props.label}
      </label>
      {props.children({
        id,
        "aria-describedby": described === "" ? undefined : described,
        "aria-invalid": props.error === undefined ? undefined : "true",
      })}
      {props.hint !== undefined && (
        <span class="field-hint" id={`${id}-hint`}>
          {props.hint}
        </span>
      )}
      {props.error !== undefined && (
        <span class="field-error" id={`${id}-error`}>
          {props.error}
        </span>
      )}
    </div>
  );
}

/**
 * One line of text. Without `value` the browser keeps what is in it, as forms need that it fills in by itself: a
 * drawing would take away what scripts weren't told of.
 */
export function TextInput(
  props: FieldTexts & {
    readonly value?: string | undefined;
    readonly onChange?: ((value: string) => void) | undefined;
    readonly type?: "text" | "password" | "search" | "datetime-local" | undefined;
    readonly placeholder?: string | undefined;
    readonly autoComplete?: string | undefined;
    readonly isDisabled?: boolean | undefined;
    /** Addresses, names, keys: no spelling check, letters of one width. */
    readonly isCode?: boolean | undefined;
    readonly isRequired?: boolean | undefined;
    readonly name?: string | undefined;
    /** Characters. */
    readonly maxLength?: number | undefined;
    /** The key `/` leads here. */
    readonly isFilter?: boolean | undefined;
  },
): Children {
  return (
    <Field {...props}>
      {(ids) => (
        <input
          {...ids}
          class={props.isCode === true ? "input code" : "input"}
          {...inputType(props.type ?? "text")}
          name={props.name}
          maxLength={props.maxLength}
          data-filter={props.isFilter === true ? "true" : undefined}
          value={props.value}
          placeholder={props.placeholder}
          autocomplete={props.autoComplete ?? "off"}
          spellcheck={props.isCode !== true}
          required={props.isRequired === true}
          disabled={props.isDisabled === true}
          onInput={(event) => props.onChange?.(event.currentTarget.value)}
        />
      )}
    </Field>
  );
}

/** Preact's types have a form of the element for each type; those used here differ in nothing else. */
function inputType(type: string): { readonly type: "text" } {
  return { type } as { readonly type: "text" };
}

/** A whole number; undefined while the field is empty or holds something else. */
export function NumberInput(
  props: FieldTexts & {
    readonly value: number | undefined;
    readonly onChange: (value: number | undefined) => void;
    readonly min?: number | undefined;
    readonly max?: number | undefined;
    readonly step?: number | undefined;
    readonly isDisabled?: boolean | undefined;
  },
): Children {
  return (
    <Field {...props}>
      {(ids) => (
        <input
          {...ids}
          class="input input-number"
          type="number"
          inputMode="numeric"
          value={props.value ?? ""}
          min={props.min}
          max={props.max}
          step={props.step ?? 1}
          disabled={props.isDisabled === true}
          onInput={(event) => {
            const value = event.currentTarget.valueAsNumber;
            props.onChange(Number.isFinite(value) ? value : undefined);
          }}
        />
      )}
    </Field>
  );
}

/** A choice that is drawn as a line of a list, or as a radio button. */
export interface Option<Value extends string> {
  readonly value: Value;
  readonly label: string;
  readonly hint?: string | undefined;
  readonly isDisabled?: boolean | undefined;
}

/** One of a few; the browser's own list. */
export function Select<Value extends string>(
  props: FieldTexts & {
    readonly value: Value;
    readonly options: readonly Option<Value>[];
    readonly onChange: (value: Value) => void;
    readonly isDisabled?: boolean | undefined;
  },
): Children {
  return (
    <Field {...props}>
      {(ids) => (
        <select
          {...ids}
          class="input"
          value={props.value}
          disabled={props.isDisabled === true}
          onChange={(event) => {
            const chosen = props.options.find((each) => each.value === event.currentTarget.value);
            if (chosen !== undefined) {
              props.onChange(chosen.value);
            }
          }}
        >
          {props.options.map((each) => (
            <option key={each.value} value={each.value} disabled={each.isDisabled === true}>
              {each.label}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

/** Yes or no. */
export function Checkbox(props: {
  readonly label: Children;
  readonly hint?: string | undefined;
  readonly isChecked: boolean;
  readonly onChange: (isChecked: boolean) => void;
  readonly isDisabled?: boolean | undefined;
}): Children {
  const id = useId();
  return (
    <div class="field choice">
      <input
        id={id}
        type="checkbox"
        checked={props.isChecked}
        disabled={props.isDisabled === true}
        aria-describedby={props.hint === undefined ? undefined : `${id}-hint`}
        onChange={(event) => props.onChange(event.currentTarget.checked)}
      />
      <label for={id}>{props.label}</label>
      {props.hint !== undefined && (
        <span class="field-hint" id={`${id}-hint`}>
          {props.hint}
        </span>
      )}
    </div>
  );
}

/** One of a few, all of them in sight. */
export function RadioGroup<Value extends string>(props: {
  readonly label: string;
  readonly value: Value;
  readonly options: readonly Option<Value>[];
  readonly onChange: (value: Value) => void;
  readonly isDisabled?: boolean | undefined;
}): Children {
  const name = useId();
  return (
    <fieldset class="field radio-group">
      <legend>{props.label}</legend>
      {props.options.map((each, index) => (
        <div class="choice" key={each.value}>
          <input
            id={`${name}-${index}`}
            type="radio"
            name={name}
            checked={each.value === props.value}
            disabled={props.isDisabled === true || each.isDisabled === true}
            aria-describedby={each.hint === undefined ? undefined : `${name}-${index}-hint`}
            onChange={() => props.onChange(each.value)}
          />
          <label for={`${name}-${index}`}>{each.label}</label>
          {each.hint !== undefined && (
            <span class="field-hint" id={`${name}-${index}-hint`}>
              {each.hint}
            </span>
          )}
        </div>
      ))}
    </fieldset>
  );
}
