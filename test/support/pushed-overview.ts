/** What a proxy pushes to a receiver of metrics, with figures that a test can tell apart. */
import type { PushedOverview } from "../../src/proxy/report/metrics-push.ts";
import { TOKEN } from "./admin-port.ts";

/** An overview; `model` replaces fields of the model. */
export function pushedOverview(model: Partial<PushedOverview["model"]> = {}): PushedOverview {
  return {
    version: "4.0.0",
    compile: "bun",
    config: { product_name: "demo" },
    model: {
      token: TOKEN,
      start_time: "now",
      admin_addr: "10.0.0.1:11080",
      proto_type: "tcp4",
      proxy_addr: "10.0.0.1:19000",
      product_name: "demo",
      pid: 1,
      pwd: "/",
      sys: "Linux",
      hostname: "host1",
      datacenter: "",
      ...model,
    },
    stats: {
      online: true,
      closed: false,
      sentinels: {},
      ops: { total: 1001, fails: 2, redis: { errors: 3 }, qps: 4 },
      sessions: { total: 5, alive: 6 },
      rusage: {
        now: "now",
        cpu: 0.25,
        mem: 7_000_000,
        raw: { utime: 0, stime: 0, cutime: 0, cstime: 0, num_threads: 1, vm_size: 0, vm_rss: 0 },
      },
      backend: { primary_only: false },
      runtime: {
        general: { alloc: 0, sys: 0, lookups: 0, mallocs: 0, frees: 0 },
        heap: { alloc: 0, sys: 0, idle: 0, inuse: 0, objects: 0 },
        gc: { num: 0, cpu_fraction: 0, total_pausems: 0 },
        num_procs: 8,
        num_goroutines: 0,
        num_cgo_call: 0,
        mem_offheap: 9,
      },
    },
  };
}
