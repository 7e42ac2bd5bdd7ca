// WeChat's browser: a page over the chat, opened by a card, a link or a menu button.

import { byId } from "./dom.js";

const AUTHORIZE = "https://open.weixin.qq.com/connect/oauth2/authorize";
const LOOPBACK = new Set(["localhost", "127.0.0.1", "[::1]"]);

// The same server under another loopback name would be another site, and lose its cookies.
function localise(address) {
  if (address.startsWith(AUTHORIZE)) {
    return `${location.origin}/dev/phone/oauth2/authorize${new URL(address).search}`;
  }
  const url = new URL(address, location.origin);
  if (LOOPBACK.has(url.hostname) && LOOPBACK.has(location.hostname) && url.port === location.port) {
    return location.origin + url.pathname + url.search + url.hash;
  }
  return url.href;
}

export function isOpenable(address) {
  try {
    return ["http:", "https:"].includes(new URL(address, location.origin).protocol);
  } catch {
    return false;
  }
}

export function openPage(address) {
  if (!isOpenable(address)) return;
  const href = localise(address);
  byId("webview-title").textContent = new URL(href).host;
  byId("webview-out").href = href;
  byId("webview-frame").src = href;
  byId("webview").hidden = false;
}

export function closePage() {
  byId("webview").hidden = true;
  byId("webview-frame").src = "about:blank";
}

byId("webview-close").addEventListener("click", closePage);
byId("webview-frame").addEventListener("load", () => {
  try {
    const title = byId("webview-frame").contentDocument.title;
    if (title) byId("webview-title").textContent = title;
  } catch { /* a page of another origin keeps its title to itself: the host stays */ }
});
