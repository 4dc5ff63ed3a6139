// Single keys: each presses what carries it as data-key. Everything works without this file, by buttons.
"use strict";
(() => {
  const off = document.getElementById("keys-off");
  const text = document.getElementById("text");
  const remembered = "mentorwatch-keys-off";
  let sent = false;

  try { if (off) off.checked = localStorage.getItem(remembered) === "1"; } catch { /* storage is off: keys stay on */ }
  if (off) off.addEventListener("change", () => {
    try { localStorage.setItem(remembered, off.checked ? "1" : "0"); } catch { /* as above */ }
  });
  // A form is sent once; the server would know a second one by its number, and say so.
  document.addEventListener("submit", (event) => { if (sent) event.preventDefault(); sent = true; });
  // A page that comes back from the browser's memory may be used again.
  addEventListener("pageshow", () => { sent = false; });

  const writing = (element) => element instanceof HTMLTextAreaElement
    || (element instanceof HTMLInputElement && !["checkbox", "radio", "submit"].includes(element.type));

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.repeat || event.isComposing) return;
    if (event.key === "Escape" && text) {
      text.focus();
      return;
    }
    // Enter in a box would press the form's first button; there is none it could mean.
    if (event.key === "Enter" && document.activeElement instanceof HTMLInputElement && document.getElementById("note")) event.preventDefault();
    if (writing(document.activeElement) || (off && off.checked)) return;
    const pressed = [...document.querySelectorAll("[data-key]")].find((one) => one.dataset.key === event.key);
    if (!pressed || pressed.disabled) return;
    event.preventDefault();
    if (pressed.tagName === "TEXTAREA") pressed.focus();
    else if (pressed.type === "radio" && pressed.checked) pressed.checked = false;
    else if (event.key === "?") { document.getElementById("help").focus(); document.getElementById("help").scrollIntoView(); }
    else pressed.click();
  });
})();
