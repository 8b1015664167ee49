/* Suyuan 溯源. A board to sign on: strokes are kept in the hidden field, so that a refusal loses nothing. */
(() => {
  "use strict";

  const WIDE = 1000, HIGH = 320, MOST = 8000;

  for (const box of document.querySelectorAll("[data-sy-sign]")) {
    const field = box.querySelector("input[type=hidden]"), board = box.querySelector("[data-sy-sign-board]");
    const canvas = board.querySelector("canvas"), pen = canvas.getContext("2d");
    if (!pen) continue;
    let strokes = [], current = null;
    try { strokes = JSON.parse(field.value || "[]"); } catch { strokes = []; }
    if (!Array.isArray(strokes)) strokes = [];

    const draw = () => {
      pen.clearRect(0, 0, WIDE, HIGH);
      pen.lineWidth = 5; pen.lineCap = "round"; pen.lineJoin = "round";
      pen.strokeStyle = getComputedStyle(canvas).color;
      for (const stroke of strokes) {
        pen.beginPath();
        stroke.forEach(([x, y], n) => (n ? pen.lineTo(x, y) : pen.moveTo(x, y)));
        if (stroke.length === 1) pen.lineTo(stroke[0][0] + 0.1, stroke[0][1]);
        pen.stroke();
      }
    };
    const place = (event) => {
      const face = canvas.getBoundingClientRect();
      const part = (at, from, length, most) => Math.round(Math.min(1, Math.max(0, (at - from) / length)) * most);
      return [part(event.clientX, face.left, face.width, WIDE), part(event.clientY, face.top, face.height, HIGH)];
    };
    const keep = () => { field.value = strokes.length ? JSON.stringify(strokes) : ""; };
    const full = () => strokes.reduce((sum, stroke) => sum + stroke.length, 0) >= MOST;

    canvas.addEventListener("pointerdown", (event) => {
      if (event.button || full()) return;
      event.preventDefault();
      canvas.setPointerCapture(event.pointerId);
      current = [place(event)];
      strokes.push(current);
      draw();
    });
    canvas.addEventListener("pointermove", (event) => {
      if (!current || full()) return;
      for (const each of event.getCoalescedEvents?.() ?? [event]) {
        const [x, y] = place(each), last = current[current.length - 1];
        if (last[0] !== x || last[1] !== y) current.push([x, y]);
      }
      draw();
    });
    const lift = () => { if (current) { current = null; keep(); } };
    canvas.addEventListener("pointerup", lift);
    canvas.addEventListener("pointercancel", lift);
    board.querySelector("[data-sy-sign-clear]").addEventListener("click", () => { strokes = []; keep(); draw(); });

    board.hidden = false;
    box.querySelector("[data-sy-sign-else]").hidden = true;
    draw();
  }
})();
