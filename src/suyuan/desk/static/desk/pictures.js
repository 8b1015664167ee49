/* Suyuan 溯源. Two pictures over each other, and areas drawn on a picture. Both pages work without this file. */
(() => {
  "use strict";

  /* ── before and after: a slider over both ──────────────────────────── */
  const pair = document.querySelector("[data-sy-compare]");
  const slide = document.querySelector("[data-sy-compare-slide]");
  if (pair && slide) {
    const range = slide.querySelector("input"), side = slide.querySelector("[data-sy-compare-side]");
    const move = () => {
      // Set through the object model: the page's policy allows no style in the markup.
      pair.style.setProperty("--at", `${range.value}%`);
      pair.style.setProperty("--face", `${pair.querySelector(".sy-dk-compare__face").offsetHeight}px`);
    };
    const over = (on) => {
      pair.classList.toggle("sy-dk-compare--over", on);
      range.disabled = !on;
      side.setAttribute("aria-pressed", String(!on));
      move();
    };
    range.addEventListener("input", move);
    window.addEventListener("resize", move);
    side.addEventListener("click", () => over(!pair.classList.contains("sy-dk-compare--over")));
    slide.hidden = false;
    over(true);
  }

  /* ── areas to be blacked out: dragged on the picture, kept in the table's fields ── */
  const board = document.querySelector("[data-sy-redact]");
  if (board) {
    const rows = Array.from(document.querySelectorAll("[data-sy-area]")), page = board.getAttribute("data-page");
    const field = (row, name) => row.querySelector(`[data-sy-${name}]`);
    const number = (row, name) => Number.parseFloat(field(row, name)?.value);
    const one = (value) => String(Math.round(value * 10) / 10);
    const place = (event) => {
      const box = board.getBoundingClientRect();
      const part = (at, from, length) => Math.min(100, Math.max(0, ((at - from) / length) * 100));
      return [part(event.clientX, box.left, box.width), part(event.clientY, box.top, box.height)];
    };
    const draw = () => {
      board.querySelectorAll(".sy-dk-redact__black").forEach((each) => each.remove());
      for (const row of rows) {
        const [x, y, width, height] = ["left", "top", "width", "height"].map((name) => number(row, name));
        if (!(width > 0 && height > 0) || (field(row, "page")?.value || page) !== page) continue;
        const black = document.createElementNS("http://www.w3.org/2000/svg", "rect");
        for (const [name, value] of Object.entries({ x, y, width, height, class: "sy-dk-redact__black" })) black.setAttribute(name, value);
        board.append(black);
      }
    };
    let start = null, row = null;
    const fill = ([x, y]) => {
      const left = Math.min(x, start[0]), top = Math.min(y, start[1]);
      const said = { left, top, width: Math.abs(x - start[0]), height: Math.abs(y - start[1]) };
      for (const [name, value] of Object.entries(said)) field(row, name).value = one(value);
      if (field(row, "page")) field(row, "page").value = page;
      draw();
    };
    board.addEventListener("pointerdown", (event) => {
      row = rows.find((each) => !field(each, "width").value);
      if (!row) return;
      event.preventDefault();
      board.setPointerCapture(event.pointerId);
      start = place(event);
    });
    board.addEventListener("pointermove", (event) => { if (start) fill(place(event)); });
    board.addEventListener("pointerup", (event) => {
      if (!start) return;
      fill(place(event));
      if (number(row, "width") < 0.5 || number(row, "height") < 0.5) { // a slip of the finger
        for (const name of ["left", "top", "width", "height"]) field(row, name).value = "";
        draw();
      }
      start = row = null;
    });
    for (const each of rows) each.addEventListener("input", draw);
  }
})();
