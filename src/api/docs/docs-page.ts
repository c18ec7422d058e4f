/** The reference page: the document of the API as one page of HTML that needs nothing but itself and its style. */
import type { OpenApiDocument, Operation } from '../../contracts/openapi/document-types.ts';
import { type Html, html, prose } from './html.ts';
import { operationArticle } from './operation-article.ts';
import { membersTable } from './schema-table.ts';

export function docsPage(document: OpenApiDocument): string {
  const operations = operationsOf(document);
  const sections = document.tags.map(({ name, description }) => {
    const own = operations.filter(({ operation }) => operation.tags.includes(name));
    return html`<section aria-labelledby="tag-${name}"><h2 id="tag-${name}">${name}</h2><p>${description}.</p>
${own.map(({ method, path, operation }) => operationArticle(method, path, operation))}</section>`;
  });
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${document.info.title}</title>
<link rel="stylesheet" href="/api/docs/style.css">
<script src="/api/docs/search.js" defer></script>
</head>
<body>
<a class="skip" href="#content">Skip to the operations</a>
<header><h1>${document.info.title} <small>${document.info.version}</small></h1>
<p>${prose(document.info.description)}</p>
<p>As a document for programs: <a href="/api/v1/openapi.json">openapi.json</a>.</p>
<h2>Who is asking</h2>
<p>Send <code>Authorization: Bearer &lt;key&gt;</code>. ${prose(document.components.securitySchemes['bearerAuth']?.['description'] ?? '')}
The examples below take the key from <code>JETMON_KEY</code>.</p>
</header>
<div class="columns">
<nav aria-label="Operations">
<p class="search" hidden><label for="search">Find</label> <input id="search" type="search" autocomplete="off"></p>
${document.tags.map(({ name }) => navigation(name, operations))}
<h3>More</h3><ul><li><a href="#errors">Errors</a></li><li><a href="#shapes">Shapes</a></li></ul>
<p id="found" role="status"></p>
</nav>
<main id="content">
${sections}
${errorsSection(document)}
${shapesSection(document)}
</main>
</div>
</body>
</html>
`.markup;
}

type Listed = { method: string; path: string; operation: Operation };

function operationsOf({ paths }: OpenApiDocument): Listed[] {
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
  );
}

function navigation(tag: string, operations: readonly Listed[]): Html {
  const own = operations.filter(({ operation }) => operation.tags.includes(tag));
  return html`<h3>${tag}</h3><ul>${own.map(
    ({
      method,
      path,
      operation,
    }) => html`<li><a href="#${operation.operationId}"><b class="method">${method}</b> ${path}</a></li>
`,
  )}</ul>`;
}

function errorsSection(document: OpenApiDocument): Html {
  const rows = Object.entries(document['x-jetmon-error-codes']).map(
    ([code, status]) => html`<tr><td><code>${code}</code></td><td>${status}</td></tr>
`,
  );
  return html`<section aria-labelledby="errors"><h2 id="errors">Errors</h2>
<p>A refusal is <a href="#shape-ErrorEnvelope">ErrorEnvelope</a>; its code is one of these, and stays what it is.</p>
<div class="wide"><table><thead><tr><th scope="col">Code</th><th scope="col">Status</th></tr></thead><tbody>
${rows}</tbody></table></div></section>`;
}

function shapesSection(document: OpenApiDocument): Html {
  const shapes = Object.entries(document.components.schemas).map(
    ([name, schema]) => html`<article id="shape-${name}"><h3>${name}</h3>
${schema.description === undefined ? null : html`<p>${prose(schema.description)}</p>`}${membersTable(schema)}</article>
`,
  );
  return html`<section aria-labelledby="shapes"><h2 id="shapes">Shapes</h2>${shapes}</section>`;
}
