"use strict";
// Keeps the timeline fresh without touching the form, and turns "Reply" into an answer in the same form.
const network = document.body.dataset.network;
const timeline = document.getElementById("timeline");
const notice = document.getElementById("fresh");
const form = document.getElementById("composer");
const text = document.getElementById("text");
const author = document.getElementById("author");
const replyTo = document.getElementById("reply_to");
const answering = document.getElementById("answering");
const kinds = document.getElementById("kinds");
const count = document.getElementById("count");
const EVERY_MS = 2000;
let tag = timeline.dataset.etag;
let failures = 0;

function ago(date) {
  const seconds = Math.max(0, (Date.now() - date) / 1000);
  if (seconds < 60) return "now";
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h`;
  return date.toLocaleDateString();
}

function tellTimes() {
  for (const time of timeline.querySelectorAll("time")) {
    const date = new Date(time.dateTime);
    time.textContent = ago(date);
    time.title = date.toLocaleString();
  }
}

function show(html) {
  const known = new Set([...timeline.querySelectorAll(".entry")].map((entry) => entry.id));
  // somebody on the way to a button in here must not lose it under the keyboard
  const focused = document.activeElement?.closest?.(".entry")?.id;
  const label = document.activeElement?.textContent;
  timeline.innerHTML = html;
  for (const entry of timeline.querySelectorAll(".entry")) {
    if (known.size && !known.has(entry.id)) entry.classList.add("new");
  }
  if (focused) {
    const acts = document.getElementById(focused)?.querySelectorAll(".act") ?? [];
    [...acts].find((act) => act.textContent === label)?.focus({ preventScroll: true });
  }
  tellTimes();
}

async function refresh() {
  try {
    const answer = await fetch(`/timeline?network=${network}`, { headers: { "If-None-Match": tag }, cache: "no-store" });
    if (answer.status === 200) {
      tag = answer.headers.get("etag");
      const html = await answer.text();
      const at = window.scrollY;
      show(html);
      window.scrollTo(0, at);
    }
    failures = 0;
  } catch {
    failures += 1;
  }
  notice.hidden = failures < 2;
  if (failures >= 2) notice.textContent = "The practice network does not answer. Is it still running?";
}

async function keepFresh() {
  if (!document.hidden) await refresh();
  setTimeout(keepFresh, EVERY_MS);
}

function answer(id, name) {
  replyTo.value = id;
  answering.hidden = !id;
  if (kinds) kinds.hidden = Boolean(id);
  tellLength();
  if (id) {
    document.getElementById("answering-text").textContent = `In answer to ${name}`;
    (author.value ? text : author).focus();
  }
}

function tellLength() {
  if (network !== "x") return;
  const privately = replyTo.value.startsWith("dm-") || (!replyTo.value && document.getElementById("kind").value === "message");
  if (privately) {
    count.textContent = "";
    return;
  }
  const used = [...text.value.normalize("NFC")].length;
  count.textContent = used > 280 ? `${used}: X shows the first 280` : "";
}

async function post(event) {
  event.preventDefault();
  const button = form.querySelector(".primary");
  button.disabled = true;
  try {
    const answer = await fetch("/post", { method: "POST", body: new URLSearchParams(new FormData(form)) });
    const problem = new URL(answer.url).searchParams.get("problem");
    let shown = form.querySelector(".problem");
    if (problem) {
      if (!shown) {
        shown = document.createElement("p");
        shown.className = "problem";
        shown.setAttribute("role", "alert");
        answering.after(shown);
      }
      shown.textContent = problem;
    } else {
      shown?.remove();
      text.value = "";
      answerNothing();
      tellLength();
      await refresh();
    }
  } catch {
    failures = 2;
    notice.hidden = false;
    notice.textContent = "Nothing was posted: the practice network does not answer. Your text is still here.";
  } finally {
    button.disabled = false;
  }
}

function answerNothing() {
  answer("", "");
}

timeline.addEventListener("click", (event) => {
  const reply = event.target.closest("[data-reply]");
  if (!reply) return;
  event.preventDefault();
  answer(reply.dataset.reply, reply.dataset.name);
});
timeline.addEventListener("submit", async (event) => {
  event.preventDefault();
  await fetch("/remove", { method: "POST", body: new URLSearchParams(new FormData(event.target)) });
  await refresh();
});
document.getElementById("answering-off").addEventListener("click", answerNothing);
form.addEventListener("submit", post);
text.addEventListener("input", tellLength);
kinds?.addEventListener("change", tellLength);
author.value ||= sessionStorage.getItem("author") ?? "";
author.addEventListener("change", () => sessionStorage.setItem("author", author.value));
if (kinds) kinds.hidden = Boolean(replyTo.value);
tellTimes();
setInterval(tellTimes, 15000);
setTimeout(keepFresh, EVERY_MS);
