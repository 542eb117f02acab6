// The page: asks the server for posts in its OpenAI dialect and shows them as they are written.

import { readEvents } from "./events.js";
import { savePicture } from "./picture.js";

const COUNT = 10;
const RETRY_MS = 2000;
const $ = (id) => document.getElementById(id);
const form = $("ask"), select = $("persona"), posts = $("posts");

let persona = null; // what the server told of the chosen one
let running = null; // the AbortController of the ten that are being written

// ---- asking the server

async function call(path, options = {}) {
  const token = $("token").value.trim();
  const headers = { ...options.headers, ...(token && { Authorization: `Bearer ${token}` }) };
  const answer = await fetch(path, { ...options, headers });
  if (answer.ok) return answer;
  if (answer.status === 401) askForToken();
  throw new Error(await reason(answer));
}

async function reason(answer) {
  try {
    const body = await answer.json();
    return body.error?.message ?? body.message ?? `the server answers ${answer.status}`;
  } catch {
    return `the server answers ${answer.status}`;
  }
}

function askForToken() {
  $("token-field").hidden = false;
  $("token").focus();
}

async function* completions(model, prompt, n, signal) {
  const answer = await call("v1/completions", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ model, prompt, n, stream: true }),
    signal,
  });
  for await (const event of readEvents(answer.body)) {
    if (event.error) throw new Error(event.error.message);
    for (const choice of event.choices) yield { ...choice, model: event.model };
  }
}

function complain(error) {
  if (error?.name !== "AbortError") $("problem").textContent = sentence(error.message);
}

function sentence(text) {
  return text.charAt(0).toUpperCase() + text.slice(1) + (/[.!?]$/.test(text) ? "" : ".");
}

// ---- personas

async function findPersonas() {
  try {
    const { personas } = await (await call("page/personas")).json();
    $("problem").textContent = "";
    if (personas.length) return showPersonas(personas);
    select.options[0].textContent = "No persona is here yet…";
  } catch (error) {
    complain(error);
  }
  setTimeout(findPersonas, RETRY_MS);
}

function showPersonas(personas) {
  select.replaceChildren(...personas.map((one) => new Option(one.title, one.name)));
  const wanted = new URLSearchParams(location.search).get("persona") ?? decodeURIComponent(location.hash.slice(1));
  if (personas.some((one) => one.name === wanted)) select.value = wanted;
  select.disabled = false;
  choosePersona();
}

async function choosePersona() {
  running?.abort();
  const name = select.value;
  persona = null;
  $("write").disabled = true;
  $("about").hidden = true;
  try {
    const found = await (await call(`page/personas/${encodeURIComponent(name)}`)).json();
    if (name !== select.value) return; // another was chosen meanwhile
    persona = found;
    history.replaceState(null, "", `?persona=${encodeURIComponent(name)}`); // its link shows its picture
    $("problem").textContent = "";
    $("write").disabled = false;
    showAbout();
  } catch (error) {
    complain(error);
  }
}

function showAbout() {
  $("about").hidden = false;
  $("card").hidden = !persona.card;
  $("card-text").innerHTML = persona.card; // made from Markdown by the server, which escapes HTML
  $("counts").hidden = !persona.counts.rows.length;
  const head = row("th", ["", ...persona.counts.columns], "col");
  const rows = persona.counts.rows.map(([name, ...numbers]) => {
    const line = row("td", numbers.map((number) => number.toLocaleString("en")));
    line.prepend(cell("th", name, "row"));
    return line;
  });
  const table = $("counts-table");
  table.replaceChildren(table.createTHead(), table.createTBody());
  table.tHead.replaceChildren(head);
  table.tBodies[0].replaceChildren(...rows);
}

function row(tag, texts, scope) {
  const line = document.createElement("tr");
  line.append(...texts.map((text) => cell(tag, text, text && scope)));
  return line;
}

function cell(tag, text, scope) {
  const made = document.createElement(text || scope ? tag : "td");
  made.textContent = text;
  if (scope) made.scope = scope;
  return made;
}

// ---- posts

