// Shows what is new in a chat as it comes. Without this file the page has a button for it, or asks again by itself.
(() => {
  "use strict";
  const chat = document.querySelector("[data-chat]");
  if (!chat || !window.EventSource) return;
  const typed = () => document.getElementById("text")?.value.trim();
  const lines = () => chat.querySelector("[data-lines]");
  let busy = false, more = false;

  function show(part) {
    const status = chat.querySelector("[data-status]"), now = part.querySelector("[data-status]");
    if (status.innerHTML !== now.innerHTML) status.replaceChildren(...now.childNodes);
    for (const line of part.querySelectorAll("[data-lines] li")) {
      if (!document.getElementById(line.id)) lines().querySelector("ol").append(line);
    }
  }

  async function look() {
    if (busy) { more = true; return; }
    busy = true;
    try {
      const answer = await fetch(chat.dataset.chat);
      const part = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("[data-chat]");
      if (answer.ok && part?.dataset.state === chat.dataset.state) show(part);
      else if (!typed()) { news.close(); location.replace(chat.dataset.page); }
    } catch { more = false; } // no connection: the next event brings us back here
    busy = false;
    if (more) { more = false; look(); }
  }

  const news = new EventSource(chat.dataset.events);
  news.addEventListener("news", look);
})();
