// The phone: who is picked, what came in, and what the person does.

import { avatar, drawMessage, drawTime, needsTime } from "./chat.js";
import { drawConsole, addToLog, clearLog, tick } from "./console.js";
import { byId, element, post, toast } from "./dom.js";
import { openMenu, openScan, openSubscription } from "./sheet.js";
import { closePage, openPage } from "./webview.js";

const KEPT = 800;
const chat = byId("chat");
const composer = byId("composer");
let seq = -1;
let run = "";
let state = null;
let messages = [];
let picked = sessionStorage.getItem("phone-user") || "";
let tab = "official";
let drawn = [];

const person = () => state.users.find((user) => user.openid === picked) || state.users[0];
const openid = () => (tab === "official" ? person().openid : person().miniapp_openid);
const tone = (user) => `tone-${state.users.indexOf(user) % 6}`;

async function poll() {
  for (;;) {
    try {
      const answer = await fetch(`/dev/phone/api/events?since=${seq}&wait=20${run && `&run=${run}`}`);
      if (!answer.ok) throw new Error(String(answer.status));
      receive(await answer.json());
    } catch {
      await new Promise((resolve) => { setTimeout(resolve, 1500); });
    }
  }
}

function receive(news) {
  if (news.reset) {
    messages = [];
    clearLog();
  }
  ({ seq, run } = news);
  state = news.state;
  messages = messages.concat(news.messages).slice(-KEPT);
  if (!picked && state.users.length) pick(state.users[0].openid);
  drawPeople();
  drawChat();
  drawConsole(state);
  addToLog([...news.calls, ...news.deliveries], state);
  document.body.dataset.ready = "true";
}

function pick(user) {
  picked = user;
  sessionStorage.setItem("phone-user", user);
  // The OAuth page asks this cookie whose phone it is on.
  document.cookie = `nqi_dev_phone=${encodeURIComponent(user)}; path=/dev/phone; SameSite=Lax`;
}

function drawPeople() {
  const strip = byId("people");
  const buttons = state.users.map((user) => {
    const unread = user.unread.official + user.unread.miniapp;
    const children = [avatar(user.nickname, tone(user)), element("span", { class: "name", text: user.role || user.nickname })];
    if (unread) children.push(element("span", { class: "badge", text: unread > 99 ? "99+" : unread }));
    return element("button", {
      type: "button", title: `${user.nickname} ${user.role}`, data: { user: user.openid },
      "aria-pressed": String(user === person()),
      "aria-label": `${user.nickname}，${user.role}${unread ? `，${unread} 条未读` : ""}`, children,
    });
  });
  // Keep the focus of keyboard users over a redraw.
  const focused = strip.contains(document.activeElement) && document.activeElement.dataset.user;
  strip.replaceChildren(...buttons);
  if (focused) strip.querySelector(`[data-user="${CSS.escape(focused)}"]`)?.focus();
}

function drawChat() {
  const user = person();
  byId("account-name").textContent = state.account;
  for (const button of document.querySelectorAll("[data-tab]")) {
    button.setAttribute("aria-selected", String(button.dataset.tab === tab));
    button.querySelector(".dot").hidden = button.dataset.tab === tab || !user.unread[button.dataset.tab];
  }
  for (const button of document.querySelectorAll("[data-for]")) button.hidden = button.dataset.for !== tab;
  byId("follow-word").textContent = user.follower ? "取消关注" : "关注";
  const left = tab === "official" && !user.follower;
  composer.disabled = left;
  composer.placeholder = left ? "关注后才能发消息" : `以 ${user.nickname} 的身份写`;
  const shown = messages.filter((message) => message.openid === openid());
  const numbers = [openid(), ...shown.map((message) => message.seq)];
  if (numbers.join() !== drawn.join()) fill(shown, user);
  drawn = numbers;
  if (user.unread[tab] && !document.hidden) post("read", { openid: openid() });
}

