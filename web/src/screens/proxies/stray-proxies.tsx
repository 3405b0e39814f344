/**
 * Proxies that applications find in the coordinator though the product doesn't have them: removed by force while they
 * ran, say. Each with the command lines that add and end it. Nothing is drawn while there is none.
 */
import type { V1RegistrationList } from "../../../../src/api/v1-topology-schema.ts";
import { t } from "../../i18n/text.ts";
import { Card } from "../../ui/card.tsx";
import { CopyLine } from "../../ui/copy-line.tsx";
import { ProblemText } from "../../ui/error-state.tsx";
import type { Children } from "../../ui/props.ts";
import { Said } from "../../ui/said.tsx";
import { cliLine } from "../members/cli-line.ts";
import { Notice } from "../members/notice.tsx";
import { usePolled } from "../members/use-polled.ts";

type Registration = V1RegistrationList["items"][number];

/** See the head of the file. */
export function StrayProxies(props: { readonly isKnown: boolean }): Children {
  const { data: list, problem } = usePolled<V1RegistrationList>(
    props.isKnown ? "proxy-registrations" : undefined,
  );
  const strays = list?.items.filter(({ stored }) => !stored) ?? [];
  const faults = list?.faults ?? [];
  // A dashboard of an older release doesn't know the call.
  if (problem !== undefined && problem.status !== 404) {
    return (
      <Card title={t("proxies.stray")}>
        <ProblemText problem={problem} />
      </Card>
    );
  }
  return strays.length + faults.length === 0 ? null : (
    <Card title={t("proxies.stray")}>
      <p>{t("proxies.stray.lead")}</p>
      {strays.map((each) => (
        <Stray key={each.path} registration={each} />
      ))}
      {faults.map((line) => (
        <Notice key={line} tone="warn" word={t("proxies.stray.fault")}>
          <Said text={line} />
        </Notice>
      ))}
      <CopyLine text={cliLine.listRegistrations()} />
    </Card>
  );
}

function Stray({ registration }: { readonly registration: Registration }): Children {
  const { proxy_addr: addr, admin_addr: admin, path, state } = registration;
  return (
    <Notice tone="bad" word={t("proxies.stray.one")}>
      <p>
        <span class="code">{addr}</span> · {state} · {t("proxies.stray.node")}{" "}
        <span class="code">{path}</span>
      </p>
      {admin === null ? (
        <p>{t("proxies.stray.old")}</p>
      ) : (
        <>
          <p>{t("proxies.stray.add")}</p>
          <CopyLine text={cliLine.addProxy(admin, false)} />
          <p>{t("proxies.stray.end")}</p>
          <CopyLine text={cliLine.endProxy(admin)} />
        </>
      )}
    </Notice>
  );
}
