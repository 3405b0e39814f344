/**
 * What a dashboard says of itself: the `model` of its API and the text of the lock in the coordinator,
 * where proxies and command lines find its address. JSON of Codis 3.2.
 */

/** A dashboard. */
export interface DashboardModel {
  /** 32 hex digits, new at each start. */
  readonly token: string;
  /** In Go's format, for people. */
  readonly startTime: string;
  /** Address to tell to others. */
  readonly adminAddr: string;
  readonly productName: string;
  readonly pid: number;
  readonly pwd: string;
  readonly sys: string;
}

/** JSON of a `DashboardModel`, fields in the order of Codis. */
export interface DashboardModelJson {
  token: string;
  start_time: string;
  admin_addr: string;
  product_name: string;
  pid: number;
  pwd: string;
  sys: string;
}
