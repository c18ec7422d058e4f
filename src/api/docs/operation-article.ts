/** One operation of the reference page: what it takes, what it answers, and an example that works. */
import type { Operation, Parameter, Response } from '../../contracts/openapi/document-types.ts';
import { curlOf, shownReply } from '../../contracts/openapi/shown-example.ts';
import { type Html, html, prose } from './html.ts';
import { notes, typeOf } from './schema-table.ts';

export function operationArticle(method: string, path: string, operation: Operation): Html {
  const { operationId, summary, description, requestBody, responses } = operation;
  const scope = operation['x-jetmon-required-scope'];
  const body = requestBody?.content['application/json'];
  return html`<article id="${operationId}" data-find="${`${method} ${path} ${operationId} ${summary}`.toLowerCase()}">
<h3><a href="#${operationId}">${summary}</a></h3>
<p class="call"><b class="method">${method}</b> <code>${path}</code> <span class="scope">${scope === 'none' ? 'open to everyone' : `scope ${scope}`}</span></p>
${description === undefined ? null : html`<p>${prose(description)}</p>`}
${parametersTable(operation.parameters)}
${body === undefined ? null : html`<h4>Body</h4><p>${typeOf(body.schema)}${requestBody?.required === true ? '' : ', or nothing'}</p>`}
${successOf(responses)}
<h4>Errors</h4><ul class="errors">${refusalsOf(responses)}</ul>
<h4>Example</h4>
<pre tabindex="0" aria-label="Request"><code>${curlOf(method, path, operation)}</code></pre>
${exampleReply(responses)}
</article>
`;
}

function parametersTable(parameters: readonly Parameter[]): Html | null {
  if (parameters.length === 0) return null;
  const rows = parameters.map(
    ({
      name,
      in: place,
      required,
      description,
      schema,
    }) => html`<tr><td><code>${name}</code></td><td>${place}${required ? ', required' : ''}</td><td>${typeOf(schema)}</td><td>${notes(description === undefined ? schema : { ...schema, description })}</td></tr>
`,
  );
  return html`<h4>Parameters</h4><div class="wide"><table><thead><tr><th scope="col">Name</th><th scope="col">In</th><th scope="col">Type</th><th scope="col">Meaning</th></tr></thead><tbody>
${rows}</tbody></table></div>`;
}

function successOf(responses: Record<string, Response>): Html {
  const [status = '', response] = Object.entries(responses).find(([code]) => code.startsWith('2')) ?? [];
  const [type, media] = Object.entries(response?.content ?? {})[0] ?? [];
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

function exampleReply(responses: Record<string, Response>): Html {
  const text = shownReply(responses);
  return html`<pre tabindex="0" aria-label="Reply"><code>${text}</code></pre>`;
}
