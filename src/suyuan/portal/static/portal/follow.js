/* A receipt's secret travels in the address fragment, which browsers never send. It is put into the form, taken out of the
   address and the history, and sent in the body. Without this script people type it. */
(() => {
  "use strict";
  const form = document.querySelector("form[data-fragment]");
  const held = decodeURIComponent(location.hash.slice(1));
  if (!form || !held) return;
  history.replaceState(null, "", location.pathname);
  const put = (name, value) => { const field = form.elements.namedItem(name); if (field) field.value = value; };
  const kind = form.getAttribute("data-fragment");
  if (kind === "follow") {
    const cut = held.indexOf(".");
    if (cut < 1) return;
    put("reference", held.slice(0, cut));
    put("secret", held.slice(cut + 1));
  } else if (kind === "survey") put("secret", held);
  else if (kind === "proof" && !form.elements.namedItem("proof").value) put("proof", held);
  else return;
  form.requestSubmit();
})();
