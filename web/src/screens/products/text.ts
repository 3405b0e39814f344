/**
 * Texts of the list of products.
 */

/** English, Chinese. */
export const text = {
  "products.title": ["Products", "产品"],
  "products.filter": ["Filter products", "筛选产品"],
  "products.onlyBad": ["Only those that need attention", "只显示需要关注的产品"],
  "products.none": ["No products", "没有产品"],
  "products.noneHint": [
    "`codis fe` found none. Add dashboards to its list, or check the coordinator that it looks into.",
    "`codis fe` 没有发现产品。请在其列表中添加 dashboard，或检查它所使用的协调服务。",
  ],
  "products.noneFits": ["No product fits the filter.", "没有符合筛选条件的产品。"],
  "products.shown": ["{shown} of {total}", "{shown} / {total}"],
  "products.unreachable": ["unreachable", "无法访问"],
  "products.signedOut": ["sign-in needed", "需要登录"],
  "products.unknown": ["unknown", "未知"],
  "products.since": ["Since {time}", "自 {time} 起"],
  "products.opsPerSecond": ["Ops/s", "每秒操作数"],
  "products.keys": ["Keys", "键"],
  "products.servers": ["Servers up", "在线服务器"],
  "products.proxies": ["Proxies online", "在线代理"],
  "products.operations": ["Operations", "进行中的操作"],
  "products.sessions": ["Sessions", "会话"],
  "products.p99": ["p99", "p99"],
  "products.lastHour": ["Ops/s, last hour; now {value}", "最近一小时每秒操作数；当前 {value}"],
  "products.used": ["{used} of {max}", "{used} / {max}"],
  "products.underWay": ["{count} ({share})", "{count}（{share}）"],
  "products.memory": ["Memory", "内存"],
  "products.offline": ["Slots offline", "离线槽位"],
  "products.moving": ["Slots moving", "迁移中槽位"],
  "products.problems": ["Problems", "问题"],
  "products.favourite": ["Favourite: {name}", "收藏：{name}"],
} as const;
