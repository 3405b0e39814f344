/**
 * All products that this console serves, as cards with their state in words. One that can't be reached says
 * why and since when. A dashboard has one product only and goes there at once.
 */
import { useEffect } from "preact/hooks";
import { favourites, toggleFavourite } from "../../data/favourites.ts";
import {
  areProductsKnown,
  loadProducts,
  type ProductSummary,
  products,
  productsProblem,
} from "../../data/products.ts";
import { session } from "../../data/session.ts";
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatPercent,
  formatShort,
  formatTime,
} from "../../i18n/format.ts";
import { t, textOf } from "../../i18n/text.ts";
import { href, useNavigate, useQuery } from "../../route.ts";
import { Badge } from "../../ui/badge.tsx";
import { EmptyState } from "../../ui/empty-state.tsx";
import { ErrorState } from "../../ui/error-state.tsx";
import { Checkbox, TextInput } from "../../ui/field.tsx";
import { Page } from "../../ui/page.tsx";
import type { Children } from "../../ui/props.ts";
import { Skeleton } from "../../ui/skeleton.tsx";
import { Sparkline } from "../../ui/sparkline.tsx";
import { sharesOf } from "../operations/operation-progress.ts";
import { arrangeProducts, toneOf } from "./product-card.ts";
import "./products.css";
import { Said } from "../../ui/said.tsx";

const REFRESH_MS = 5000;

/** See the head of the file. */
export default function ProductsScreen(): Children {
  const navigate = useNavigate();
  useEffect(() => {
    void loadProducts();
    const timer = setInterval(() => document.hidden || void loadProducts(), REFRESH_MS);
    return () => clearInterval(timer);
  }, []);
  const only = session.value?.mode === "dashboard" ? products.value[0] : undefined;
  const target = only === undefined ? undefined : href(only.name, "overview");
  useEffect(() => {
    if (target !== undefined) {
      navigate(target, { isReplacing: true });
    }
  }, [target, navigate]);
  return (
    <Page title={t("products.title")}>
      {productsProblem.value !== undefined && (
        <ErrorState problem={productsProblem.value} onRetry={() => void loadProducts()} />
      )}
      {areProductsKnown.value ? (
        <ProductGrid />
      ) : (
        productsProblem.value === undefined && <Skeleton />
      )}
    </Page>
  );
}

function ProductGrid(): Children {
  const [filter, setFilter] = useQuery("filter");
  const [bad, setBad] = useQuery("attention");
  if (products.value.length === 0) {
    return <EmptyState title={t("products.none")} hint={t("products.noneHint")} />;
  }
  const shown = arrangeProducts(products.value, filter, bad !== "", favourites.value);
  return (
    <>
      <div class="products-bar">
        <TextInput
          label={t("products.filter")}
          type="search"
          isFilter
          value={filter}
          onChange={setFilter}
        />
        <Checkbox
          label={t("products.onlyBad")}
          isChecked={bad !== ""}
          onChange={(isChecked) => setBad(isChecked ? "only" : "")}
        />
        <span class="muted">
          {t("products.shown", {
            shown: formatCount(shown.length),
            total: formatCount(products.value.length),
          })}
        </span>
      </div>
      {shown.length === 0 && <EmptyState title={t("products.noneFits")} />}
      <ul class="product-grid">
        {shown.map((each) => (
          <ProductCard key={each.name} product={each} />
        ))}
      </ul>
    </>
  );
}

function ProductCard(props: { readonly product: ProductSummary }): Children {
  const { product } = props;
  const isFavourite = favourites.value.has(product.name);
  return (
    <li class="card product-card" data-environment={product.label}>
      <div class="card-head">
        <h2>
          <a href={href(product.name, "overview")}>{product.name}</a>
        </h2>
        <button
          type="button"
          class="icon-button"
          aria-pressed={isFavourite}
          onClick={() => toggleFavourite(product.name)}
        >
          <span aria-hidden="true">{isFavourite ? "★" : "☆"}</span>
          <span class="visually-hidden">{t("products.favourite", { name: product.name })}</span>
        </button>
      </div>
      <p class="product-state">
        <Badge tone={toneOf(product)}>{stateText(product)}</Badge>
        {product.label !== "" && <span class="environment">{textOf("label", product.label)}</span>}
      </p>
      {product.state !== "reachable" && (
        <p class="product-why">
          <span>{product.detail !== null && <Said text={product.detail} />}</span>
          <span class="muted">{t("products.since", { time: formatTime(product.since) })}</span>
        </p>
      )}
      {product.summary !== null && <Figures summary={product.summary} />}
    </li>
  );
}

type Summary = NonNullable<ProductSummary["summary"]>;

function Figures(props: { readonly summary: Summary }): Children {
  const { summary } = props;
  // Dashboards of other versions at the same `codis fe` may not tell all of it.
  const { servers, proxies, ops_last_hour: lastHour = [] } = summary;
  const rate = formatShort(summary.ops_per_second);
  const lines: readonly (readonly [name: string, value: string, isBad?: boolean])[] = [
    [t("products.keys"), formatShort(summary.keys)],
    [t("products.memory"), memoryText(summary)],
    [t("products.sessions"), formatShort(summary.sessions)],
    [t("products.servers"), share(servers.up, servers.total), servers.up < servers.total],
    [t("products.proxies"), share(proxies.online, proxies.total), proxies.online < proxies.total],
    [t("products.offline"), formatCount(summary.slots.offline), summary.slots.offline > 0],
    [t("products.moving"), formatCount(summary.slots.moving)],
    [t("products.operations"), operationText(summary)],
    [t("products.problems"), formatCount(summary.problems)],
  ];
  return (
    <>
      <div class="product-rates">
        <dl class="figures">
          <div>
            <dt>{t("products.opsPerSecond")}</dt>
            <dd>{rate}</dd>
          </div>
          <div>
            <dt>{t("products.p99")}</dt>
            <dd>{formatDuration(summary.p99_ms)}</dd>
          </div>
        </dl>
        <Sparkline values={lastHour} label={t("products.lastHour", { value: rate })} />
      </div>
      <dl class="figures">
        {lines.map(([name, value, isBad = false]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd class={isBad ? "figure-bad" : undefined}>{value}</dd>
          </div>
        ))}
      </dl>
    </>
  );
}

/** With the limit, when all servers have one. */
function memoryText({ memory_bytes: used, memory_max_bytes: max = null }: Summary): string {
  return max === null
    ? formatBytes(used)
    : t("products.used", { used: formatBytes(used), max: formatBytes(max) });
}

/** How many there are, and how far the one that runs is. */
function operationText({ operations, operation = null }: Summary): string {
  const count = formatCount(operations);
  return operation === null
    ? count
    : t("products.underWay", { count, share: formatPercent(sharesOf(operation).keys) });
}

/** Totals say how many they stand for. */
function share(part: number, total: number): string {
  return t("products.shown", { shown: formatCount(part), total: formatCount(total) });
}

function stateText(product: ProductSummary): string {
  if (product.state === "unreachable") {
    return t("products.unreachable");
  }
  if (product.state === "signed-out") {
    return t("products.signedOut");
  }
  return product.health === null ? t("products.unknown") : t(`health.${product.health}`);
}
