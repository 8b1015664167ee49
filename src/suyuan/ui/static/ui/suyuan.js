/* Suyuan 溯源. What the browser adds to pages that already work without it. Strict CSP: nothing inline, nothing evaluated.
   Each part below stands alone, finds its place by data attributes, and takes its words from the page's templates. */
(() => {
  "use strict";

  const all = (selector, root = document) => Array.from(root.querySelectorAll(selector));
  const meta = (name) => document.querySelector(`meta[name="${name}"]`)?.content ?? "";
  const say = (name) => document.getElementById(`sy-say-${name}`)?.content.firstElementChild.cloneNode(true);
  const words = (name) => document.getElementById(`sy-say-${name}`)?.dataset ?? {};
  const token = () => document.querySelector('input[name="csrfmiddlewaretoken"]')?.value
    ?? JSON.parse(document.body.getAttribute("hx-headers") || "{}")["X-CSRFToken"] ?? "";
  const memory = { // a window's own store; a browser that refuses it costs comfort, not function
    get(key) { try { return sessionStorage.getItem(key); } catch { return null; } },
    set(key, value) { try { sessionStorage.setItem(key, value); } catch { /* full or refused */ } },
    drop(key) { try { sessionStorage.removeItem(key); } catch { /* refused */ } },
    keys() { try { return Object.keys(sessionStorage); } catch { return []; } },
  };

  /* ── htmx: failures never take away what was typed ─────────────────── */
  function placeForRefusal(element) {
    const form = element?.closest?.("form");
    const own = form?.querySelector("[data-sy-refusals]");
    if (own) return own;
    if (form) {
      let place = form.previousElementSibling;
      if (!place?.matches?.("[data-sy-refusals]")) {
        place = document.createElement("div");
        place.setAttribute("data-sy-refusals", "");
        form.before(place);
      }
      return place;
    }
    return document.getElementById("sy-refusals");
  }
  function showRefusal(element, nodes) {
    const place = placeForRefusal(element);
    if (!place) return;
    place.replaceChildren(...nodes);
    const first = place.firstElementChild;
    first?.setAttribute("tabindex", "-1");
    first?.focus?.();
  }
  document.addEventListener("htmx:beforeSwap", (event) => {
    const { xhr, elt } = event.detail;
    if (xhr.status === 422) { event.detail.shouldSwap = true; event.detail.isError = false; return; }
    if (xhr.status < 400) return;
    const parsed = new DOMParser().parseFromString(xhr.responseText, "text/html");
    const fragment = parsed.querySelector("main") ? null : parsed.body.firstElementChild;
    event.detail.shouldSwap = false;
    showRefusal(elt, [fragment ? document.importNode(fragment, true) : say("send-failed")].filter(Boolean));
  });
  for (const name of ["htmx:sendError", "htmx:timeout"]) {
    document.addEventListener(name, (event) => showRefusal(event.detail.elt, [say("send-failed")].filter(Boolean)));
  }
  document.addEventListener("htmx:load", (event) => prepare(event.detail.elt));
  document.addEventListener("htmx:afterRequest", (event) => { const form = event.detail.elt?.closest?.("form"); if (form) release(form); });

  /* ── forms: sent once ───────────────────────────────────────────────── */
  const sending = new WeakMap();
  function release(form) {
    sending.delete(form);
    all("button[data-sy-busy]", form).forEach((b) => { b.removeAttribute("data-sy-busy"); b.removeAttribute("aria-disabled"); });
  }
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.hasAttribute("data-sy-free") || form.method === "get") return;
    if (Date.now() - (sending.get(form) ?? 0) < 8000) { event.preventDefault(); event.stopImmediatePropagation(); return; }
    sending.set(form, Date.now());
    const button = event.submitter;
    // aria-disabled and not disabled: a disabled button would not send its own name and value.
    if (button) setTimeout(() => { button.setAttribute("data-sy-busy", ""); button.setAttribute("aria-disabled", "true"); }, 0);
    setTimeout(() => release(form), 8000);
    form.removeAttribute("data-sy-dirty");
  }, true);
  window.addEventListener("pageshow", () => all("form").forEach(release));
  document.addEventListener("change", (event) => {
    const form = event.target.closest?.("form[data-sy-auto]");
    if (form) form.requestSubmit();
  });

  /* ── forms: words kept in this window until they are sent ──────────── */
  const KEEP = "sy-kept:";
  const keepKey = (form) => `${KEEP}${meta("sy-user")}:${form.getAttribute("data-sy-keep") || location.pathname}`;
  const keepable = (form) => Array.from(form.elements).filter((f) => f.name && (f.hasAttribute("data-sy-kept") || !["hidden", "file", "password", "submit", "button"].includes(f.type)));
  const valueOf = (f) => (f.type === "checkbox" || f.type === "radio" ? f.checked : f.value);
  const untouched = (f) => (f.type === "checkbox" || f.type === "radio" ? f.checked === f.defaultChecked
    : f.tagName === "SELECT" ? true : f.value === f.defaultValue && f.value === "");
  const idOf = (f) => (f.type === "checkbox" || f.type === "radio" ? `${f.name}=${f.value}` : f.name);
  const timers = new WeakMap();
  function keep(form) {
    const kept = {};
    for (const f of keepable(form)) if (f.type === "checkbox" || f.type === "radio" ? f.checked !== f.defaultChecked : f.value) kept[idOf(f)] = valueOf(f);
    if (Object.keys(kept).length) memory.set(keepKey(form), JSON.stringify(kept)); else memory.drop(keepKey(form));
  }
  function restore(form) {
    let kept;
    try { kept = JSON.parse(memory.get(keepKey(form)) ?? "null"); } catch { kept = null; }
    if (!kept) return;
    let changed = 0;
    const put = [];
    for (const f of keepable(form)) {
      const id = idOf(f);
      // The server's own words win: only what still stands as it came, and empty, is filled.
      if (!(id in kept) || !untouched(f) || valueOf(f) === kept[id]) continue;
      if (f.type === "checkbox" || f.type === "radio") f.checked = kept[id]; else f.value = kept[id];
      if (f.type !== "hidden") changed += 1;
      put.push(f);
    }
    // Whoever watches a field (the guard, a counter) hears of it as if it had been typed.
    put.forEach((f) => f.dispatchEvent(new Event("input", { bubbles: true })));
    if (!changed) return;
    form.setAttribute("data-sy-dirty", "");
    const band = say("restored");
    if (!band) return;
    band.querySelector("[data-sy-forget]").addEventListener("click", () => { memory.drop(keepKey(form)); form.reset(); all("[data-sy-kept]", form).forEach((f) => { f.value = f.getAttribute("data-sy-kept"); }); form.removeAttribute("data-sy-dirty"); band.remove(); });
    form.prepend(band);
  }
  document.addEventListener("input", (event) => {
    const form = event.target.form;
    if (!form) return;
    if (form.matches("[data-sy-guard], [data-sy-keep]")) form.setAttribute("data-sy-dirty", "");
    if (!form.matches("[data-sy-keep]")) return;
    clearTimeout(timers.get(form));
    timers.set(form, setTimeout(() => keep(form), 300));
  });
  const keepAll = () => all("form[data-sy-keep][data-sy-dirty]").forEach(keep);
  window.addEventListener("pagehide", keepAll);
  window.addEventListener("beforeunload", (event) => {
    keepAll();
    if (document.querySelector("form[data-sy-guard][data-sy-dirty]")) event.preventDefault();
  });
  function forgetSent() {
    // What was sent has arrived when the next page is neither a sign-in nor an error nor the same form again.
    if (document.body.hasAttribute("data-sy-keep-drafts")) return;
    const here = new Set(all("form[data-sy-keep]").map(keepKey));
    for (const key of memory.keys()) {
      if (!key.startsWith("sy-sent:")) continue;
      const kept = key.slice("sy-sent:".length);
      if (!here.has(kept)) memory.drop(kept);
      memory.drop(key);
    }
  }
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.matches("[data-sy-keep]") && !event.defaultPrevented) { keep(form); memory.set(`sy-sent:${keepKey(form)}`, "1"); }
    if (form.matches("[data-sy-logout]")) memory.keys().filter((k) => /^sy-(kept|sent|tus):/.test(k)).forEach(memory.drop);
  });

  /* ── characters left ───────────────────────────────────────────────── */
  function count(line) {
    const field = document.getElementById(line.getAttribute("data-sy-count"));
    if (!field || field.maxLength <= 0) return;
    const show = () => {
      const left = field.maxLength - field.value.length;
      line.hidden = left > field.maxLength * 0.2 && left > 100;
      line.toggleAttribute("data-over", left < 0);
      line.textContent = (words("count")[left < 0 ? "over" : "left"] ?? "{n}").replace("{n}", Math.abs(left));
    };
    field.addEventListener("input", show);
    show();
  }

  /* ── clocks: once a minute, without animation ──────────────────────── */
  let span = null;
  try { span = JSON.parse(meta("sy-words") || "null"); } catch { span = null; }
  function spanWords(minutes) {
    if (minutes >= 48 * 60) return span.days.replace("{}", Math.floor(minutes / 1440));
    const hours = Math.floor(minutes / 60), rest = minutes % 60;
    if (!minutes) return span.now;
    if (!hours) return span.long_minutes.replace("{}", rest);
    return span.hours.replace("{}", hours) + (rest ? span.join + span.minutes.replace("{}", rest) : "");
  }
  function tick() {
    if (!span || document.hidden) return;
    const now = Date.now() + skew;
    for (const place of all("[data-sy-due]")) {
      const due = Date.parse(place.getAttribute("data-sy-due"));
      if (Number.isNaN(due)) continue;
      const text = span[due > now ? "left" : "past"].replace("{}", spanWords(Math.floor(Math.abs(due - now) / 60000)));
      if (place.textContent !== text) place.textContent = text;
      const mood = due <= now && place.closest(".sy-mood--calm, .sy-mood--soon");
      if (mood) { mood.classList.remove("sy-mood--calm", "sy-mood--soon"); mood.classList.add("sy-mood--late"); }
    }
  }
  // Counted from the server's hour, so a wrong clock on the desk's computer shows no wrong deadline.
  const served = Date.parse(document.documentElement.getAttribute("data-sy-now") ?? "");
  const skew = Number.isNaN(served) ? 0 : served - Date.now();
  setInterval(tick, 60000);
  document.addEventListener("visibilitychange", tick);

  /* ── keyboard ──────────────────────────────────────────────────────── */
  const keysOff = () => { try { return localStorage.getItem("sy-keys") === "off"; } catch { return false; } };
  let leader = 0;
  function walk(step) {
    const rows = all("[data-sy-row]").map((row) => row.querySelector("a[href], button:not([disabled])")).filter((x) => x && x.getClientRects().length);
    if (!rows.length) return;
    const at = rows.findIndex((x) => x.closest("[data-sy-row]").contains(document.activeElement));
    const next = rows[at < 0 ? (step > 0 ? 0 : rows.length - 1) : Math.min(Math.max(at + step, 0), rows.length - 1)];
    next.focus({ focusVisible: true });
    next.closest("[data-sy-row]").scrollIntoView({ block: "nearest" });
  }
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      const open = document.querySelector("details[data-sy-menu][open]");
      if (open) { open.open = false; open.querySelector("summary").focus(); }
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || keysOff()) return;
    if (event.target.closest?.("input, textarea, select, [contenteditable]")) return;
    if (leader && Date.now() - leader < 1500) {
      leader = 0;
      const goal = all("[data-sy-go]").find((a) => a.getAttribute("data-sy-go") === event.key.toLowerCase());
      if (goal) { event.preventDefault(); goal.click(); }
      return;
    }
    if (event.key === "g") { leader = Date.now(); return; }
    if (event.key === "j" || event.key === "k") { event.preventDefault(); walk(event.key === "j" ? 1 : -1); return; }
    if (event.key === "/") { const field = document.querySelector("[data-sy-search]"); if (field) { event.preventDefault(); field.focus(); field.select(); } return; }
    if (event.key === "?" && meta("sy-keys")) { event.preventDefault(); location.assign(meta("sy-keys")); }
  });
  document.addEventListener("click", (event) => {
    for (const open of all("details[data-sy-menu][open]")) if (!open.contains(event.target)) open.open = false;
  });
  function keySwitch(box) {
    box.closest("[hidden]")?.removeAttribute("hidden");
    box.checked = !keysOff();
    box.addEventListener("change", () => { try { localStorage.setItem("sy-keys", box.checked ? "on" : "off"); } catch { /* refused */ } });
  }

  /* ── copy, print, theme ────────────────────────────────────────────── */
  document.addEventListener("click", async (event) => {
    const print = event.target.closest?.("[data-sy-print]");
    if (print) { window.print(); return; }
    const copy = event.target.closest?.("[data-sy-copy]");
    if (!copy) return;
    const source = document.querySelector(copy.getAttribute("data-sy-copy"));
    const text = (source?.value ?? source?.textContent ?? "").trim();
    try { await navigator.clipboard.writeText(text); } catch {
      const area = document.createElement("textarea");
      area.value = text; area.className = "sy-hide"; document.body.append(area); area.select(); document.execCommand("copy"); area.remove();
    }
    const label = copy.querySelector(".sy-btn__word") ?? copy, before = label.textContent;
    label.textContent = words("copied").words ?? before;
    setTimeout(() => { label.textContent = before; }, 2000);
  });
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches("[data-sy-theme]") || !event.submitter) return;
    event.preventDefault();
    const theme = event.submitter.value;
    if (theme === "system") document.documentElement.removeAttribute("data-theme"); else document.documentElement.setAttribute("data-theme", theme);
    all("[data-sy-theme] button").forEach((b) => b.setAttribute("aria-pressed", String(b.value === theme)));
    const data = new URLSearchParams(new FormData(form));
    data.set("theme", theme);
    fetch(form.action, { method: "POST", body: data, headers: { "X-CSRFToken": token() }, redirect: "manual" });
  });

  /* ── presence: who else is writing ─────────────────────────────────── */
  async function beat(place) {
    if (document.hidden || !place.isConnected) return;
    try {
      const answer = await fetch(place.getAttribute("data-sy-presence"), { method: "POST", headers: { "X-CSRFToken": token(), "HX-Request": "true" }, redirect: "manual" });
      if (answer.status === 204) place.replaceChildren();
      else if (answer.ok) {
        const said = (await answer.text()).trim();
        if (place.dataset.syLast !== said) { // spoken once, not every half minute
          place.dataset.syLast = said;
          place.replaceChildren(...new DOMParser().parseFromString(said, "text/html").body.childNodes);
        }
      }
    } catch { /* offline: the next beat will tell */ }
  }

  /* ── calls: a colleague asks the reader to come ────────────────────── */
  async function listen(place) {
    if (document.hidden || !place.isConnected) return;
    const last = place.firstElementChild?.getAttribute("data-sy-digest") ?? "";
    try {
      const answer = await fetch(`${place.getAttribute("data-sy-calls")}?last=${last}`, { headers: { "HX-Request": "true" }, redirect: "manual" });
      if (answer.status === 204) { if (!answer.headers.has("X-Same")) place.replaceChildren(); }
      else if (answer.ok) place.replaceChildren(...new DOMParser().parseFromString(await answer.text(), "text/html").body.childNodes);
    } catch { /* offline: asked again soon */ }
  }

  /* ── idle: a staff session about to end, and the tablet on the counter ─ */
  function idleWatch(seconds, warnBefore, warning, over) {
    let last = Date.now(), shown = null;
    const stir = () => { if (!shown) last = Date.now(); };
    for (const kind of ["pointerdown", "keydown", "scroll", "input", "touchstart"]) document.addEventListener(kind, stir, { passive: true, capture: true });
    const stay = () => { shown?.remove(); shown = null; last = Date.now(); };
    setInterval(() => {
      last = Math.max(last, uploading); // a file on its way is somebody at work
      const idle = (Date.now() - last) / 1000;
      if (idle >= seconds) { over(); last = Date.now(); return; }
      if (idle >= seconds - warnBefore && !shown) {
        shown = say(warning);
        if (!shown) return;
        document.body.append(shown);
        const button = shown.querySelector("[data-sy-stay]");
        button.addEventListener("click", () => { stay(); if (warning === "idle") alive(); });
        if (!document.activeElement?.matches?.("input, textarea, select")) button.focus();
      }
    }, 1000);
    return stay;
  }
  const alive = () => fetch(meta("sy-alive") || location.href, { method: meta("sy-alive") ? "POST" : "HEAD", headers: { "X-CSRFToken": token() } }).catch(() => {});
  let lastAlive = Date.now();
  // Someone who writes for twenty minutes on one page is not idle: tell the server now and then.
  document.addEventListener("input", () => { if (meta("sy-idle") && Date.now() - lastAlive > 120000) { lastAlive = Date.now(); alive(); } });

  function kiosk(body) {
    const seconds = Number(body.getAttribute("data-kiosk")) || 120;
    const clear = () => {
      all("form").forEach((f) => { f.removeAttribute("data-sy-dirty"); f.reset(); });
      memory.keys().forEach(memory.drop);
      location.replace(body.getAttribute("data-kiosk-home") || location.pathname);
    };
    idleWatch(seconds, Math.min(20, seconds / 2), "kiosk", clear);
    window.addEventListener("pageshow", (event) => { if (event.persisted) clear(); });
  }

  /* ── uploads: resumable, with a plain field underneath ─────────────── */
  const TUS = "sy-tus:";
  let uploading = 0;
  // Where an upload goes on after a reload: this window's store, and no name of a file in it.
  const resumes = {
    findAllUploads: async () => [],
    findUploadsByFingerprint: async (print) => memory.keys().filter((key) => key.startsWith(`${TUS}${print}:`)).map((key) => ({ ...JSON.parse(memory.get(key)), urlStorageKey: key })),
    removeUpload: async (key) => memory.drop(key),
    addUpload: async (print, held) => {
      const key = `${TUS}${print}:${Date.now()}`;
      memory.set(key, JSON.stringify({ uploadUrl: held.uploadUrl, size: held.size, metadata: {}, creationTime: held.creationTime }));
      return key;
    },
  };
  async function printOf(file, options) {
    const told = new TextEncoder().encode([file.name, file.size, file.lastModified, options.endpoint].join("\n"));
    if (!crypto.subtle) return null;
    return Array.from(new Uint8Array(await crypto.subtle.digest("SHA-256", told)), (b) => b.toString(16).padStart(2, "0")).join("");
  }
  function upload(box) {
    const endpoint = box.getAttribute("data-sy-tus"), input = box.querySelector('input[type="file"]'), list = box.querySelector("[data-sy-files]");
    if (!endpoint || !input) return;
    if (!window.tus) { // fetched only where files are asked for
      const script = document.createElement("script");
      script.src = box.getAttribute("data-sy-tus-script");
      script.addEventListener("load", () => window.tus && upload(box));
      document.head.append(script);
      return;
    }
    if (!window.tus.isSupported) return;
    const said = words("upload-words"), max = Number(box.getAttribute("data-sy-max")) || Infinity, maxAll = Number(box.getAttribute("data-sy-max-all")) || Infinity;
    const name = box.getAttribute("data-sy-token") || "upload", form = box.closest("form");
    let sum = 0, running = 0;
    box.setAttribute("data-ready", "");
    const forget = () => { input.value = ""; };
    const size = (bytes) => (bytes >= 1e9 ? `${(bytes / 1e9).toFixed(2)} GB` : bytes >= 1048576 ? `${(bytes / 1048576).toFixed(1)} MB` : `${Math.max(1, Math.round(bytes / 1024))} KB`);

    function add(file) {
      const row = say("file");
      if (!row) return;
      const state = row.querySelector("[data-sy-state]"), bar = row.querySelector("progress"), drop = row.querySelector("[data-sy-drop]");
      row.querySelector("[data-sy-name]").textContent = file.name;
      list.append(row);
      const refuse = (text) => { bar.remove(); state.textContent = text; state.classList.add("sy-late"); drop.addEventListener("click", () => row.remove()); };
      if (file.size > max) return refuse(`${said.tooBig}（${size(file.size)}）`);
      if (sum + file.size > maxAll) return refuse(said.tooMany);
      sum += file.size; running += 1;
      let open = true;
      const close = () => { if (open) { open = false; running -= 1; } };
      const job = new window.tus.Upload(file, {
        endpoint, chunkSize: (file.size > 256 * 1048576 ? 16 : 4) * 1048576, urlStorage: resumes, fingerprint: printOf, retryDelays: [0, 1000, 3000, 8000, 20000, 40000, 60000], removeFingerprintOnSuccess: true,
        storeFingerprintForResuming: !document.body.hasAttribute("data-kiosk"),
        metadata: { filename: file.name, filetype: file.type || "application/octet-stream" },
        headers: { "X-CSRFToken": token() },
        onProgress(sent, total) { 
          uploading = Date.now();
          if (sent < total) bar.value = Math.floor((sent / Math.max(total, 1)) * 100); else bar.removeAttribute("value");
          state.textContent = sent < total ? `${said.waiting} ${size(sent)}／${size(total)}` : `${said.sealing} ${size(total)}`;
        },
        onSuccess() {
          close(); bar.remove(); state.textContent = `${said.done}，${size(file.size)}`;
          const field = document.createElement("input");
          field.type = "hidden"; field.name = name; field.value = job.url.replace(/\/+$/, "").split("/").pop();
          row.append(field);
        },
        onError(error) {
          const answer = error?.originalResponse, later = answer?.getStatus() === 429 && Number(answer.getHeader("Retry-After"));
          close(); state.textContent = (later && answer.getBody()) || said.stopped; state.classList.toggle("sy-late", !later);
          const again = document.createElement("button");
          again.type = "button"; again.className = "sy-btn sy-btn--small"; again.textContent = said.retry;
          const goOn = () => { clearTimeout(timer); again.remove(); state.classList.remove("sy-late"); open = true; running += 1; job.start(); };
          // Told to wait: the words need not wait with it, and it goes on by itself.
          const timer = later ? setTimeout(() => { if (row.isConnected) goOn(); }, later * 1000) : 0;
          again.addEventListener("click", goOn);
          state.after(again);
        },
      });
      drop.addEventListener("click", () => { job.abort(true).catch(() => {}); close(); sum -= file.size; row.remove(); });
      state.textContent = said.waiting;
      job.findPreviousUploads().then((earlier) => {
        if (earlier.length) job.resumeFromPreviousUpload(earlier[0]);
        job.start();
      });
    }
    input.addEventListener("change", () => { Array.from(input.files).forEach(add); forget(); });
    form?.addEventListener("submit", (event) => {
      if (!running) return;
      event.preventDefault(); // words wait for the files that are on their way
      event.stopImmediatePropagation();
      release(form);
      const button = event.submitter;
      const wait = setInterval(() => { if (!running) { clearInterval(wait); form.requestSubmit(button ?? undefined); } }, 400);
    });
  }

  /* ── start ─────────────────────────────────────────────────────────── */
  const ready = new WeakSet();
  function prepare(root) {
    const within = (selector) => [...(root.matches?.(selector) ? [root] : []), ...all(selector, root)].filter((x) => !ready.has(x) && ready.add(x));
    within("form[data-sy-keep]").forEach(restore);
    within("[data-sy-count]").forEach(count);
    within("[data-sy-upload]").forEach(upload);
    within("[data-sy-key-switch]").forEach(keySwitch);
    within("[data-sy-presence]").forEach((place) => { beat(place); setInterval(() => beat(place), 30000); });
    within("[data-sy-calls]").forEach((place) => { listen(place); setInterval(() => listen(place), 20000); document.addEventListener("visibilitychange", () => listen(place)); });
    within("[data-sy-focus]").forEach((x) => x.focus());
  }
  function start() {
    forgetSent();
    prepare(document.body);
    if (document.body.hasAttribute("data-kiosk")) kiosk(document.body);
    const idle = Number(meta("sy-idle"));
    if (idle > 120) idleWatch(idle, 60, "idle", () => { keepAll(); all("[data-sy-guard]").forEach((f) => f.removeAttribute("data-sy-guard")); location.replace(location.href.split("#")[0]); });
  }
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start); else start();
})();
