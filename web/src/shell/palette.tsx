/**
 * The command palette: a field and the list of what fits, as the combobox pattern says. The field keeps the
 * focus; arrow keys choose, Enter goes.
 */
import { useEffect, useState } from "preact/hooks";
import { openProduct } from "../data/open-product.ts";
import { loadProducts } from "../data/products.ts";
import { t } from "../i18n/text.ts";
import { useNavigate } from "../route.ts";
import { Dialog } from "../ui/dialog.tsx";
import type { Children } from "../ui/props.ts";
import { announce } from "../ui/toast.ts";
import { paletteEntries, productEntries } from "./palette-entries.ts";
import { type Entry, searchEntries } from "./palette-search.ts";
import { openPalette } from "./palette-state.ts";

/** See the head of the file. */
export function Palette(): Children {
  const mode = openPalette.value;
  return (
    <Dialog
      title={mode === "products" ? t("shell.chooseProduct") : t("palette.title")}
      isOpen={mode !== "closed"}
      onClose={close}
    >
      <Search isProductsOnly={mode === "products"} />
    </Dialog>
  );
}

function close(): void {
  openPalette.value = "closed";
}

function Search(props: { readonly isProductsOnly: boolean }): Children {
  const [text, setText] = useState("");
  const [chosen, setChosen] = useState(0);
  const navigate = useNavigate();
  useEffect(() => void loadProducts(), []);
  const go = (to: string): void => navigate(to);
  const entries = searchEntries(
    props.isProductsOnly ? productEntries(go) : paletteEntries(openProduct.value, go),
    text,
  );
  const index = Math.min(chosen, entries.length - 1);
  useEffect(() => {
    if (text !== "") {
      announce(t("palette.count", { count: entries.length }));
    }
  }, [text, entries.length]);
  const run = (entry: Entry | undefined): void => {
    if (entry !== undefined) {
      close();
      entry.run();
    }
  };
  const press = (event: KeyboardEvent): void => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined && entries.length > 0) {
      event.preventDefault();
      setChosen((index + step + entries.length) % entries.length);
    } else if (event.key === "Enter") {
      event.preventDefault();
      run(entries[index]);
    }
  };
  return (
    <div class="palette">
      <input
        class="input"
        type="text"
        role="combobox"
        aria-label={t("palette.hint")}
        placeholder={t("palette.hint")}
        aria-expanded="true"
        aria-controls="palette-list"
        aria-autocomplete="list"
        aria-activedescendant={index >= 0 ? `palette-${index}` : undefined}
        autocomplete="off"
        spellcheck={false}
        value={text}
        onInput={(event) => {
          setText(event.currentTarget.value);
          setChosen(0);
        }}
        onKeyDown={press}
      />
      <Results entries={entries} chosen={index} onChoose={run} />
    </div>
  );
}

function Results(props: {
  readonly entries: readonly Entry[];
  readonly chosen: number;
  readonly onChoose: (entry: Entry) => void;
}): Children {
  useEffect(() => {
    document.getElementById(`palette-${props.chosen}`)?.scrollIntoView({ block: "nearest" });
  }, [props.chosen]);
  return (
    <>
      <div class="palette-list" role="listbox" id="palette-list" aria-label={t("palette.results")}>
        {props.entries.map((entry, at) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: keys are handled by the field
          // biome-ignore lint/a11y/useFocusableInteractive: the field keeps the focus
          <div
            role="option"
            id={`palette-${at}`}
            key={entry.id}
            class="palette-option"
            aria-selected={at === props.chosen}
            onClick={() => props.onChoose(entry)}
          >
            <span>{entry.title}</span>
            <span class="muted">{entry.kind}</span>
          </div>
        ))}
      </div>
      {props.entries.length === 0 && <p class="muted">{t("palette.none")}</p>}
    </>
  );
}
