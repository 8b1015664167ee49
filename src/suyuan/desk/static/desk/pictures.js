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
})();