function fill(shown, user) {
  const who = { nickname: user.nickname, tone: tone(user), account: state.account };
  const now = new Date(state.now);
  const nodes = [];
  shown.forEach((message, index) => {
    if (needsTime(shown[index - 1], message)) nodes.push(drawTime(message, now));
    nodes.push(drawMessage(message, who));
  });
  chat.replaceChildren(...(nodes.length ? nodes : [welcome(user)]));
  chat.scrollTop = chat.scrollHeight;
  // A picture gets its height later.
  for (const picture of chat.querySelectorAll("img")) {
    picture.addEventListener("load", () => { chat.scrollTop = chat.scrollHeight; }, { once: true });
  }
}

function welcome(user) {
  const samples = tab === "official" && user.follower ? state.samples : [];
  return element("div", {
    class: "welcome",
    text: samples.length ? "还没有消息，试一句：" : "还没有消息",
    children: samples.map((text) => element("button", { type: "button", text, data: { sample: text } })),
  });
}

function say() {
  const text = composer.value.trim();
  if (!text) return;
  composer.value = "";
  grow();
  byId("panel").hidden = true;
  post("say", { openid: openid(), text });
}

function grow() {
  byId("send").disabled = !composer.value.trim();
  composer.style.height = "";
  composer.style.height = `${Math.min(116, Math.max(44, composer.scrollHeight))}px`;
}

function sendPicture(file) {
  const form = new FormData();
  form.set("openid", openid());
  if (file) form.set("file", file);
  post("picture", form);
}

const ACTS = {
  picture: () => byId("picture-file").click(),
  sample: () => sendPicture(),
  subscribe: () => openSubscription(state, person(), tab, openid()),
  menu: () => openMenu(state, openid()),
  scan: () => openScan(state, openid()),
  voice: () => post("voice", { openid: openid() }),
  place: () => post("location", { openid: openid(), latitude: 30.64, longitude: 104.06, label: "我的位置" }),
  file: () => post("other", { openid: openid(), kind: "file", title: "检测报告.pdf" }),
  follow: () => post(person().follower ? "unfollow" : "follow", { openid: openid() }),
  enter: () => post("enter", { openid: openid() }).then(() => toast("已进入客服会话")),
  read: () => {
    for (const user of state.users) {
      for (const id of [user.openid, user.miniapp_openid]) post("read", { openid: id });
    }
  },
};

byId("people").addEventListener("click", (event) => {
  const button = event.target.closest("[data-user]");
  if (!button) return;
  pick(button.dataset.user);
  closePage();
  byId("panel").hidden = true;
  drawPeople();
  drawChat();
});
byId("tabs").addEventListener("click", (event) => {
  const button = event.target.closest("[data-tab]");
  if (!button) return;
  tab = button.dataset.tab;
  drawChat();
});
chat.addEventListener("click", (event) => {
  const target = event.target.closest("[data-url], [data-pagepath], [data-menu-item], [data-sample]");
  if (!target) return;
  event.preventDefault();
  const { url, pagepath, menuItem, content, sample } = target.dataset;
  if (url) openPage(url);
  else if (pagepath !== undefined) toast(`小程序页面：${pagepath}`);
  else if (sample) post("say", { openid: openid(), text: sample });
  else post("tap", { openid: openid(), id: menuItem || "0", content });
});
byId("writer").addEventListener("submit", (event) => {
  event.preventDefault();
  say();
});
composer.addEventListener("input", grow);
composer.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    say();
  }
});
byId("plus").addEventListener("click", () => {
  const panel = byId("panel");
  panel.hidden = !panel.hidden;
  byId("plus").setAttribute("aria-expanded", String(!panel.hidden));
  chat.scrollTop = chat.scrollHeight;
});
byId("panel").addEventListener("click", (event) => {
  const button = event.target.closest("[data-act]");
  if (button) ACTS[button.dataset.act]();
});
byId("picture-file").addEventListener("change", (event) => {
  const [file] = event.target.files;
  if (file) sendPicture(file);
  event.target.value = "";
});
document.addEventListener("visibilitychange", () => { if (state) drawChat(); });
setInterval(tick, 1000);
poll();
