// What makes the pages livelier; each works without it. No library, no request to anywhere but this server.
"use strict";

const live = document.getElementById("live");

function say(text, href) {
  live.replaceChildren();
  if (!text) return;
  const words = href ? Object.assign(document.createElement("a"), { href }) : document.createElement("span");
  words.textContent = text;
  live.append(words);
}

// Forms marked data-enhance are sent in the background; the page's <main> is replaced by that of the answer.
document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.matches("form[data-enhance]")) return;
  event.preventDefault();
  const button = event.submitter;
  if (button) button.disabled = true;
  const body = new URLSearchParams(new FormData(form, button));
  try {
    const answer = await fetch(form.action, { method: form.method, body, headers: { accept: "text/html" } });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.getElementById("main");
    if (!fresh) throw new Error("no page");
    const place = window.scrollY;
    document.getElementById("main").replaceWith(document.adoptNode(fresh));
    document.title = page.title;
    if (answer.redirected) history.replaceState(null, "", answer.url);
    window.scrollTo(0, place);
    // The button that had the focus is gone with the old page.
    if (document.activeElement === document.body) fresh.focus({ preventScroll: true });
    const told = fresh.querySelector("[data-told]");
    say(told ? told.textContent : "Done.");
    setTimeout(() => say(""), 6000);
    if (!answer.ok) fresh.focus();
  } catch {
    say("Overheard did not answer. Is it still running?");
    if (button) button.disabled = false;
  }
});

// A form that takes long says so meanwhile; a file that is too large is said before it is sent.
document.addEventListener("submit", (event) => {
  const skips = event.submitter?.value === "skip";
  if (event.target.dataset.busy && !skips) say(event.target.dataset.busy);
});
document.addEventListener("change", (event) => {
  const { most } = event.target.dataset;
  if (!most) return;
  const large = [...event.target.files].some((file) => file.size > Number(most));
  event.target.setCustomValidity(large ? `At most ${Number(most) / 1e6} MB are taken here. A larger list: overheard import contacts` : "");
  event.target.reportValidity();
});

// Keys: those that the buttons and links of a page name, each pressed once however long it is held.
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || event.target.closest("input, textarea, select")) return;
  // Space presses what has the focus, where that can be pressed.
  if (event.key === " " && event.target.closest("button, summary")) return;
  const wanted = document.querySelector(`main [data-key="${CSS.escape(event.key)}"]`);
  if (wanted) { event.preventDefault(); wanted.click(); }
});

// Keys: "/" to search, "j" and "k" from result to result.
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select")) return;
  if (event.key === "/") {
    const field = document.querySelector("input[type=search]");
    if (field) { event.preventDefault(); field.focus(); field.select(); }
  }
  if (event.key === "j" || event.key === "k") {
    const cards = [...document.querySelectorAll("main article[tabindex]")];
    const here = cards.indexOf(document.activeElement.closest("main article[tabindex]"));
    const next = cards[event.key === "j" ? here + 1 : Math.max(here - 1, 0)];
    if (next) { event.preventDefault(); next.focus(); next.scrollIntoView({ block: "nearest" }); }
  }
});

// Live: a page that names streams in data-live hears of what changes there.
const streams = document.body.dataset.live;
if (streams && "EventSource" in window) {
  const source = new EventSource("/events?streams=" + encodeURIComponent(streams));
  source.addEventListener("message", (event) => {
    document.dispatchEvent(new CustomEvent("overheard", { detail: JSON.parse(event.data) }));
  });
  window.addEventListener("pagehide", () => source.close());
}

// Activity: where something changed, the parts of the page are taken anew from the server, one fetch at a time.
let refreshing = false;
let again = false;
async function refresh() {
  if (refreshing) { again = true; return; }
  refreshing = true;
  try {
    const answer = await fetch(location.href, { headers: { accept: "text/html" } });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const part of document.querySelectorAll("[data-part]")) {
      const fresh = page.querySelector(`[data-part="${part.dataset.part}"]`);
      // What somebody reads, is at with mouse or keyboard, or has marked, stays as it is until they go on.
      const { top, bottom, height } = part.getBoundingClientRect();
      const read = part.matches(":hover") || (top < 0 && bottom > 0);
      const held = read || part.contains(document.activeElement) || document.getSelection().containsNode(part, true);
      if (!fresh || fresh.innerHTML === part.innerHTML) continue;
      if (held) { part.addEventListener("pointerleave", refresh, { once: true }); continue; }
      part.replaceWith(document.adoptNode(fresh));
      // What changed above the window must not move what is in it.
      if (bottom <= 0) window.scrollBy({ top: fresh.getBoundingClientRect().height - height, behavior: "instant" });
    }
  } catch {
    // The next event tries again.
  }
  setTimeout(() => { refreshing = false; if (again) { again = false; refresh(); } }, 1000);
}

// Search: how many incidents came since the page was made; the person decides when it moves.
let heardAt = null;
document.addEventListener("overheard", (event) => {
  if (event.detail.stream === "activity" && document.querySelector("[data-part]")) refresh();
  if (event.detail.stream === "documents") {
    if (heardAt === null || event.detail.incidents < heardAt) heardAt = event.detail.incidents;
    const fresh = event.detail.incidents - heardAt;
    if (fresh) say(`${fresh} new: show`, location.href);
  }
});
