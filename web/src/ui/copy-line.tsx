/**
 * A line that can be copied: the command line that does what the screen does.
 */
import { useState } from "preact/hooks";
import { t } from "../i18n/text.ts";
import type { Children } from "./props.ts";
import { announce } from "./toast.ts";

const SHOWN_MS = 2000;

/** `label` is the name of what is copied; "Copy as CLI" unless told. `curl`: the same as a call, to be copied too. */
export function CopyLine(props: {
  readonly text: string;
  readonly label?: string | undefined;
  readonly curl?: string | undefined;
}): Children {
  return (
    <div class="copy-line">
      <code>{props.text}</code>
      <span class="copy-buttons">
        <CopyButton text={props.text} label={props.label ?? t("ui.copyCli")} />
        {props.curl !== undefined && <CopyButton text={props.curl} label={t("ui.copyCurl")} />}
      </span>
    </div>
  );
}

function CopyButton({ text, label }: { readonly text: string; readonly label: string }): Children {
  const [isCopied, setCopied] = useState(false);
  const copy = async (): Promise<void> => {
    if (await writeClipboard(text)) {
      announce(t("ui.copied"));
      setCopied(true);
      setTimeout(() => setCopied(false), SHOWN_MS);
    }
  };
  return (
    <button type="button" class="button button-quiet" onClick={() => void copy()}>
      {isCopied ? t("ui.copied") : label}
    </button>
  );
}

/** False when the browser doesn't let us; pages without TLS have no clipboard but the old way. */
async function writeClipboard(text: string): Promise<boolean> {
  if (navigator.clipboard !== undefined) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      return copyBySelection(text);
    }
  }
  return copyBySelection(text);
}

function copyBySelection(text: string): boolean {
  const area = document.createElement("textarea");
  const focused = document.activeElement;
  area.value = text;
  area.className = "visually-hidden";
  (focused?.closest("dialog") ?? document.body).append(area);
  area.select();
  const isDone = document.execCommand("copy");
  area.remove();
  if (focused instanceof HTMLElement) {
    focused.focus();
  }
  return isDone;
}
