// Small helpers; text always goes in as text, never as markup.

export const byId = (id) => document.getElementById(id);

export function element(tag, { text, children = [], data = {}, ...attributes } = {}) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false) node.setAttribute(name, value === true ? "" : value);
  }
  Object.assign(node.dataset, data);
  if (text !== undefined) node.textContent = text;
  node.append(...children);
  return node;
}

const ZONE = "Asia/Shanghai";
const CLOCK = new Intl.DateTimeFormat("zh-CN", {
  timeZone: ZONE, hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23",
});
const HOUR = new Intl.DateTimeFormat("zh-CN", {
  timeZone: ZONE, hour: "2-digit", minute: "2-digit", hourCycle: "h23",
});
const DAY = new Intl.DateTimeFormat("zh-CN", {
  timeZone: ZONE, year: "numeric", month: "long", day: "numeric", weekday: "short",
});

export const clockTime = (date) => CLOCK.format(date);
export const fullTime = (date) => `${DAY.format(date)} ${CLOCK.format(date)}`;

export function chatTime(date, now) {
  const day = DAY.format(date);
  return day === DAY.format(now) ? HOUR.format(date) : `${day} ${HOUR.format(date)}`;
}

export async function post(name, body) {
  const form = body instanceof FormData;
  const answer = await fetch(`/dev/phone/api/${name}`, {
    method: "POST",
    headers: form ? {} : { "Content-Type": "application/json" },
    body: form ? body : JSON.stringify(body),
  });
  const found = await answer.json().catch(() => ({}));
  if (!answer.ok) toast(found.message || `出错了（${answer.status}）`);
  return found;
}

let hiding = 0;

export function toast(text) {
  const node = byId("toast");
  node.textContent = text;
  node.hidden = false;
  clearTimeout(hiding);
  hiding = setTimeout(() => { node.hidden = true; }, 2500);
}
