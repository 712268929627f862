// Small comforts. Every page works without this file.
(() => {
  "use strict";

  const free = (form) => {
    delete form.dataset.sent;
    for (const button of document.querySelectorAll("[data-busy]")) { delete button.dataset.busy; button.removeAttribute("aria-busy"); }
  };
  // a double click sends once (a form that answers with a download says data-again); after that the server knows what
  // it has, and whoever stopped the sending can press again
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post" || event.defaultPrevented || "again" in form.dataset) return;
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = "yes";
    if (event.submitter) { event.submitter.setAttribute("aria-busy", "true"); event.submitter.dataset.busy = "yes"; }
    setTimeout(free, 2500, form);
  });
  // back with the browser's button: the form may be sent again
  window.addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-sent]")) free(form);
  });

  document.addEventListener("click", (event) => {
    const exit = event.target.closest("[data-exit]");
    if (exit) { event.preventDefault(); location.replace(exit.href); return; } // this page leaves the history
    if (event.target.closest("[data-print]")) { window.print(); return; }
    const copy = event.target.closest("[data-copy]");
    if (copy) {
      const source = document.getElementById(copy.dataset.copy);
      navigator.clipboard.writeText(source.innerText.trim()).then(() => { if (copy.dataset.done) copy.textContent = copy.dataset.done; });
      return;
    }
    for (const menu of document.querySelectorAll("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const menu = document.querySelector("details.menu[open]");
    if (menu) { menu.open = false; menu.querySelector("summary").focus(); }
  });

  // buttons that only work with a script are hidden until there is one
  for (const button of document.querySelectorAll("[data-print][hidden]")) button.hidden = false;
  if (navigator.clipboard) for (const button of document.querySelectorAll("[data-copy][hidden]")) button.hidden = false;
  // the answer to a form with errors starts at its summary
  document.getElementById("summary")?.focus();
})();
