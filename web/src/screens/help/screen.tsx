/**
 * Keys, the words that this console uses in both languages, and where the API is described.
 */
import { useEffect } from "preact/hooks";
import { productPath } from "../../data/api.ts";
import { loadProducts, products } from "../../data/products.ts";
import { session } from "../../data/session.ts";
import { type TextKey, t } from "../../i18n/text.ts";
import { rootHref, useQuery } from "../../route.ts";
import { KeyList } from "../../shell/key-list.tsx";
import { Card } from "../../ui/card.tsx";
import { Page } from "../../ui/page.tsx";
import type { Children } from "../../ui/props.ts";
import { ApiCalls } from "./api-calls.tsx";

const WORDS: readonly (readonly [TextKey, TextKey])[] = [
  ["help.product", "help.productIs"],
  ["help.slot", "help.slotIs"],
  ["help.group", "help.groupIs"],
  ["help.proxy", "help.proxyIs"],
  ["help.resend", "help.resendIs"],
  ["help.republish", "help.republishIs"],
  ["help.sentinels", "help.sentinelsIs"],
  ["help.plan", "help.planIs"],
  ["help.operation", "help.operationIs"],
];

/** See the head of the file. */
export default function HelpScreen(): Children {
  const [opened] = useQuery("api");
  return (
    <Page title={t("help.title")}>
      {opened !== "" && (
        <Card title={t("help.calls", { product: opened })}>
          <ApiCalls product={opened} />
        </Card>
      )}
      <div class="columns">
        <Card title={t("keys.title")}>
          <KeyList />
        </Card>
        <Card title={t("help.words")}>
          <dl class="words">
            {WORDS.map(([word, meaning]) => (
              <div key={word}>
                <dt>{t(word)}</dt>
                <dd>{t(meaning)}</dd>
              </div>
            ))}
          </dl>
        </Card>
        <Api />
      </div>
    </Page>
  );
}

function Api(): Children {
  const isIn = session.value !== undefined && session.value.state !== "signed-out";
  useEffect(() => {
    if (isIn) {
      void loadProducts();
    }
  }, [isIn]);
  return (
    <Card title={t("help.api")}>
      <p>{t("help.apiLead")}</p>
      <ul>
        {products.value.map((each) => (
          <li key={each.name}>
            <a
              class="target"
              href={productPath("openapi.json", each.name)}
              target="_blank"
              rel="noreferrer"
            >
              {t("help.apiOf", { product: each.name })}
            </a>{" "}
            ·{" "}
            <a class="target" href={rootHref("help", { api: each.name })}>
              {t("help.callsOf")}
            </a>
          </li>
        ))}
      </ul>
    </Card>
  );
}
