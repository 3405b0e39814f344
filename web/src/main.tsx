/**
 * Starts the console: styles, what the user chose, the texts of their language, and the application.
 */
import { render } from "preact";
import { App } from "./app.tsx";
import { startPreferences } from "./data/preferences.ts";
import { language } from "./i18n/text.ts";
import { loadTexts } from "./i18n/texts.ts";
import "./style/main.css";

/** For the one case in which no text of the catalogue can be had. */
const NO_TEXTS =
  "The console can't be loaded. Load the page again. 无法加载控制台，请重新加载页面。";

async function start(root: HTMLElement): Promise<void> {
  startPreferences();
  try {
    await loadTexts(language.value);
    render(<App />, root);
  } catch {
    root.textContent = NO_TEXTS;
  }
}

const root = document.getElementById("app");
if (root !== null) {
  void start(root);
}
