// Draws the messages of one chat.

import { chatTime, element } from "./dom.js";
import { isOpenable } from "./webview.js";

const GAP = 5 * 60 * 1000;
const CHANNELS = { template: "模板消息", subscribe: "订阅消息" };
// A text of the account may hold links as markup; a bare address becomes one as well.
const LINK = /<a\s[^>]*?href="([^"]*)"[^>]*>([\s\S]*?)<\/a>|https?:\/\/[^\s<>"，。；、）】]+/gi;
const MENU_LINK = /^weixin:\/\/bizmsgmenu\?/i;

export function avatar(word, tone) {
  return element("span", { class: `avatar ${tone}`, text: [...word][0] || "·", "aria-hidden": "true" });
}

export function needsTime(previous, message) {
  return !previous || Math.abs(new Date(message.at) - new Date(previous.at)) > GAP;
}

export function drawTime(message, now) {
  return element("div", { class: "time", text: chatTime(new Date(message.at), now) });
}

export function drawMessage(message, who) {
  const { side, channel, kind, content } = message;
  const data = { side, channel, kind, seq: message.seq };
  if (side === "system") {
    const note = element("div", { class: `note ${channel}`, text: content.text });
    return element("div", { class: "message", data, children: [note] });
  }
  const body = drawBody(message);
  if (kind === "card") return element("div", { class: "message wide", data, children: [body] });
  const face = side === "out" ? avatar(who.nickname, who.tone) : avatar(who.account, "account");
  return element("div", { class: "message", data, children: [face, body] });
}

function drawBody(message) {
  const { kind, content } = message;
  switch (kind) {
    case "card": return drawCard(message);
    case "image":
      return element("img", { class: "picture", src: content.url, alt: "图片" });
    case "news": case "link":
      return drawLinkCard(content);
    case "miniprogrampage":
      return card([title(content.title), foot("小程序", { pagepath: content.pagepath })]);
    case "msgmenu": return drawMenu(content);
    default: return drawText(content.text ?? `[${kind}]`, message.side);
  }
}

function drawText(text, side) {
  const bubble = element("div", { class: "bubble" });
  if (side === "out") {
    bubble.append(text);
    return bubble;
  }
  let end = 0;
  for (const match of text.matchAll(LINK)) {
    bubble.append(text.slice(end, match.index), drawLink(match[1] ?? match[0], match[2] ?? match[0]));
    end = match.index + match[0].length;
  }
  bubble.append(text.slice(end));
  return bubble;
}

function drawLink(address, label) {
  if (MENU_LINK.test(address)) {
    const query = new URLSearchParams(address.replace(MENU_LINK, ""));
    const content = query.get("msgmenucontent") || label;
    const data = { menuItem: query.get("msgmenuid") || "", content };
    return element("button", { type: "button", class: "link", text: label, data });
  }
  if (!isOpenable(address)) return label;
  return element("a", { class: "link", href: address, text: label, data: { url: address } });
}

function drawMenu(content) {
  const items = content.items.map((item) => element("button", {
    type: "button", text: item.content, data: { menuItem: item.id, content: item.content },
  }));
  return element("div", {
    class: "bubble",
    children: [content.head, element("span", { class: "items", children: items }), content.tail],
  });
}

function drawCard({ channel, content }) {
  const rows = content.rows.map(([label, value]) => element("div", {
    class: "card-row",
    children: [element("dt", { text: label }), element("dd", { text: value })],
  }));
  const parts = [
    element("div", { class: "card-channel", text: CHANNELS[channel] || "" }),
    title(content.title),
    element("dl", { class: "card-rows", children: rows }),
  ];
  if (content.url) parts.push(foot("详情", { url: content.url }));
  else if (content.pagepath) parts.push(foot("进入小程序查看", { pagepath: content.pagepath }));
  return card(parts);
}

function drawLinkCard(content) {
  const parts = [title(content.title)];
  if (content.description) parts.push(element("div", { class: "card-text", text: content.description }));
  if (content.url) parts.push(foot("阅读全文", { url: content.url }));
  return card(parts);
}

const card = (children) => element("div", { class: "card", children });
const title = (text) => element("div", { class: "card-title", text });

function foot(text, data) {
  const chevron = element("span", { class: "chevron", text: "›", "aria-hidden": "true" });
  return element("button", { type: "button", class: "card-foot", data, children: [text, chevron] });
}