function addPost(number, prompt) {
  const post = $("post").content.firstElementChild.cloneNode(true);
  post.dataset.prompt = prompt;
  post.persona = persona;
  post.querySelector("article").setAttribute("aria-label", `Post ${number}`);
  post.querySelector(".name b").textContent = persona.title;
  showModel(post, `${persona.name}@${persona.version}`);
  showFace(post.querySelector(".face"));
  for (const button of post.querySelectorAll("button")) {
    button.setAttribute("aria-label", `${button.textContent.trim()}: post ${number}`);
  }
  begin(post);
  posts.append(post);
  return post;
}

function showModel(post, model) { // a new version may have begun to answer since the page was opened
  post.dataset.model = model;
  post.querySelector(".handle").textContent = model;
}

function showFace(face) {
  if (persona.picture) face.style.backgroundImage = `url("${persona.picture}")`;
  else face.textContent = [...persona.title][0]?.toUpperCase() ?? "?";
}

function begin(post) {
  post.setAttribute("aria-busy", "true");
  post.querySelector(".begun").textContent = post.dataset.prompt;
  post.querySelector(".written").textContent = "";
  for (const button of post.querySelectorAll("button")) button.disabled = true;
}

function finish(post) {
  post.setAttribute("aria-busy", "false");
  for (const button of post.querySelectorAll("button")) button.disabled = false;
}

function textOf(post) {
  return post.dataset.prompt + post.querySelector(".written").textContent;
}

async function writeInto(list, signal, onFinish) {
  const [{ persona: { name }, dataset: { prompt } }] = list;
  for await (const choice of completions(name, prompt, list.length, signal)) {
    const post = list[choice.index];
    showModel(post, choice.model);
    post.querySelector(".written").append(choice.text);
    if (choice.finish_reason) {
      finish(post);
      onFinish();
    }
  }
}

async function writeTen(event) {
  event.preventDefault();
  running?.abort();
  if (!persona) return choosePersona();
  running = new AbortController();
  const { signal } = running;
  const prompt = $("start").value.trimEnd();
  posts.replaceChildren();
  $("nothing").hidden = true;
  $("problem").textContent = "";
  const list = Array.from({ length: COUNT }, (_, index) => addPost(index + 1, prompt));
  let done = 0;
  report("Writing ten posts…");
  try {
    await writeInto(list, signal, () => {
      done += 1;
      report(done < COUNT ? `${done} of ${COUNT} written` : "Ten posts written");
    });
  } catch (error) {
    complain(error);
    if (posts.contains(list[0])) report("");
  }
  for (const post of list) post.getAttribute("aria-busy") === "true" && giveUp(post);
}

function giveUp(post) {
  if (post.querySelector(".written").textContent) finish(post);
  else post.remove();
  $("nothing").hidden = posts.children.length > 0;
}

async function writeAgain(post, number) {
  const before = post.querySelector(".written").textContent;
  const button = post.querySelector('[data-do="again"]');
  begin(post);
  report(`Writing post ${number} again…`);
  try {
    await writeInto([post], undefined, () => {});
    report(`Post ${number} written again`);
  } catch (error) {
    post.querySelector(".written").textContent = before;
    complain(error);
  }
  finish(post);
  button.focus();
}

function label(post) {
  return `${post.persona.title}, AI bot (${post.dataset.model})`;
}

async function copy(post, number) {
  const text = `${textOf(post)}\n\n— written by ${label(post)}`;
  try {
    await navigator.clipboard.writeText(text);
  } catch { // without https there is no clipboard but this one
    const box = document.body.appendChild(document.createElement("textarea"));
    box.value = text;
    box.select();
    document.execCommand("copy");
    box.remove();
  }
  report(`Post ${number} copied, with its label`);
}

async function picture(post, number) {
  const { prompt, model } = post.dataset;
  await savePicture({ text: textOf(post), begun: prompt.length, persona: post.persona, model });
  report(`Post ${number} saved as a picture`);
}

function report(text) {
  $("progress").textContent = text;
}

posts.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  const post = button.closest(".post");
  const number = [...posts.children].indexOf(post) + 1;
  ({ again: writeAgain, copy, picture })[button.dataset.do](post, number)?.catch?.(complain);
});
select.addEventListener("change", choosePersona);
form.addEventListener("submit", writeTen);
$("token").addEventListener("change", findPersonas);
findPersonas();
