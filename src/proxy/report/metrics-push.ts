/**
 * Pushing metrics as the keys `metrics_report_*` ask for it: the overview as JSON over HTTP, points to an
 * InfluxDB, gauges to a StatsD. Runs in the main process, each receiver on its own; one that is slow or gone
 * costs lines in the log, never a request of a client. Loaded only when one of the keys is set.
 */
import { encodeJson } from "../../api/error-form.ts";
import type { ProxyOverviewJson } from "../../api/proxy-stats.ts";
import { type Clock, systemClock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import type { ProxyConfig } from "../config.ts";
import { post } from "./http-post.ts";
import { influxLine, influxWriteUrl } from "./influxdb.ts";
import { type Reporter, startReporter } from "./reporter.ts";
import { StatsdSender, statsdPackets } from "./statsd.ts";

/** What is pushed: everything but slots and commands. */
export type PushedOverview = Omit<ProxyOverviewJson, "slots">;

/** What pushing needs. */
export interface MetricsPushOptions {
  readonly config: ProxyConfig;
  /** Statistics with the runtime; settles within a bound of its own. */
  readonly overview: () => Promise<PushedOverview>;
  readonly log: Log;
  readonly clock?: Clock;
}

/** Pushes that are running. */
export interface MetricsPush {
  /** Ends them at once. */
  close(): void;
}

/** Starts a reporter for each receiver that is configured. */
export function startMetricsPush(options: MetricsPushOptions): MetricsPush {
  const { config, log, clock = systemClock } = options;
  const reporters: Reporter[] = [];
  const report = (name: string, periodMs: number, send: () => Promise<void>): void => {
    reporters.push(startReporter({ name, periodMs, send, clock, log }));
  };
  if (config.metricsReportServer !== "") {
    report(new URL(config.metricsReportServer).host, config.metricsReportPeriodMs, () =>
      pushJson(options),
    );
  }
  if (config.metricsReportInfluxdbServer !== "") {
    report("InfluxDB", config.metricsReportInfluxdbPeriodMs, () => pushInflux(options, clock));
  }
  let statsd: StatsdSender | undefined;
  if (config.metricsReportStatsdServer !== "") {
    const sender = new StatsdSender(config.metricsReportStatsdServer);
    statsd = sender;
    report("StatsD", config.metricsReportStatsdPeriodMs, async () => {
      const { model, stats } = await options.overview();
      await sender.send(statsdPackets(config.metricsReportStatsdPrefix, model, stats));
    });
  }
  return {
    close: () => {
      for (const reporter of reporters) reporter.stop();
      statsd?.close();
    },
  };
}

async function pushJson({ config, overview }: MetricsPushOptions): Promise<void> {
  const url = new URL(config.metricsReportServer);
  await post({ url, contentType: "application/json", body: encodeJson(await overview()) });
}

async function pushInflux({ config, overview }: MetricsPushOptions, clock: Clock): Promise<void> {
  const { model, stats } = await overview();
  const user = config.metricsReportInfluxdbUsername;
  const password = config.metricsReportInfluxdbPassword;
  await post({
    url: influxWriteUrl(config.metricsReportInfluxdbServer, config.metricsReportInfluxdbDatabase),
    contentType: "text/plain; charset=utf-8",
    body: influxLine(model, stats, clock.nowMs()),
    ...(user === "" ? {} : { login: { user, password } }),
  });
}
