/**
 * The calls of a product's API as a table to look through: what each does, and who may. Read from the OpenAPI document
 * of the dashboard, so it is that of its release.
 */
import { useEffect, useState } from "preact/hooks";
import { api } from "../../data/api.ts";
import { type ApiProblem, asProblem } from "../../data/problem.ts";
import { t, textOf } from "../../i18n/text.ts";
import { ErrorState } from "../../ui/error-state.tsx";
import type { Children } from "../../ui/props.ts";
import { Skeleton } from "../../ui/skeleton.tsx";
import { Table } from "../../ui/table.tsx";
import { type ApiCall, callsOf, type OpenApi } from "./api-call.ts";

/** See the head of the file. */
export function ApiCalls({ product }: { readonly product: string }): Children {
  const [calls, setCalls] = useState<readonly ApiCall[] | undefined>(undefined);
  const [problem, setProblem] = useState<ApiProblem | undefined>(undefined);
  useEffect(() => {
    let isOver = false;
    setCalls(undefined);
    setProblem(undefined);
    api.getRoot<OpenApi>(`products/${encodeURIComponent(product)}/openapi.json`).then(
      (document) => !isOver && setCalls(callsOf(document)),
      (thrown: unknown) => !isOver && setProblem(asProblem(thrown)),
    );
    return () => {
      isOver = true;
    };
  }, [product]);
  if (problem !== undefined) {
    return <ErrorState problem={problem} />;
  }
  return calls === undefined ? (
    <Skeleton />
  ) : (
    <Table
      caption={t("help.calls", { product })}
      rows={calls}
      rowKey={({ method, path }) => `${method} ${path}`}
      filter={({ method, path, summary }) => `${method} ${path} ${summary}`}
      columns={[
        {
          key: "call",
          title: t("help.call"),
          render: ({ method, path }) => (
            <code>
              {method} {path}
            </code>
          ),
          sort: ({ path }) => path,
        },
        {
          key: "what",
          title: t("help.callDoes"),
          // The document of the API is English.
          render: ({ summary }) => <span lang="en">{summary}</span>,
        },
        {
          key: "role",
          title: t("settings.role"),
          render: ({ role }) => textOf("role", role),
          sort: ({ role }) => role,
        },
      ]}
    />
  );
}
