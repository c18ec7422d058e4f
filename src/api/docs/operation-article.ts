/** One operation of the reference page: an example that works, what it takes, and what it answers. */
import type { Operation, Parameter, Response } from '../../contracts/openapi/document-types.ts';
import type { JsonSchema } from '../../contracts/openapi/json-schema.ts';
import { curlOf, ownParameters, shownBody } from '../../contracts/openapi/shown-example.ts';
import { type Html, html, prose } from './html.ts';
import { type Member, memberList, membersOf, nameOf, notes, typeOf } from './member-list.ts';

/** `shapes`: what the document has under names, to show the members of a body where it is asked for. */
export type Shapes = Readonly<Record<string, JsonSchema>>;

export function operationArticle(method: string, path: string, operation: Operation, shapes: Shapes): Html {
  const { operationId, summary, description, responses } = operation;
  const parameters = ownParameters(operation);
  const scope = operation['x-jetmon-required-scope'];
  return html`<article id="${operationId}" data-find="${wordsOf(method, path, operation)}">
<h3><a href="#${operationId}">${summary}</a></h3>
<p class="call">${methodMark(method)} <code>${path}</code> <span class="scope">${scope === 'none' ? 'no key needed' : `scope ${scope}`}</span></p>
${description === undefined ? null : html`<p class="prose">${prose(description)}</p>`}
<div class="parts">
<div class="example">
<figure><figcaption>Request</figcaption><pre><code class="request">${curlOf(method, path, operation, { spread: true })}</code></pre></figure>
${exampleReply(responses)}
</div>
<div class="facts">
${parameters.length === 0 ? null : html`<h4>Parameters</h4>${memberList(parameters.map(memberOf))}`}
${bodyOf(operation, shapes)}
${successOf(responses)}
<h4>Errors</h4><ul class="errors">${refusalsOf(responses)}</ul>
</div>
</div>
</article>
`;
}

export function methodMark(method: string): Html {
  return html`<b class="method ${method.toLowerCase()}">${method}</b>`;
}

/** What the operation is found by. */
function wordsOf(method: string, path: string, { operationId, summary, description, tags }: Operation): string {
  return [method, path, operationId, summary, description ?? '', ...tags].join(' ').toLowerCase();
}

export function memberOf({ name, in: place, required, description, schema }: Parameter): Member {
  const told = description === undefined ? schema : { ...schema, description };
  return { name, type: typeOf(schema), marks: [place, ...(required ? ['required'] : [])], notes: notes(told) };
}

function bodyOf({ requestBody }: Operation, shapes: Shapes): Html | null {
  const schema = requestBody?.content['application/json']?.schema;
  if (schema === undefined) return null;
  const shape = schema.$ref === undefined ? schema : shapes[nameOf(schema.$ref)];
  const members = membersOf(shape ?? {});
  return html`<h4>Body</h4><p>${typeOf(schema)}${requestBody?.required === true ? '' : ', or nothing'}</p>
${members.length === 0 ? null : memberList(members)}`;
}

type Success = { status: string; type: string | undefined; response: Response | undefined };

function successIn(responses: Record<string, Response>): Success {
  const [status = '', response] = Object.entries(responses).find(([code]) => code.startsWith('2')) ?? [];
  const [type] = Object.keys(response?.content ?? {});
  return { status, type, response };
}

function successOf(responses: Record<string, Response>): Html {
  const { status, type, response } = successIn(responses);
  const media = type === undefined ? undefined : response?.content?.[type];
  const messages = Object.entries(response?.['x-jetmon-messages'] ?? {});
  const shape =
    media === undefined ? 'no body' : messages.length > 0 ? html`<code>${type ?? ''}</code>` : typeOf(media.schema);
  return html`<h4>Reply</h4><p>${status}: ${shape}</p>${
    messages.length === 0
      ? null
      : html`<ul>${messages.map(([name, schema]) => html`<li><code>event: ${name}</code>, <code>data</code>: ${typeOf(schema)}</li>`)}</ul>`
  }`;
}

function refusalsOf(responses: Record<string, Response>): Html[] {
  return Object.entries(responses).flatMap(([status, response]) => {
    const codes = response['x-jetmon-error-codes'];
    return codes === undefined
      ? []
      : [html`<li>${status}: ${codes.map((code, n) => [n === 0 ? '' : ', ', html`<code>${code}</code>`])}</li>`];
  });
}

/** The status stands above the body, so that what is copied is the body alone. */
function exampleReply(responses: Record<string, Response>): Html {
  const { status } = successIn(responses);
  const body = shownBody(responses);
  const caption = html`<figcaption>Reply <code>HTTP ${status}</code>${body === null ? ', no body' : null}</figcaption>`;
  const shown =
    body === null ? null : html`<pre tabindex="0" role="group" aria-label="Reply"><code>${body}</code></pre>`;
  return html`<figure>${caption}${shown}</figure>`;
}
