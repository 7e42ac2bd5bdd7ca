// The sheets that come up from below: the account's menu, consent to messages, a QR code.

import { byId, element, post, toast } from "./dom.js";
import { openPage } from "./webview.js";

const MOST = 3;

function open(title, children) {
  byId("sheet-title").textContent = title;
  byId("sheet-body").replaceChildren(...children);
  byId("sheet").hidden = false;
}

export function closeSheet() {
  byId("sheet").hidden = true;
}

function option(text, act, extra = {}) {
  const button = element("button", { type: "button", class: "option", text, ...extra });
  button.addEventListener("click", () => {
    closeSheet();
    act();
  });
  return button;
}

function menuButton(button, openid, child) {
  const look = { class: child ? "option child" : "option", data: { key: button.key || button.url || "" } };
  if (button.type === "miniprogram") {
    return option(button.name, () => toast(`小程序页面：${button.pagepath}`), look);
  }
  if (button.url) {
    return option(button.name, () => {
      post("menu", { openid, url: button.url });
      openPage(button.url);
    }, look);
  }
  return option(button.name, () => post("menu", { openid, key: button.key || button.name }), look);
}

export function openMenu(state, openid) {
  const rows = state.menu.flatMap((button) => (button.sub_button?.length
    ? [element("div", { class: "option group", text: button.name }),
      ...button.sub_button.map((child) => menuButton(child, openid, true))]
    : [menuButton(button, openid, false)]));
  const none = element("p", { class: "empty", text: "公众号还没有设置菜单" });
  open("菜单", rows.length ? rows : [none]);
}

export function openScan(state, openid) {
  const scenes = [...Object.entries(state.scenes), ["leaflet", "宣传册"]];
  open("扫描二维码", scenes.map(([scene, name]) => option(`${name}的二维码`, () => post("scan", { openid, scene }))));
}

export function openSubscription(state, person, tab, openid) {
  const rows = state.templates.map((template) => {
    const left = person.credits[tab][template.id] || 0;
    const hint = template.long_term ? (left ? "长期 · 已同意" : "长期") : `剩 ${left} 次`;
    return element("label", {
      class: "option",
      children: [
        element("input", { type: "checkbox", data: { template: template.id } }),
        element("span", { text: template.title }),
        element("span", { class: "hint", text: hint }),
      ],
    });
  });
  const answer = (word) => () => {
    const boxes = [...byId("sheet-body").querySelectorAll("input:checked")];
    if (!boxes.length || boxes.length > MOST) {
      toast(`请选择 1 至 ${MOST} 项`);
      return;
    }
    closeSheet();
    post("subscribe", { openid, templates: boxes.map((box) => box.dataset.template), answer: word });
  };
  const no = element("button", { type: "button", id: "subscribe-reject", text: "拒绝" });
  const yes = element("button", { type: "button", id: "subscribe-accept", class: "yes", text: "允许" });
  no.addEventListener("click", answer("reject"));
  yes.addEventListener("click", answer("accept"));
  open(`${state.account} 申请发送以下消息`, [...rows, element("div", { class: "pair", children: [no, yes] })]);
}

byId("sheet-close").addEventListener("click", closeSheet);
byId("sheet").addEventListener("click", (event) => {
  if (event.target === byId("sheet")) closeSheet();
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") closeSheet();
});
