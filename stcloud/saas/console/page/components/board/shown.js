// Brings what was opened before the eyes, and the keyboard to it.

/**
 * @param {HTMLElement | null} heading of what was opened; it can be focused
 */
export function show(heading) {
  if (!heading) return;
  heading.focus({ preventScroll: true });
  const { top, bottom } = heading.getBoundingClientRect();
  if (top < 0 || bottom > window.innerHeight * 0.8) heading.scrollIntoView({ block: "start" });
}
