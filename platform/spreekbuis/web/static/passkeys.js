// Asks an authenticator for a passkey, or for what a passkey gives. Nothing else needs a script.
(() => {
  "use strict";

  const bytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (sign) => sign.charCodeAt(0));
  const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  const decoded = (list) => (list || []).map((known) => ({ ...known, id: bytes(known.id) }));
  const output = (credential) => credential.getClientExtensionResults().prf?.results?.first;

  class Refused extends Error {
    constructor(title, advice) { super(); Object.assign(this, { title, advice }); }
  }

  // The body of a request made here stays in no history of the browser, as that of a form would.
  async function post(form, address, fields) {
    const answer = await fetch(address, { method: "POST", body: fields });
    const told = await answer.json().catch(() => null); // a page instead: the session is over
    if (!told) throw new Refused(form.dataset.overTitle, form.dataset.over);
    if (!answer.ok) throw new Refused(told.title, told.advice);
    return told;
  }

  async function made(options) {
    const question = {
      ...options, user: { ...options.user, id: bytes(options.user.id) }, excludeCredentials: decoded(options.excludeCredentials),
    };
    const credential = await navigator.credentials.create({ publicKey: question });
    let first = output(credential);
    if (!first && credential.getClientExtensionResults().prf?.enabled) {
      // Many authenticators compute it only for a passkey that exists. What this one signs is not sent.
      const again = await used({ challenge: options.challenge, rpId: options.rp.id, userVerification: "required", timeout: options.timeout, extensions: options.extensions }, [{ type: "public-key", id: credential.rawId, transports: credential.response.getTransports?.() }]);
      first = output(again);
    }
    return { credential, first, parts: ["clientDataJSON", "attestationObject"] };
  }

  const used = (options, known) => navigator.credentials.get({ publicKey: { ...options, allowCredentials: known } });

  async function answered(options) {
    options.challenge = bytes(options.challenge);
    options.extensions.prf.eval.first = bytes(options.extensions.prf.eval.first);
    if ("user" in options) return made(options);
    const credential = await used(options, decoded(options.allowCredentials));
    return { credential, first: output(credential), parts: ["clientDataJSON", "authenticatorData", "signature"] };
  }

  async function perform(form) {
    const token = new URLSearchParams({ csrf: form.elements.csrf.value });
    const { credential, first, parts } = await answered(await post(form, form.dataset.passkey, token));
    const response = Object.fromEntries(parts.map((part) => [part, text(credential.response[part])]));
    const fields = new URLSearchParams(new FormData(form));
    fields.set("answer", JSON.stringify({ id: credential.id, rawId: text(credential.rawId), type: credential.type, response }));
    fields.set("output", first ? text(first) : "");
    const { next } = await post(form, form.action, fields);
    if (form.dataset.then) document.getElementById(form.dataset.then).submit();
    else location.assign(next);
  }

  // What the page holds ready to say is that its user stopped; browsers tell no more than that it did not work.
  const words = (form) => [form.querySelector("[data-refusal] strong"), form.querySelector("[data-refusal] p").lastChild];

  function say(form, stopped, error) {
    const said = error instanceof Refused ? [error.title, error.advice]
      : error.name === "InvalidStateError" ? [form.dataset.knownTitle, form.dataset.known]
      : stopped;
    words(form).forEach((place, n) => { place.textContent = n ? ` ${said[n].trim()}` : said[n]; });
    form.querySelector("[data-refusal]").hidden = false;
  }

  const able = "PublicKeyCredential" in window;
  for (const none of document.querySelectorAll("[data-no-passkeys]")) none.hidden = able;
  for (const form of document.querySelectorAll("form[data-passkey]")) {
    const stopped = words(form).map((place) => place.textContent);
    form.hidden = !able;
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const button = form.querySelector("button");
      if (button.disabled) return;
      form.querySelector("[data-refusal]").hidden = true;
      button.disabled = true;
      button.setAttribute("aria-busy", "true");
      try {
        await perform(form);
      } catch (error) {
        say(form, stopped, error);
      } finally {
        button.disabled = false;
        button.removeAttribute("aria-busy");
      }
    });
  }
})();
