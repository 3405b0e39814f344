/**
 * Screens as files of their own that are read when they are first shown. A file that can't be read (a newer
 * version was installed, no network) leaves a message and a way to try again, never an empty page.
 */
import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { ApiProblem, asProblem } from "../data/problem.ts";
import { t } from "../i18n/text.ts";
import type { ScreenProps } from "../route.ts";
import { ErrorState } from "../ui/error-state.tsx";
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

/** A screen by its loader; the same loader is read once. */
export function LazyScreen(props: ScreenProps & { readonly load: LoadScreen }): Children {
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
  return <Skeleton />;
}
