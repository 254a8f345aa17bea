// The documentation page: reads /openapi.json and draws it. Nothing is loaded from elsewhere, no text becomes markup,
// and what is typed into the page leaves it only with a request that the reader sends.
"use strict";

const METHODS = ["get", "post", "put", "patch", "delete", "head", "options", "trace"];
const DEEPEST_SCHEMA = 6;
const LONGEST_ANSWER = 200_000;

const page = Object.fromEntries(
  ["title", "version", "search", "token", "key", "index", "main", "notice"].map((id) => [
    id,
    document.getElementById(id),
  ]),
);
let api = null;

// Elements.

function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(name, value);
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== ""));
  return made;
}

/** Text with `code` in it. */
function inline(text) {
  return text
    .split(/(`[^`\n]+`)/)
    .map((part) =>
      part.length > 2 && part.startsWith("`") && part.endsWith("`") ? element("code", {}, part.slice(1, -1)) : part,
    );
}

/** Paragraphs and lists, as proto comments have them. */
function prose(text) {
  if (!text) return null;
  const blocks = text.split(/\n\s*\n/).map((block) => {
    const lines = block.split("\n");
    if (!lines.every((line) => /^\s*[-*] /.test(line))) return element("p", {}, inline(lines.join(" ")));
    return element(
      "ul",
      {},
      lines.map((line) => element("li", {}, inline(line.replace(/^\s*[-*] /, "")))),
    );
  });
  return element("div", { class: "prose" }, blocks);
}

function heading(text) {
  return element("h3", {}, text);
}

function copyable(pre) {
  const button = element("button", { type: "button" }, "Copy");
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(pre.textContent);
      button.textContent = "Copied";
    } catch {
      // A page without TLS has no clipboard: the text is selected instead, for the reader's own keys.
      getSelection().selectAllChildren(pre);
      button.textContent = "Selected";
    }
    setTimeout(() => (button.textContent = "Copy"), 1500);
  });
  return element("div", { class: "copyable" }, pre, button);
}

// Schemas.

function resolve(thing) {
  let found = thing;
  for (let hops = 0; found?.$ref && hops < 20; hops += 1) {
    const target = found.$ref
      .replace(/^#\//, "")
      .split("/")
      .reduce((at, part) => at?.[part.replaceAll("~1", "/").replaceAll("~0", "~")], api);
    const { $ref: _, ...beside } = found;
    found = { ...target, ...beside };
  }
  return found ?? {};
}

function refName(schema) {
  return schema?.$ref?.split("/").pop().split(".").pop() ?? "";
}

function typeName(schema) {
  const known = resolve(schema);
  if (known.type === "array") return `${typeName(known.items ?? {})}[]`;
  if (known.enum && !refName(schema)) return "enum";
  if (known.type === "object" && !known.properties && known.additionalProperties?.constructor === Object)
    return `map of ${typeName(known.additionalProperties)}`;
  if (known.anyOf)
    return known.anyOf
      .map((one) => typeName(one))
      .filter((name) => name !== "enum")
      .join(" | ");
  const type = [known.type ?? "any"].flat().join(" | ");
  const more = known.format ?? known.contentEncoding;
  return refName(schema) || (more ? `${type} (${more})` : type);
}

/** What the schema's fields are drawn from: the object itself, an array's items, a map's values. */
function inner(schema) {
  const known = resolve(schema);
  if (known.type === "array") return inner(known.items ?? {});
  if (known.additionalProperties?.constructor === Object) return inner(known.additionalProperties);
  return known;
}

function shownFields(known, hidden) {
  return Object.entries(known.properties ?? {}).filter(([, field]) => !resolve(field)[hidden]);
}

/** The fields of an object, those of nested objects folded up. `hidden` is readOnly for bodies, writeOnly for answers. */
function fieldList(schema, hidden, depth = 0) {
  const known = inner(schema);
  const fields = shownFields(known, hidden);
  if (!fields.length || depth > DEEPEST_SCHEMA) return null;
  return element(
    "ul",
    { class: "fields" },
    fields.map(([name, field]) => fieldRow(name, field, (known.required ?? []).includes(name), hidden, depth)),
  );
}

function fieldRow(name, schema, required, hidden, depth) {
  const known = resolve(schema);
  const row = element("li", {}, fieldHead(name, schema, required, known.deprecated), prose(known.description));
  const values = known.enum ?? resolve(known.items ?? {}).enum;
  if (values)
    row.append(element("div", { class: "values" }, ...commas(values.map((value) => element("code", {}, value)))));
  if (shownFields(inner(schema), hidden).length && depth < DEEPEST_SCHEMA) row.append(folded(schema, hidden, depth));
  return row;
}

function folded(schema, hidden, depth) {
  const details = element("details", {}, element("summary", {}, "fields"));
  details.addEventListener("toggle", () => details.append(fieldList(schema, hidden, depth + 1)), { once: true });
  return details;
}

function fieldHead(name, schema, required, deprecated) {
  return element(
    "div",
    { class: "head" },
    element("span", { class: "name" }, name),
    element("span", { class: "type" }, typeName(schema)),
    required ? element("span", { class: "flag required" }, "required") : null,
    deprecated ? element("span", { class: "flag" }, "deprecated") : null,
  );
}

function commas(parts) {
  return parts.flatMap((part, at) => (at ? [", ", part] : [part]));
}

/** A plausible value of a schema. */
function example(schema, hidden, above = []) {
  const name = schema?.$ref ?? "";
  const known = resolve(schema);
  if (known.examples?.length) return known.examples[0];
  if (known.default !== undefined) return known.default;
  if (known.enum) return known.enum.find((value) => !/_UNSPECIFIED$/.test(value)) ?? known.enum[0];
  if (known.anyOf) return example(known.anyOf[0], hidden, above);
  if (name && (above.includes(name) || above.length > DEEPEST_SCHEMA)) return known.type === "object" ? {} : null;
  const inside = name ? [...above, name] : above;
  const type = [known.type].flat()[0];
  if (type === "object") return exampleObject(known, hidden, inside);
  if (type === "array")
    return known.items && Object.keys(known.items).length ? [example(known.items, hidden, inside)] : [];
  return exampleScalar(known, type);
}

function exampleObject(known, hidden, above) {
  const made = {};
  const chosen = oneofLosers(known);
  for (const [name, field] of shownFields(known, hidden)) {
    if (!chosen.has(name) && !resolve(field).deprecated) made[name] = example(field, hidden, above);
  }
  if (known.additionalProperties?.constructor === Object)
    made[exampleKey(known.propertyNames)] = example(known.additionalProperties, hidden, above);
  return made;
}

/** All members of each oneof but its first. */
function oneofLosers(known) {
  const members = (known.allOf ?? []).map((choice) => (choice.oneOf ?? []).flatMap((one) => one.required ?? []));
  return new Set(members.flatMap((names) => names.slice(1)));
}

function exampleKey(names) {
  if (names?.enum) return names.enum[0];
  return names?.pattern ? "1" : "key";
}

function exampleScalar(known, type) {
  if (type === "boolean") return true;
  if (type === "integer" || type === "number") return 1;
  if (type === "null" || type === undefined) return null;
  if (known.format === "date-time") return "2026-01-31T12:00:00Z";
  if (known.format === "int64" || known.format === "uint64") return "1";
  return known.contentEncoding === "base64" ? "AAEC" : "text";
}

function asJson(value) {
  return JSON.stringify(value, null, 2);
}

// Operations.

function operations() {
  return Object.entries(api.paths ?? {}).flatMap(([path, item]) => [
    ...METHODS.filter((method) => item[method]).map((method) => ({
      method: method.toUpperCase(),
      path,
      says: item[method],
    })),
    ...Object.entries(item["x-transom-methods"] ?? {}).map(([method, says]) => ({ method, path, says })),
  ]);
}

function securityOf(operation) {
  const asked = operation.says.security ?? api.security ?? [];
  return asked.flatMap((requirement) => Object.entries(requirement));
}

function authFact(operation) {
  const asked = securityOf(operation);
  if (!asked.length) return "public";
  return asked
    .map(([name, scopes]) => {
      const kind = api.components?.securitySchemes?.[name]?.type === "apiKey" ? "API key" : "user token";
      return scopes.length ? `${kind} with ${scopes.join(", ")}` : kind;
    })
    .join(" or ");
}

function limitFact(limit) {
  const per = { 1: "second", 60: "minute", 3600: "hour", 86400: "day" }[limit.perS] ?? `${limit.perS} s`;
  const rate = limit.requests ? `${limit.requests} per ${per}` : "";
  const burst = limit.burst && limit.burst !== limit.requests ? `, ${limit.burst} at once` : "";
  return `${[limit.tier, rate].filter(Boolean).join(": ")}${burst}, by ${limit.by}`;
}

function facts(operation) {
  const says = operation.says;
  const found = [["Auth", authFact(operation)]];
  for (const limit of says["x-transom-rate-limit"] ?? []) found.push(["Limit", limitFact(limit)]);
  if (says["x-transom-stream"]) found.push(["Stream", says["x-transom-stream"]]);
  if (says["x-transom-timeout-s"]) found.push(["Timeout", `${says["x-transom-timeout-s"]} s`]);
  if (says["x-transom-max-body-bytes"])
    found.push(["Body", `up to ${says["x-transom-max-body-bytes"].toLocaleString("en")} bytes`]);
  if (says["x-transom-cache"]) found.push(["Cached", `${says["x-transom-cache"].ttlS} s`]);
  if (says["x-transom-idempotent"]) found.push(["Retry", "safe to repeat"]);
  if (says["x-transom-tool"]) found.push(["Tool", says["x-transom-tool"]]);
  found.push(["RPC", says["x-transom-rpc"] ?? says.operationId]);
  return element(
    "ul",
    { class: "facts" },
    found.map(([name, value]) => element("li", {}, element("b", {}, name), value)),
  );
}

function pathText(path) {
  return path
    .split(/(\{[^}]*\})/)
    .map((part) => (part.startsWith("{") ? element("span", { class: "variable" }, part) : part));
}

function card(operation) {
  const { method, path, says } = operation;
  const marks = [
    says["x-transom-stream"] ? "stream" : "",
    securityOf(operation).length ? "" : "public",
    says["x-transom-tool"] ? "tool" : "",
    says.deprecated ? "deprecated" : "",
  ].filter(Boolean);
  const details = element(
    "details",
    { class: `operation${says.deprecated ? " deprecated" : ""}`, id: says.operationId },
    element(
      "summary",
      {},
      element("span", { class: `verb badge ${method.toLowerCase()}` }, method),
      element("span", { class: "path" }, pathText(path)),
      element("span", { class: "words" }, inline(says.summary ?? "")),
      element(
        "span",
        { class: "marks" },
        marks.map((mark) => element("span", { class: "mark" }, mark)),
      ),
    ),
  );
  details.addEventListener("toggle", () => opened(details, operation));
  return details;
}

/** Draws a card when it is first opened: a large document would take seconds otherwise. */
function opened(details, operation) {
  if (!details.open) return;
  if (!details.querySelector(".body"))
    details.append(element("div", { class: "body" }, said(operation), tools(operation)));
  history.replaceState(null, "", `#${operation.says.operationId}`);
  markCurrent(operation.says.operationId);
}

function said(operation) {
  const { says } = operation;
  const parts = [prose(says.description ?? (says.summary ? `${says.summary}.` : "")), facts(operation)];
  const parameters = (says.parameters ?? []).map(resolve);
  for (const [place, title] of [
    ["path", "Path"],
    ["query", "Query"],
    ["header", "Headers"],
  ]) {
    const here = parameters.filter((parameter) => parameter.in === place);
    if (here.length) parts.push(heading(title), element("ul", { class: "fields" }, here.map(parameterRow)));
  }
  if (says.requestBody) parts.push(heading("Body"), ...requestBody(resolve(says.requestBody)));
  if (says["x-transom-message"])
    parts.push(heading("Messages to the server"), fieldList(says["x-transom-message"], "readOnly"));
  parts.push(heading("Responses"), ...Object.entries(says.responses ?? {}).map(responseRow));
  return element("div", { class: "said" }, parts);
}

function parameterRow(parameter) {
  const schema = parameter.schema ?? {};
  const known = resolve(schema);
  const values = known.enum ?? resolve(known.items ?? {}).enum;
  return element(
    "li",
    {},
    fieldHead(parameter.name, schema, parameter.required, parameter.deprecated),
    prose(parameter.description),
    values ? element("div", { class: "values" }, ...commas(values.map((value) => element("code", {}, value)))) : null,
  );
}

function requestBody(body) {
  const [type, media] = Object.entries(body.content ?? {})[0] ?? ["", {}];
  const types = Object.keys(body.content ?? {}).join(", ");
  return [
    prose(body.description),
    element("p", { class: "values" }, element("code", {}, types), ` ${typeName(media.schema ?? {})}`),
    type === "*/*" ? prose("Any bytes; the content type is passed on.") : fieldList(media.schema ?? {}, "readOnly"),
  ];
}

function responseRow([status, reference]) {
  const response = resolve(reference);
  const tone = /^[123]/.test(status) ? " good" : /^[45]/.test(status) ? " bad" : "";
  const row = element(
    "details",
    { class: "response" },
    element("summary", {}, element("span", { class: `status${tone}` }, status), inline(response.description ?? "")),
  );
  row.addEventListener("toggle", () => row.append(...responseParts(response)), { once: true });
  return row;
}

function responseParts(response) {
  const parts = [];
  const headers = Object.entries(response.headers ?? {});
  if (headers.length)
    parts.push(
      element(
        "ul",
        { class: "fields" },
        headers.map(([name, header]) =>
          element("li", {}, fieldHead(name, resolve(header).schema ?? {}), prose(resolve(header).description)),
        ),
      ),
    );
  const contents = Object.entries(response.content ?? {});
  const [, media] = contents[0] ?? ["", null];
  const schema = media?.schema ?? response["x-transom-message"];
  if (contents.length)
    parts.push(element("p", { class: "values" }, ...commas(contents.map(([type]) => element("code", {}, type)))));
  if (schema && Object.keys(schema).length)
    parts.push(
      ...[fieldList(schema, "writeOnly"), copyable(element("pre", {}, asJson(example(schema, "writeOnly"))))].filter(
        Boolean,
      ),
    );
  return parts.length ? parts : [element("p", { class: "values" }, "No body.")];
}

// Trying an operation.

function tools(operation) {
  const curl = element("pre", {});
  const form = buildForm(operation);
  const refresh = () => (curl.textContent = curlLine(operation, readForm(operation, form)));
  form.element.addEventListener("input", refresh);
  for (const credential of [page.token, page.key]) credential.addEventListener("input", refresh);
  refresh();
  const isSocket = operation.says["x-transom-stream"] === "bidi";
  return element(
    "div",
    { class: "tools" },
    heading(isSocket ? "WebSocket" : "curl"),
    copyable(curl),
    isSocket ? null : heading("Try it"),
    isSocket ? prose("Messages go both ways over one WebSocket, one JSON message per text frame.") : form.element,
    isSocket ? null : form.answer,
  );
}

function buildForm(operation) {
  const form = { inputs: new Map(), answer: element("div", { class: "answer", "aria-live": "polite" }) };
  const rows = (operation.says.parameters ?? [])
    .map(resolve)
    .map((parameter) => parameterInput(form, parameter, operation));
  const body = operation.says.requestBody ? bodyInput(form, resolve(operation.says.requestBody)) : null;
  const send = element("button", { type: "submit", class: "primary" }, "Send");
  const stop = element("button", { type: "button", disabled: true }, "Stop");
  form.element = element(
    "form",
    {},
    rows,
    body,
    acceptInput(form, operation),
    element("div", { class: "actions" }, send, stop),
  );
  form.element.addEventListener("submit", (event) => {
    event.preventDefault();
    sendRequest(operation, form, send, stop);
  });
  return form;
}

function labelled(name, required, input) {
  return element(
    "div",
    { class: "row" },
    element(
      "label",
      {},
      name,
      required ? element("span", { class: "required" }, " *") : null,
      element("span", { class: "visually-hidden" }, " value"),
    ),
    input,
  );
}

function parameterInput(form, parameter, operation) {
  const known = resolve(parameter.schema ?? {});
  const choices = known.enum ?? (known.type === "boolean" ? ["true", "false"] : null);
  const input = choices
    ? element(
        "select",
        {},
        element("option", { value: "" }, ""),
        choices.map((value) => element("option", { value }, value)),
      )
    : element("input", { placeholder: typeName(parameter.schema ?? {}), spellcheck: "false" });
  input.setAttribute("aria-label", `${operation.says.operationId} ${parameter.name}`);
  input.required = parameter.in === "path" && !parameter["x-transom-multi-segment"];
  form.inputs.set(parameter, input);
  return labelled(parameter.name, parameter.required, input);
}

function bodyInput(form, body) {
  const [type, media] = Object.entries(body.content ?? {})[0] ?? ["application/json", {}];
  form.type = type;
  if (type === "*/*") {
    form.file = element("input", { type: "file", "aria-label": "body" });
    return labelled("body", body.required, form.file);
  }
  form.body = element("textarea", { spellcheck: "false", "aria-label": "body" });
  form.body.value = asJson(example(media.schema ?? {}, "readOnly"));
  return form.body;
}

/** A choice of framings, where there is one. */
function acceptInput(form, operation) {
  const success = Object.entries(operation.says.responses ?? {}).find(([status]) => /^2/.test(status));
  const types = Object.keys(resolve(success?.[1])?.content ?? {}).filter((type) => type !== "*/*");
  form.accept = types[0] ?? "";
  if (types.length < 2) return null;
  const select = element(
    "select",
    { "aria-label": "Accept" },
    types.map((type) => element("option", { value: type }, type)),
  );
  select.value = types.includes("text/event-stream") ? "text/event-stream" : types[0];
  form.acceptInput = select;
  return labelled("Accept", false, select);
}

/** The request that the form describes. */
function readForm(operation, form) {
  let path = operation.path;
  const query = [];
  const headers = {};
  for (const [parameter, input] of form.inputs) {
    const text = input.value;
    if (parameter.in === "path")
      path = path.replace(`{${parameter.name}}`, text ? encodePath(text, parameter) : `{${parameter.name}}`);
    else if (parameter.in === "query" && text) query.push(...queryPairs(parameter, text));
    else if (text) headers[parameter.name] = text;
  }
  const accept = form.acceptInput?.value ?? form.accept;
  if (accept) headers.Accept = accept;
  if (form.body) headers["Content-Type"] = "application/json";
  Object.assign(headers, credentials(operation));
  const method = operation.method === "*" ? "POST" : operation.method;
  const body = form.body ? form.body.value : (form.file?.files?.[0] ?? null);
  return { method, url: `${path}${query.length ? `?${query.join("&")}` : ""}`, headers, body };
}

function encodePath(text, parameter) {
  const encoded = encodeURIComponent(text);
  return parameter["x-transom-multi-segment"] ? encoded.replaceAll("%2F", "/") : encoded;
}

/** A repeated parameter is typed with commas between its values. */
function queryPairs(parameter, text) {
  const values =
    resolve(parameter.schema ?? {}).type === "array" ? text.split(",").map((value) => value.trim()) : [text];
  return values.map((value) => `${encodeURIComponent(parameter.name)}=${encodeURIComponent(value)}`);
}

function credentials(operation) {
  const schemes = securityOf(operation).map(([name]) => api.components?.securitySchemes?.[name] ?? {});
  const headers = {};
  for (const scheme of schemes) {
    if (scheme.type === "apiKey" && scheme.in === "header") headers[scheme.name] = page.key.value || null;
    else headers.Authorization = page.token.value ? `Bearer ${page.token.value}` : null;
  }
  return headers;
}

function quoted(text) {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** The request as a line for a shell. Credentials stay out of it: what is pasted around must not hold them. */
function curlLine(operation, request) {
  const isSocket = operation.says["x-transom-stream"] === "bidi";
  const origin = isSocket ? location.origin.replace(/^http/, "ws") : location.origin;
  const streams = /event-stream|ndjson/.test(request.headers.Accept ?? "") ? " -N" : "";
  const method = request.method === "GET" ? "" : ` -X ${request.method}`;
  const words = [`${isSocket ? "websocat" : `curl${streams}${method}`} ${quoted(`${origin}${request.url}`)}`];
  for (const [name, value] of Object.entries(request.headers)) {
    if (name === "Authorization") words.push('-H "Authorization: Bearer $TOKEN"');
    else if (name === "X-API-Key") words.push('-H "X-API-Key: $API_KEY"');
    else if (!(name === "Accept" && value === "application/json")) words.push(`-H ${quoted(`${name}: ${value}`)}`);
  }
  if (typeof request.body === "string") words.push(`-d ${quoted(compact(request.body))}`);
  else if (operation.says.requestBody) words.push("-H 'Content-Type: application/octet-stream'", "--data-binary @file");
  return words.join(" \\\n  ");
}

function compact(text) {
  try {
    return JSON.stringify(JSON.parse(text));
  } catch {
    return text;
  }
}

async function sendRequest(operation, form, send, stop) {
  const { method, url, headers, body } = readForm(operation, form);
  const given = Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== null));
  const abort = new AbortController();
  stop.onclick = () => abort.abort();
  send.disabled = true;
  stop.disabled = false;
  const started = performance.now();
  const elapsed = () => `${Math.round(performance.now() - started)} ms`;
  const state = element("span", {}, "waiting…");
  const text = element("pre", { hidden: true });
  form.answer.replaceChildren(element("div", { class: "outcome" }, state));
  try {
    const response = await fetch(url, { method, headers: given, body, signal: abort.signal, redirect: "manual" });
    showHead(form.answer, response, elapsed(), state, text);
    await showBody(response, text, abort);
    state.textContent = elapsed();
  } catch (error) {
    state.textContent = abort.signal.aborted ? `stopped after ${elapsed()}` : `no answer: ${error.message}`;
  } finally {
    send.disabled = false;
    stop.disabled = true;
  }
}

