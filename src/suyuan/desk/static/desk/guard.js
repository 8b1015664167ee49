/* A draft looked at while one writes it. Without this file the button 「檢查」 makes the same journey.
   The text goes to our own server, is kept nowhere, and nothing is sent to anybody else. */
(() => {
  "use strict";

  const WAIT = 400;
  const all = (selector, root) => Array.from(root.querySelectorAll(selector));
  const token = () => document.querySelector('input[name="csrfmiddlewaretoken"]')?.value ?? "";

  // One form may hold several boxes, one of them inside another: its button stays held while any of them says so.
  const held = new WeakMap();

  // The server counts characters, a browser counts halves of the rare ones.
  function places(text) {
    const at = [];
    let n = 0;
    for (const c of text) { at.push(n); n += c.length; }
    at.push(n);
    return (point) => at[Math.max(0, Math.min(point, at.length - 1))];
  }

  function guarded(box) {
    const area = box.querySelector(".sy-guarded__box > textarea, .sy-guarded__box > input");
    const mirror = box.querySelector("[data-sy-mirror]");
    const mine = (node) => node?.closest?.("[data-sy-guarded]") === box;
    const ours = (selector) => all(selector, box).filter(mine);
    const our = (selector) => ours(selector)[0] ?? null;
    const form = area?.form;
    if (!area) return;
    const inMirror = area.tagName === "TEXTAREA" && mirror;
    const state = { text: area.value, checked: area.value, spans: [], asked: 0, abort: null, need: "nothing", open: 0, taken: "" };
    box.setAttribute("data-live", "");
    if (area.tagName === "TEXTAREA") area.rows = Math.min(area.rows, 5);
    const plain = our("[name=_check]");
    if (plain) plain.disabled = true;

    const part = (name) => our(`[data-sy-part="${name}"]`) ?? all(`[data-sy-part="${name}"]`, document).find((place) => !place.closest("[data-sy-guarded]"));

    /* ── what is asked, and what comes back ── */
    function surface() {
      const [field, value, instead] = (box.dataset.when ?? "").split("|");
      if (field && form?.elements[field]?.value === value) return instead;
      return form?.elements.surface?.value || box.dataset.surface;
    }
    function about(text) {
      const sent = new URLSearchParams({ words: text, surface: surface(), field: box.dataset.field, reply_to: form?.elements.reply_to?.value ?? "" });
      if (box.dataset.reference) sent.set("reference", box.dataset.reference);
      const reader = form?.elements.party?.value || box.dataset.party;
      if (reader) sent.set("party", reader);
      if (form?.elements.branch) sent.set("branch", form.elements.branch.value);
      return sent;
    }
    async function check() {
      state.abort?.abort();
      state.abort = new AbortController();
      const text = area.value;
      const sent = about(text);
      if (form?.elements.begun) sent.set("begun", form.elements.begun.value);
      if (box.hasAttribute("data-agreed")) sent.set("agreed", "1");
      if (box.hasAttribute("data-askable")) sent.set("askable", "1");
      if (box.hasAttribute("data-brief")) sent.set("brief", "1");
      let answer;
      try {
        answer = await fetch(box.dataset.syGuarded, { method: "POST", body: sent, signal: state.abort.signal, redirect: "manual", headers: { "X-CSRFToken": token(), "HX-Request": "true" } });
      } catch (fault) { // offline, or a newer question: the gate asks again when it is sent
        if (fault.name !== "AbortError") announce([]);
        return;
      }
      if (!answer.ok || area.value !== text) return;
      const root = new DOMParser().parseFromString(await answer.text(), "text/html").body.firstElementChild;
      const open = new Set(ours("details[data-sy-fold][open]").map((fold) => fold.dataset.syFold));
      const why = our("[name=_why]")?.value ?? "";
      for (const fresh of all("[data-sy-part]", root)) {
        const place = part(fresh.dataset.syPart);
        if (!place) continue;
        place.replaceChildren(...Array.from(fresh.childNodes).map((node) => document.importNode(node, true)));
      }
      ours("details[data-sy-fold]").forEach((fold) => { fold.open = open.has(fold.dataset.syFold); });
      const reason = our("[name=_why]");
      if (reason) reason.value = why;
      state.text = text;
      told(root);
    }
    function told(root) {
      const at = places(area.value);
      state.checked = area.value;
      const verdict = root ?? our(".sy-verdict");
      state.need = verdict?.dataset.need ?? "nothing";
      state.open = Number(verdict?.dataset.open ?? 0);
      state.spans = all("[data-sy-finding]", part("findings") ?? box).map((card) => ({
        start: at(Number(card.dataset.start)), end: at(Number(card.dataset.end)), from: at(Number(card.dataset.from)), to: at(Number(card.dataset.to)), level: card.dataset.level, number: card.dataset.number, action: card.dataset.action,
      }));
      state.spans.push(...ours("[data-sy-hole]").map((hole, n) => {
        const start = at(Number(hole.dataset.start)), end = at(Number(hole.dataset.end));
        hole.dataset.n = n;
        return { start, end, from: start, to: end, level: "open", number: "", action: "", hole: n };
      }));
      sendable(root?.dataset?.whyNot ?? "");
      draw();
      if (root) announce(all(".sy-verdict__words > *", our('[data-sy-part="verdict"]')).map((line) => line.textContent.trim()));
    }
    // Heard once: what was taken over, then how things stand; silence while nothing of it changes.
    function announce(lines) {
      const place = our("[data-sy-told]"), said = [state.taken, ...lines].filter(Boolean).join(" ");
      state.taken = "";
      if (place && place.textContent !== said) place.textContent = said;
    }
    function sendable(why) {
      const emergency = form?.elements.emergency?.checked;
      // Somebody's body may depend on an emergency; a sentence with a gap in it helps nobody.
      const stops = state.open > 0 || (state.need !== "nothing" && !emergency);
      const whys = held.get(form ?? box) ?? new Map();
      held.set(form ?? box, whys);
      if (stops) whys.set(box, why || our(".sy-verdict__title")?.textContent || ""); else whys.delete(box);
      for (const button of all("[data-sy-send]", form ?? box)) {
        button.toggleAttribute("data-sy-held", whys.size > 0);
        if (whys.size) { button.setAttribute("aria-disabled", "true"); button.title = [...whys.values()][0]; }
        else { button.removeAttribute("aria-disabled"); button.removeAttribute("title"); }
      }
    }

    /* ── underlines behind the words ── */
    function shift(before, after) {
      let head = 0, tail = 0;
      const most = Math.min(before.length, after.length);
      while (head < most && before[head] === after[head]) head += 1;
      while (tail < most - head && before[before.length - 1 - tail] === after[after.length - 1 - tail]) tail += 1;
      const by = after.length - before.length, until = before.length - tail;
      state.spans = state.spans.filter((s) => Math.max(s.end, s.to) <= head || Math.min(s.start, s.from) >= until)
        .map((s) => (Math.min(s.start, s.from) >= until ? { ...s, start: s.start + by, end: s.end + by, from: s.from + by, to: s.to + by } : s));
    }
    function draw() {
      if (!inMirror) return;
      const text = area.value, spans = state.spans.filter((s) => s.end > s.start);
      const edges = [...new Set([0, text.length, ...spans.flatMap((s) => [s.start, s.end])])].sort((a, b) => a - b);
      const nodes = [];
      for (let n = 0; n + 1 < edges.length; n += 1) {
        const words = text.slice(edges[n], edges[n + 1]);
        const over = spans.filter((s) => s.start <= edges[n] && edges[n + 1] <= s.end);
        if (!over.length) { nodes.push(document.createTextNode(words)); continue; }
        const level = ["block", "warn", "open", "advise"].find((l) => over.some((s) => s.level === l));
        const mark = document.createElement("mark");
        mark.className = `sy-mark-${level}`;
        const begins = over.filter((s) => s.start === edges[n] && s.number);
        if (begins.length) mark.dataset.n = begins.map((s) => s.number).join("·");
        mark.textContent = words;
        nodes.push(mark);
      }
      mirror.replaceChildren(...nodes, document.createTextNode("\u200b"));
      grow();
    }
    function grow() {
      if (area.tagName !== "TEXTAREA") return;
      area.style.height = "auto";
      area.style.height = `${area.scrollHeight + 2}px`;
    }

    // A page that is turned or made narrower breaks its lines anew; what no longer fits would lie hidden.
    let wide = 0;
    if (inMirror) new ResizeObserver(() => { if (area.clientWidth !== wide) { wide = area.clientWidth; grow(); } }).observe(area);

    /* ── safer words ── */
    function put(text, from, to) {
      area.focus();
      area.value = text;
      if (from !== undefined) area.setSelectionRange(from, to);
      area.dispatchEvent(new Event("input", { bubbles: true }));
      clearTimeout(state.asked);
      check();
    }
    function take(number) {
      const button = (part("findings") ?? box).querySelector(`[data-sy-take="${number}"]`);
      const span = state.spans.find((s) => s.number === String(number));
      if (!button || !span) return;
      const safer = span.action === "delete" ? "" : button.dataset.safer ?? "", text = area.value;
      const words = our("[data-sy-told]")?.dataset ?? {};
      state.taken = safer ? words.taken + safer : words.deleted;
      state.spans = state.spans.filter((s) => s !== span);
      if (span.action === "insert") {
        const apart = span.start > 0 && safer && !/\s$/.test(text.slice(0, span.start)) && span.start === text.length && text.includes("\n") ? "\n" : "";
        put(text.slice(0, span.start) + apart + safer + text.slice(span.start), span.start, span.start + apart.length + safer.length);
      } else put(text.slice(0, span.from) + safer + text.slice(span.to), span.from, span.from + safer.length);
    }
    const stale = our("[data-sy-second] [role=status] > *") && our(".sy-second__stale");
    area.addEventListener("input", () => {
      if (stale) stale.hidden = false;
      shift(state.text, area.value);
      state.text = area.value;
      // What was found in words that are no longer there is asked about no longer, until the next answer comes.
      for (const card of all("[data-sy-finding]", part("findings") ?? box)) card.hidden = !state.spans.some((s) => s.number === card.dataset.number);
      draw();
      clearTimeout(state.asked);
      state.asked = setTimeout(check, WAIT);
    });
    area.addEventListener("scroll", () => { if (inMirror) mirror.scrollTop = area.scrollTop; });
    area.addEventListener("keydown", (event) => {
      const digit = event.altKey && !event.ctrlKey && !event.metaKey && /^Digit([1-9])$/.exec(event.code);
      if (digit && state.spans.some((s) => s.number === digit[1])) { event.preventDefault(); take(digit[1]); }
    });
    area.addEventListener("select", point);
    area.addEventListener("keyup", point);
    area.addEventListener("pointerup", point);
    function point() {
      const at = area.selectionStart;
      const here = new Set(state.spans.filter((s) => s.start <= at && at <= s.end).map((s) => s.number));
      for (const card of all("[data-sy-finding]", part("findings") ?? box)) card.toggleAttribute("data-here", here.has(card.dataset.number));
    }
    function show(span) {
      area.focus();
      area.setSelectionRange(span.start, span.end);
      area.scrollIntoView({ block: "nearest" });
    }
    box.addEventListener("click", (event) => {
      if (!mine(event.target)) return;
      const hole = event.target.closest("[data-sy-hole]");
      if (hole) { const span = state.spans.find((s) => String(s.hole) === hole.dataset.n); if (span) show(span); return; }
      const button = event.target.closest?.("[data-sy-take]");
      if (button) { event.preventDefault(); take(button.dataset.syTake); return; }
      const adopt = event.target.closest?.("[data-sy-adopt]");
      if (adopt) { event.preventDefault(); const whole = our("[data-sy-adopted-text]"); if (whole) put(whole.value); return; }
      const go = event.target.closest?.("[data-sy-show]");
      if (go) {
        const span = state.spans.find((s) => s.number === go.closest("[data-sy-finding]").dataset.number);
        if (span) show(span);
        return;
      }
      const report = event.target.closest?.("[data-sy-dispute] button");
      if (report) disputed(report.closest("[data-sy-dispute]"));
    });
    box.addEventListener("keydown", (event) => {
      const fold = event.key === "Escape" && mine(event.target) && event.target.closest("details[open]");
      if (!fold) return;
      fold.open = false;
      fold.querySelector("summary").focus();
    });
    async function disputed(place) {
      const reason = place.querySelector("textarea"), why = reason.value.trim(), card = place.closest("[data-sy-finding]");
      if (!why) { reason.focus(); return; }
      const sent = about(state.checked);
      for (const name of ["start", "end"]) sent.set(name, card.dataset[name]);
      sent.set("rule", place.dataset.rule);
      sent.set("why", why);
      try {
        const answer = await fetch(place.dataset.syDispute, { method: "POST", body: sent, redirect: "manual", headers: { "X-CSRFToken": token(), "HX-Request": "true" } });
        const said = new DOMParser().parseFromString(await answer.text(), "text/html").body;
        if (answer.ok) { place.replaceChildren(...said.childNodes); announce([place.textContent.trim()]); place.closest("details").querySelector("summary").focus(); }
        else place.querySelector("[data-sy-refused]").textContent = (said.querySelector(".sy-band__title") ?? said).textContent.trim();
      } catch { /* offline: the words stay in the field */ }
    }
    for (const name of ["surface", "reply_to", "branch", "party", "emergency", (box.dataset.when ?? "").split("|")[0]].filter(Boolean)) {
      const field = form?.elements[name];
      for (const one of field instanceof RadioNodeList ? field : [field].filter(Boolean)) one.addEventListener("change", check);
    }
    // At the click: once a form is being submitted, it is not submitted again for a while.
    form?.addEventListener("click", (event) => {
      if (!event.target.closest?.("[data-sy-held]")) return;
      event.preventDefault();
      if (held.get(form)?.keys().next().value !== box) return;
      our(".sy-verdict")?.scrollIntoView({ block: "nearest" });
      const place = our("[data-sy-told]");
      if (place) { place.textContent = ""; setTimeout(() => announce([our(".sy-verdict__title")?.textContent]), 50); }
    }, true);
    if (our(".sy-verdict")) told(null); else draw();
    if (area.value.trim() && !our(".sy-verdict")) check();
  }

  /* ── templates: those that go by the way that is chosen ── */
  function shelf(box) {
    const select = box.querySelector("select[name=template]"), chooser = box.dataset.syTemplates;
    const fields = chooser && select.form?.elements[chooser];
    if (!fields) return;
    function fit() {
      const way = fields.value;
      for (const option of select.options) {
        const fits = !option.value || !way || !option.dataset.fits || option.dataset.fits.split(" ").includes(way);
        option.hidden = option.disabled = !fits;
        if (!fits && option.selected) select.value = "";
      }
      for (const group of select.querySelectorAll("optgroup")) group.hidden = all("option", group).every((option) => option.hidden);
    }
    for (const one of fields instanceof RadioNodeList ? fields : [fields]) one.addEventListener("change", fit);
    fit();
  }

  const start = () => { all("[data-sy-guarded]", document).forEach(guarded); all("[data-sy-templates]", document).forEach(shelf); };
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start); else start();
})();
