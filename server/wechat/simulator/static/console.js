// The platform's side: clock, faults, and what it received.

import { byId, clockTime, element, fullTime, post, toast } from "./dom.js";

const KINDS = {
  errcode: "返回错误码", http_500: "HTTP 500", timeout: "超时不答", reset: "连接重置",
  html200: "200 但是网页", empty200: "200 但是空的", truncated: "200 但 JSON 不全",
  dead_token: "发回已失效的令牌", job_failed: "受理后送达失败",
};
const CODES = {
  "-1": "系统繁忙", 40001: "令牌无效", 40014: "令牌不合法", 40164: "IP 不在白名单", 42001: "令牌过期", 43004: "未关注",
  43101: "未订阅", 45009: "额度用完", 45011: "太频繁", 45015: "超出时限", 45047: "条数用完",
  47003: "参数不合规则",
};
const KEPT = 300;
const log = byId("log");
let filter = "all";
let skew = 0;
let ready = false;

export function tick() {
  if (ready) byId("clock-now").textContent = fullTime(new Date(Date.now() + skew));
}

export function drawConsole(state) {
  skew = new Date(state.now) - Date.now();
  ready = true;
  tick();
  const rows = state.faults.map((fault) => {
    const what = fault.kind === "errcode" ? `错误码 ${fault.errcode} ${CODES[fault.errcode] || ""}` : KINDS[fault.kind];
    const count = fault.left === null ? "一直" : `还有 ${fault.left} 次`;
    const text = `${fault.path === "*" ? "全部接口" : fault.path}：${what}（${count}）${fault.processed ? " · 已处理" : ""}`;
    const off = element("button", { type: "button", text: "关闭", data: { faultOff: fault.path } });
    return element("li", { children: [element("span", { text }), off] });
  });
  byId("fault-list").replaceChildren(...rows);
  byId("fault-number").textContent = rows.length ? `开着 ${rows.length} 个` : "都关着";
}

export function clearLog() {
  log.replaceChildren();
}

export function addToLog(entries, state) {
  const name = (openid) => state.users.find((user) => [user.openid, user.miniapp_openid].includes(openid))?.nickname || "";
  for (const entry of entries.sort((one, other) => one.seq - other.seq)) {
    log.prepend(entry.path ? drawCall(entry, name) : drawDelivery(entry, name));
  }
  while (log.children.length > KEPT) log.lastElementChild.remove();
  applyFilter();
}

function drawCall(call, name) {
  const bad = call.errcode !== 0 || call.status !== 200;
  const verdict = call.status === 0 ? "无回答" : call.status !== 200 ? `HTTP ${call.status}` : `${call.errcode}`;
  const to = name(/"touser": "([^"]*)"/.exec(call.body)?.[1]);
  const brief = [call.app === "miniapp" ? "小程序" : "公众号", to && `→ ${to}`, call.fault && `故障 ${KINDS[call.fault] || call.fault}`, call.body];
  return drawEntry(call, {
    class: "log-call", data: { path: call.path, errcode: call.errcode }, tag: "接口", what: call.path,
    verdict, bad, brief, details: `请求 ${call.body}\n应答 ${call.answer}`,
  });
}

function drawDelivery(delivery, name) {
  const tries = delivery.attempts.length > 1 ? `${delivery.attempts.length} 次 · ` : "";
  const answer = delivery.reply?.Content || (delivery.reply && `[${delivery.reply.MsgType}]`) || delivery.problem || "success";
  const details = delivery.attempts.map((attempt, index) => (
    `第 ${index + 1} 次 HTTP ${attempt.status} ${attempt.milliseconds} ms ${attempt.problem}\n${attempt.body}`));
  return drawEntry(delivery, {
    class: "log-delivery", data: { kind: delivery.kind, ok: delivery.ok }, tag: "回调",
    what: `${delivery.kind} · ${name(delivery.openid)}`, verdict: `${tries}${delivery.milliseconds} ms`, bad: !delivery.ok,
    brief: [answer], details: `推送 ${delivery.body}\n${details.join("\n")}`,
  });
}

function drawEntry(entry, look) {
  const summary = element("summary", {
    children: [
      element("time", { text: clockTime(new Date(entry.at)) }),
      element("span", { class: "log-what", children: [element("span", { class: "tag", text: look.tag }), look.what] }),
      element("span", { class: look.bad ? "chip bad" : "chip", text: look.verdict }),
      element("span", { class: "log-brief", text: look.brief.filter(Boolean).join(" ") }),
    ],
  });
  const details = element("details", { children: [summary, element("pre", { text: look.details })] });
  return element("li", { class: look.class, data: look.data, children: [details] });
}

function applyFilter() {
  for (const row of log.children) row.hidden = filter !== "all" && !row.classList.contains(`log-${filter}`);
  for (const button of document.querySelectorAll("[data-filter]")) {
    button.setAttribute("aria-pressed", String(button.dataset.filter === filter));
  }
}

function showErrcode() {
  byId("fault-errcode-label").hidden = byId("fault-kind").value !== "errcode";
}

async function fillChoices() {
  const state = await (await fetch("/dev/phone/api/state")).json();
  const options = (pairs) => pairs.map(([value, text]) => element("option", { value, text }));
  byId("fault-path").replaceChildren(...options([["*", "全部接口"], ...state.paths.map((path) => [path, path])]));
  byId("fault-kind").replaceChildren(...options(Object.entries(KINDS)));
  byId("fault-errcode").replaceChildren(...options(Object.keys(CODES).map((code) => [code, `${code} ${CODES[code]}`])));
  showErrcode();
}

document.querySelector("#console").addEventListener("click", (event) => {
  const { clock, faultOff, token, filter: chosen } = event.target.closest("button")?.dataset || {};
  if (clock) post("clock", clock === "reset" ? { reset: true } : { seconds: Number(clock) });
  if (faultOff) post("faults", { off: true, path: faultOff });
  if (token) {
    post("token", { still_returned: token === "dead" }).then(() => toast("现有令牌已失效"));
  }
  if (chosen) {
    filter = chosen;
    applyFilter();
  }
});
byId("fault-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const count = byId("fault-count").value;
  post("faults", {
    path: byId("fault-path").value,
    kind: byId("fault-kind").value,
    errcode: Number(byId("fault-errcode").value),
    left: count ? Number(count) : null,
    processed: byId("fault-processed").checked,
  });
});
byId("fault-kind").addEventListener("change", showErrcode);
byId("fault-clear").addEventListener("click", () => post("faults", { off: true }));
byId("settings").addEventListener("click", () => byId("console").classList.add("open"));
byId("console-close").addEventListener("click", () => byId("console").classList.remove("open"));
fillChoices();