function showHead(answer, response, time, state, text) {
  const isRedirect = response.type === "opaqueredirect";
  const status = element(
    "span",
    { class: `status ${response.ok || isRedirect ? "good" : "bad"}` },
    isRedirect ? "a redirect" : `${response.status} ${response.statusText}`,
  );
  const lines = [...response.headers].map(([name, value]) => `${name}: ${value}`).join("\n");
  state.textContent = time;
  answer.replaceChildren(
    element("div", { class: "outcome" }, status, state),
    element("details", {}, element("summary", {}, "Headers"), element("pre", {}, lines)),
    copyable(text),
  );
}

/** The body as it arrives; JSON is laid out when it is whole. */
async function showBody(response, text, abort) {
  if (!response.body) return;
  const isText = /json|text|xml|event-stream/.test(response.headers.get("Content-Type") ?? "text");
  let bytes = 0;
  const decoder = new TextDecoder();
  for (const reader = response.body.getReader(); ;) {
    const { done, value } = await reader.read();
    if (done) break;
    text.hidden = false;
    bytes += value.length;
    text.append(isText ? decoder.decode(value, { stream: true }) : "");
    if (!isText) text.textContent = `${bytes.toLocaleString("en")} bytes of ${response.headers.get("Content-Type")}`;
    if (bytes > LONGEST_ANSWER) {
      text.append("\n… the rest is not shown");
      abort.abort();
      return;
    }
  }
  try {
    text.textContent = asJson(JSON.parse(text.textContent));
  } catch {
    // A stream, or no JSON at all: it stays as it came.
  }
}

