/**
 * Screens as files of their own that are read when they are first shown. A file that can't be read (a newer
 * version was installed, no network) leaves a message and a way to try again, never an empty page; so does a server
 * that doesn't answer.
 */
import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { ApiProblem, asProblem } from "../data/problem.ts";
import { t } from "../i18n/text.ts";
import type { ScreenProps } from "../route.ts";
import { ErrorState } from "../ui/error-state.tsx";
import { wishFocus } from "../ui/focus-wish.ts";
import { Page } from "../ui/page.tsx";
import type { Children } from "../ui/props.ts";
import { Skeleton } from "../ui/skeleton.tsx";

/** The file of a screen. */
export interface ScreenModule {
  readonly default: ComponentType<ScreenProps>;
}

/** Reads the file of a screen. */
export type LoadScreen = () => Promise<ScreenModule>;

const loaded = new Map<LoadScreen, ComponentType<ScreenProps>>();

/** From here on the heading is there before its screen, milliseconds. */
const HEADING_MS = 1000;
/** From here on it is told that the server doesn't answer. */
const SILENT_MS = 8000;

/** A screen by its loader; the same loader is read once. `title` is its heading until it is read. */
export function LazyScreen(
  props: ScreenProps & { readonly load: LoadScreen; readonly title: string },
): Children {
  const { load, product, id } = props;
  const [, setRound] = useState(0);
  const [failure, setFailure] = useState<{ load: LoadScreen; cause: string } | undefined>();
  const Screen = loaded.get(load);
  useEffect(() => {
    if (Screen !== undefined || failure?.load === load) {
      return;
    }
    let isOver = false;
    load().then(
      (module) => {
        loaded.set(load, module.default);
        if (!isOver) {
          if (document.activeElement?.matches("main h1")) {
            wishFocus(); // The heading that has it makes room for that of the screen.
          }
          setRound((last) => last + 1);
        }
      },
      (thrown: unknown) => !isOver && setFailure({ load, cause: asProblem(thrown).detail }),
    );
    return () => {
      isOver = true;
    };
  }, [load, Screen, failure]);
  if (Screen !== undefined) {
    return <Screen product={product} {...(id === undefined ? {} : { id })} />;
  }
  if (failure?.load === load) {
    const detail = t("shell.screenMissing", { cause: failure.cause });
    const problem = new ApiProblem(0, "screen_missing", detail);
    return (
      <Page title={t("shell.somethingWrong")}>
        {/* The browser remembers that a file couldn't be read, so only a new page helps. */}
        <ErrorState problem={problem} onRetry={() => location.reload()} />
      </Page>
    );
  }
  return <Waiting title={props.title} />;
}

/** In place of a screen that is being read. A file that comes late is drawn then, whatever is told until there. */
function Waiting(props: { readonly title: string }): Children {
  const [waitedMs, setWaitedMs] = useState(0);
  useEffect(() => {
    const timers = [HEADING_MS, SILENT_MS].map((ms) => setTimeout(() => setWaitedMs(ms), ms));
    return () => timers.forEach(clearTimeout);
  }, []);
  if (waitedMs === 0) {
    return <Skeleton />;
  }
  const problem = new ApiProblem(0, "no_answer", t("shell.screenLate"));
  return (
    <Page title={props.title}>
      {waitedMs === SILENT_MS && <ErrorState problem={problem} onRetry={() => location.reload()} />}
      <Skeleton />
    </Page>
  );
}
