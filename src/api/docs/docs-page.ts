/** The reference page: the document of the API as one page of HTML that needs nothing but itself and its files. */
import type { OpenApiDocument, Operation } from '../../contracts/openapi/document-types.ts';
import { type Html, html, prose } from './html.ts';
import { memberList, membersOf, typeOf } from './member-list.ts';
import { memberOf, methodMark, operationArticle } from './operation-article.ts';

/** What paths begin with tells nothing in a list of them. */
const COMMON = '/api/v1';

type Listed = { method: string; path: string; operation: Operation };

export function docsPage(document: OpenApiDocument): string {
  const operations = operationsOf(document);
  const { schemas } = document.components;
  const sections = document.tags.map(({ name, description }) => {
    const own = operations.filter(({ operation }) => operation.tags.includes(name));
    return html`<section aria-labelledby="tag-${name}"><h2 id="tag-${name}">${name}</h2><p class="prose">${description}.</p>
${own.map(({ method, path, operation }) => operationArticle(method, path, operation, schemas))}</section>
`;
  });
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${document.info.title}</title>
<link rel="icon" type="image/svg+xml" href="/api/docs/icon.svg">
<link rel="stylesheet" href="/api/docs/style.css">
<script src="/api/docs/page.js" defer></script>
</head>
<body>
<a class="skip" href="#content">Skip to the operations</a>
<p class="bar"><button type="button" popovertarget="index">Operations</button> ${document.info.title}</p>
${indexOf(document, operations)}
<main>
${preface(document)}
<div id="content" tabindex="-1">
${sections}
${errorsSection(document)}
${shapesSection(document)}
</div>
</main>
<p id="told" class="heard" role="status"></p>
</body>
</html>
`.markup;
}

/** As people look for them: what is done to many comes last, and what only looks comes first. */
const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];

function operationsOf({ paths }: OpenApiDocument): Listed[] {
  const listed = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods)
      .map(([method, operation]) => ({ method: method.toUpperCase(), path, operation }))
      .sort((one, other) => METHODS.indexOf(one.method) - METHODS.indexOf(other.method)),
  );
  return listed.sort((one, other) => Number(isBulk(one)) - Number(isBulk(other)));
}

function isBulk({ path }: Listed): boolean {
  return path.startsWith(`${COMMON}/bulk/`);
}

function preface({ info, components }: OpenApiDocument): Html {
  return html`<header><h1>${info.title} <small>${info.version}</small></h1>
<p class="prose">${prose(info.description)}</p>
<h2 id="authentication">Authentication</h2>
<p class="prose">Send <code>Authorization: Bearer &lt;key&gt;</code>. ${prose(components.securitySchemes['bearerAuth']?.['description'] ?? '')}
The examples take the key from <code>JETMON_KEY</code>, and show the ids of one server: yours has its own.</p>
<h3>For a gateway</h3>
<p class="prose">Operations that a tenant may call take these headers from the key of a gateway.</p>
${memberList(Object.values(components.parameters).map(memberOf))}
<p>For programs: <a href="/api/v1/openapi.json">openapi.json</a>. For people: <a href="/">the dashboard</a>.</p>
</header>`;
}

/** Beside the page where there is room; elsewhere it opens above it. */
function indexOf(document: OpenApiDocument, operations: readonly Listed[]): Html {
  const shapes = Object.keys(document.components.schemas);
  return html`<nav id="index" popover aria-label="Operations">
<p class="search" hidden><label for="search">Find</label> <input id="search" type="search" autocomplete="off" spellcheck="false"><span id="found" role="status"></span></p>
${document.tags.map(({ name }) => links(name, operations))}
<div class="group"><h3>More</h3><ul><li><a href="#authentication">Authentication</a></li><li><a href="#errors">Errors</a></li></ul></div>
<div class="group"><h3><a href="#shapes">Shapes</a></h3><ul>${shapes.map((name) => html`<li><a href="#shape-${name}">${name}</a></li>`)}</ul></div>
</nav>`;
}

function links(tag: string, operations: readonly Listed[]): Html {
  const own = operations.filter(({ operation }) => operation.tags.includes(tag));
  return html`<div class="group"><h3><a href="#tag-${tag}">${tag}</a></h3><ul>${own.map(
    ({ method, path, operation }) =>
      html`<li><a href="#${operation.operationId}" title="${operation.summary}">${methodMark(method)} <span>${breakable(path.replace(COMMON, ''))}</span></a></li>
`,
  )}</ul></div>
`;
}

/** Long paths break before a segment, not within one. */
function breakable(path: string): Html {
  return html`${path.split('/').map((segment, n) => (n === 0 ? segment : html`<wbr>/${segment}`))}`;
}

function errorsSection(document: OpenApiDocument): Html {
  const rows = Object.entries(document['x-jetmon-error-codes']).map(
    ([code, status]) => html`<tr data-find="${code} ${status}"><td><code>${code}</code></td><td>${status}</td></tr>
`,
  );
  return html`<section aria-labelledby="errors"><h2 id="errors">Errors</h2>
<p class="prose">A refusal is <a href="#shape-ErrorEnvelope">ErrorEnvelope</a>; its code is one of these, and stays what it is.</p>
<table><thead><tr><th scope="col">Code</th><th scope="col">Status</th></tr></thead><tbody>
${rows}</tbody></table></section>`;
}

function shapesSection(document: OpenApiDocument): Html {
  const shapes = Object.entries(document.components.schemas).map(([name, schema]) => {
    const members = membersOf(schema);
    return html`<article id="shape-${name}" class="shape" data-find="${name.toLowerCase()}"><h3><a href="#shape-${name}">${name}</a></h3>
${schema.description === undefined ? null : html`<p class="prose">${prose(schema.description)}</p>`}${members.length === 0 ? html`<p>${typeOf(schema)}</p>` : memberList(members)}</article>
`;
  });
  return html`<section aria-labelledby="shapes"><h2 id="shapes">Shapes</h2>${shapes}</section>`;
}