// The page as a whole.

function draw() {
  document.title = api.info?.title ?? "API documentation";
  page.title.textContent = api.info?.title ?? "API";
  page.version.textContent = api.info?.version ?? "";
  page.version.hidden = !api.info?.version;
  const all = operations();
  const declared = (api.tags ?? []).map((tag) => tag.name);
  const used = all.map((operation) => operation.says.tags?.[0] ?? "");
  for (const name of new Set([...declared, ...used])) {
    const mine = all.filter((operation) => (operation.says.tags?.[0] ?? "") === name);
    if (mine.length) drawGroup(name, mine);
  }
  page.notice.hidden = true;
}

function drawGroup(name, mine) {
  const tag = (api.tags ?? []).find((known) => known.name === name) ?? {};
  const title = name.replace(/([a-z])([A-Z])/g, "$1 $2").replace(/ Service$/, "") || "Routes";
  const section = element("section", { class: "group" }, element("h2", {}, title), prose(tag.description));
  const links = element("div", { class: "links" }, element("h2", {}, title));
  for (const operation of mine) {
    const drawn = card(operation);
    const link = indexLink(operation);
    drawn.searchText = link.searchText = searchText(operation);
    section.append(drawn);
    links.append(link);
  }
  page.main.append(section);
  page.index.append(links);
}

