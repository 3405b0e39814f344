/**
 * Texts of the elements in `ui`, of the session, and words that all screens share.
 */

/** English, Chinese. */
export const text = {
  "ui.close": ["Close", "关闭"],
  "ui.back": ["Back", "返回"],
  "ui.retry": ["Try again", "重试"],
  "ui.loading": ["Loading", "正在加载"],
  "ui.messages": ["Messages", "消息"],
  "ui.copyCli": ["Copy as CLI", "复制 CLI 命令"],
  "ui.copied": ["Copied", "已复制"],
  "ui.filter": ["Filter: {table}", "筛选：{table}"],
  "ui.filterHint": ["Filter ( / )", "筛选（ / ）"],
  "ui.rows": ["{shown} of {total}", "{shown} / {total}"],
  "ui.noneFits": ["Nothing fits the filter.", "没有符合筛选条件的内容。"],
  "ui.asTable": ["View as table", "以表格查看"],
  "ui.time": ["Time", "时间"],
  "ui.never": ["never", "从未"],
  "ui.ago": ["{age} ago", "{age}前"],
  "ui.requestId": ["Request", "请求"],
  "ui.noAnswer": ["The server doesn't answer: {detail}", "服务器没有响应：{detail}"],
  "ui.confirm.name": ["Type {name} to confirm", "输入 {name} 以确认"],
  "ui.confirm.type": ["Type {name} first.", "请先输入 {name}。"],
  "session.needs": ["This needs the role {role}.", "需要 {role} 角色。"],
  "session.stale": [
    "What you see is out of date; changes are off until the data is live again.",
    "显示的数据已过期；数据恢复实时之前不能修改。",
  ],
  "role.viewer": ["viewer", "viewer（只读）"],
  "role.operator": ["operator", "operator（运维）"],
  "role.admin": ["admin", "admin（管理员）"],
  "label.production": ["production", "生产"],
  "label.staging": ["staging", "预发布"],
  "label.development": ["development", "开发"],
  "health.ok": ["ok", "正常"],
  "health.degraded": ["degraded", "降级"],
  "health.critical": ["critical", "严重"],
} as const;
