/**
 * Tabs: one of several views of the same thing. Arrow keys change the tab, as the ARIA pattern says. Which
 * tab is open belongs into the query string; the caller keeps it there.
 */
import { useId, useRef } from "preact/hooks";
import type { Children } from "./props.ts";

/** One tab. */
export interface Tab<Key extends string> {
  readonly key: Key;
  readonly title: string;
}

/** `children` is the content of the open tab. */
export function Tabs<Key extends string>(props: {
  readonly label: string;
  readonly tabs: readonly Tab<Key>[];
  readonly open: Key;
  readonly onChange: (key: Key) => void;
  readonly children?: Children;
}): Children {
  const id = useId();
  const list = useRef<HTMLDivElement>(null);
  const openIndex = Math.max(
    0,
    props.tabs.findIndex((each) => each.key === props.open),
  );
  const move = (event: KeyboardEvent): void => {
    const last = props.tabs.length - 1;
    const steps: Readonly<Record<string, number>> = {
      ArrowRight: openIndex === last ? 0 : openIndex + 1,
      ArrowLeft: openIndex === 0 ? last : openIndex - 1,
      Home: 0,
      End: last,
    };
    const next = steps[event.key];
    const tab = next === undefined ? undefined : props.tabs[next];
    if (tab === undefined) {
      return;
    }
    event.preventDefault();
    props.onChange(tab.key);
    list.current?.querySelectorAll<HTMLElement>("[role=tab]")[next ?? 0]?.focus();
  };
  return (
    <div class="tabs">
      <div class="tab-list" role="tablist" aria-label={props.label} ref={list} onKeyDown={move}>
        {props.tabs.map((each, index) => (
          <button
            type="button"
            role="tab"
            class="tab"
            key={each.key}
            id={`${id}-tab-${each.key}`}
            aria-selected={index === openIndex}
            aria-controls={`${id}-panel`}
            tabIndex={index === openIndex ? 0 : -1}
            onClick={() => props.onChange(each.key)}
          >
            {each.title}
          </button>
        ))}
      </div>
      <div
        class="tab-panel"
        role="tabpanel"
        id={`${id}-panel`}
        aria-labelledby={`${id}-tab-${props.tabs[openIndex]?.key ?? ""}`}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: the pattern of tabs asks for it
        tabIndex={0}
      >
        {props.children}
      </div>
    </div>
  );
}