function indexLink(operation) {
  const { method, path, says } = operation;
  const short = method === "DELETE" ? "DEL" : method;
  return element(
    "a",
    {
      href: `#${says.operationId}`,
      class: says.deprecated ? "deprecated" : "",
      title: `${method} ${path}`,
      "data-id": says.operationId,
      onclick: () => reveal(says.operationId),
    },
    element("span", { class: `verb ${method.toLowerCase()}` }, short),
    element("span", { class: "words" }, lastName(says.operationId) || path),
  );
}

function lastName(id) {
  const name = (id ?? "").split(".").pop().replace(/_\d+$/, "");
  return name.replace(/([a-z])([A-Z])/g, (_, before, after) => `${before} ${after.toLowerCase()}`);
}

function searchText({ method, path, says }) {
  const names = (says.parameters ?? []).map((parameter) => resolve(parameter).name);
  return [
    method,
    path,
    says.summary,
    says.description,
    says.operationId,
    lastName(says.operationId),
    ...(says.tags ?? []),
    ...names,
  ]
    .join(" ")
    .toLowerCase();
}

/** Shows what has every word of the search. */
function filter() {
  const words = page.search.value.toLowerCase().split(/\s+/).filter(Boolean);
  const fits = (thing) => words.every((word) => thing.searchText.includes(word));
  for (const thing of document.querySelectorAll(".operation, nav a")) thing.hidden = !fits(thing);
  for (const group of document.querySelectorAll(".group, .links"))
    group.hidden = ![...group.querySelectorAll(".operation, a[data-id]")].some((thing) => !thing.hidden);
  page.notice.hidden = [...document.querySelectorAll(".operation")].some((thing) => !thing.hidden);
  page.notice.textContent = "No route has all of these words.";
}

function markCurrent(id) {
  for (const link of page.index.querySelectorAll("a")) link.classList.toggle("current", link.dataset.id === id);
}

function reveal(id) {
  const found = id ? document.getElementById(id) : null;
  if (!found?.classList.contains("operation")) return;
  found.open = true;
  found.scrollIntoView({ block: "start" });
}

async function start() {
  try {
    const response = await fetch("/openapi.json");
    if (!response.ok) throw new Error(`${response.status} ${response.statusText}`);
    api = await response.json();
  } catch (error) {
    page.notice.classList.add("failed");
    page.notice.textContent = `openapi.json cannot be read: ${error.message}`;
    return;
  }
  draw();
  reveal(decodeURIComponent(location.hash.slice(1)));
}

page.search.addEventListener("input", filter);
addEventListener("hashchange", () => reveal(decodeURIComponent(location.hash.slice(1))));
addEventListener("keydown", (event) => {
  if (event.key === "/" && !/^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement?.tagName ?? "")) {
    event.preventDefault();
    page.search.focus();
  } else if (event.key === "Escape" && document.activeElement === page.search) {
    page.search.value = "";
    filter();
  }
});
start();
