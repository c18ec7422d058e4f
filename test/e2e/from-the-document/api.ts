/**
 * An API as its OpenAPI document tells of it, for a program that knows nothing else: operations are found by their id,
 * requests are built and replies are judged by what the document says. Imports nothing of the project.
 */
import { randomUUID } from 'node:crypto';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';

type Parameter = { name: string; in: 'path' | 'query' | 'header'; required: boolean };
type Media = { schema: object };
type Response = { content?: Record<string, Media>; 'x-jetmon-messages'?: Record<string, object> };

type Operation = {
  operationId: string;
  parameters: Parameter[];
  requestBody?: { required: boolean; content: Record<string, Media> };
  responses: Record<string, Response>;
  security: Record<string, string[]>[];
};

type Document = {
  openapi: string;
  servers: { url: string }[];
  paths: Record<string, Record<string, Operation>>;
  components: { securitySchemes: Record<string, { type: string; scheme: string }> };
};

/** Members of a request by the names that the document has for them. */
export type Given = Readonly<Record<string, string | number | boolean>>;
export type Asked = { params?: Given; query?: Given; body?: object };

// biome-ignore lint/suspicious/noExplicitAny: what a reply holds is known from the document, when the program runs
export type Json = any;

export type Message = { event: string; data: Json };

export type Api = {
  /** The body of the reply; undefined where there is none. Throws for a refusal, and for a reply that breaks the document. */
  call(operationId: string, asked?: Asked): Promise<Json>;
  /** Messages of a stream as they come, until `signal`. */
  follow(operationId: string, signal: AbortSignal): Promise<AsyncGenerator<Message, void>>;
  /** Replies and messages that were held against the document. */
  judged(): number;
};

const JSON_TYPE = 'application/json';
const DOCUMENT = 'document';
/** RFC 3339 in UTC with three decimals, as the description of the document says. */
const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/** Reads the document at `url`. `key` goes with every operation that wants one. */
export async function openApi(url: string, key: string): Promise<Api> {
  const document = (await (await fetch(url)).json()) as Document;
  if (!document.openapi.startsWith('3.1')) throw new Error(`${url} is OpenAPI ${document.openapi}`);
  const base = new URL(document.servers[0]?.url ?? '/', url).href.replace(/\/$/, '');
  const ajv = new Ajv2020({ strict: false, validateSchema: false });
  ajv
    .addFormat('int64', true)
    .addFormat('uri', URL.canParse)
    .addFormat('date', /^\d{4}-\d\d-\d\d$/);
  ajv.addFormat('date-time', INSTANT);
  ajv.addSchema(document, DOCUMENT);
  const validators = new Map<string, ValidateFunction>();
  let judged = 0;

  /** Throws where `value` is not what the schema at `steps` of the document says. */
  function require(value: unknown, what: string, steps: readonly string[]): void {
    const pointer = steps.map((step) => encodeURIComponent(step.replaceAll('~', '~0').replaceAll('/', '~1'))).join('/');
    const validate = validators.get(pointer) ?? ajv.compile({ $ref: `${DOCUMENT}#/${pointer}` });
    validators.set(pointer, validate);
    judged += 1;
    if (!validate(value)) throw new Error(`${what}: ${ajv.errorsText(validate.errors)}; ${JSON.stringify(value)}`);
  }

  function find(operationId: string) {
    for (const [path, methods] of Object.entries(document.paths)) {
      for (const [method, operation] of Object.entries(methods)) {
        if (operation.operationId === operationId) return { path, method, operation, at: ['paths', path, method] };
      }
    }
    throw new Error(`the document knows no operation ${operationId}`);
  }

  function headersFor({ parameters, security }: Operation, body: object | undefined): Record<string, string> {
    const [wanted] = security.flatMap((schemes) => Object.keys(schemes));
    const scheme = wanted === undefined ? null : document.components.securitySchemes[wanted];
    if (scheme !== null && scheme?.scheme !== 'bearer') throw new Error(`cannot sign in by ${wanted}`);
    const mayRepeat = parameters.some(({ in: place, name }) => place === 'header' && name === 'Idempotency-Key');
    return {
      ...(scheme === null ? {} : { authorization: `Bearer ${key}` }),
      ...(mayRepeat ? { 'idempotency-key': randomUUID() } : {}),
      ...(body === undefined ? {} : { 'content-type': JSON_TYPE }),
    };
  }

  async function send(operationId: string, { params = {}, query = {}, body }: Asked, signal?: AbortSignal) {
    const found = find(operationId);
    const { method, operation, at } = found;
    const path = found.path.replace(/\{(\w+)\}/g, (_, name: string) => String(given(params, name, operationId)));
    const search = new URLSearchParams();
    for (const name of Object.keys(query)) {
      if (!operation.parameters.some((each) => each.in === 'query' && each.name === name)) {
        throw new Error(`${operationId} takes no ${name}`);
      }
      search.set(name, String(given(query, name, operationId)));
    }
    if (body !== undefined) {
      require(body, `the body for ${operationId}`, [...at, 'requestBody', 'content', JSON_TYPE, 'schema']);
    }
    const response = await fetch(`${base}${path}${search.size === 0 ? '' : `?${search}`}`, {
      method: method.toUpperCase(),
      headers: headersFor(operation, body),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal === undefined ? {} : { signal }),
    });
    const status = operation.responses[response.status] === undefined ? 'default' : String(response.status);
    return { response, promised: operation.responses[status] ?? {}, at: [...at, 'responses', status] };
  }

  async function call(operationId: string, asked: Asked = {}): Promise<Json> {
    const { response, promised, at } = await send(operationId, asked);
    const text = await response.text();
    const what = `the reply to ${operationId} (${response.status})`;
    if (promised.content === undefined) {
      judged += 1;
      if (text !== '') throw new Error(`${what} has a body where none is promised: ${text}`);
      return undefined;
    }
    const body = JSON.parse(text) as Json;
    require(body, what, [...at, 'content', JSON_TYPE, 'schema']);
    if (!response.ok) throw new Error(`${operationId} was refused: ${body.error.code}, ${body.error.message}`);
    return body;
  }

  async function follow(operationId: string, signal: AbortSignal): Promise<AsyncGenerator<Message, void>> {
    const { response, promised, at } = await send(operationId, {}, signal);
    const kinds = promised['x-jetmon-messages'];
    if (!response.ok || response.body === null || kinds === undefined) throw new Error(`${operationId} is no stream`);
    return messagesOf(response.body, (message) => {
      if (kinds[message.event] === undefined) throw new Error(`the stream said ${message.event}, which nobody told of`);
      require(message.data, `the message ${message.event}`, [...at, 'x-jetmon-messages', message.event]);
    });
  }

  return { call, follow, judged: () => judged };
}

function given(members: Given, name: string, operationId: string): string | number | boolean {
  const value = members[name];
  if (value === undefined) throw new Error(`${operationId} wants ${name}`);
  return value;
}

/** Server-sent events whose data is one JSON document. */
async function* messagesOf(
  body: ReadableStream<Uint8Array>,
  judge: (message: Message) => void,
): AsyncGenerator<Message, void> {
  let text = '';
  for await (const chunk of body.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    const parts = text.split('\n\n');
    text = parts.pop() ?? '';
    for (const part of parts) {
      const fields = new Map(part.split('\n').map((line) => [line.split(':', 1)[0], line.replace(/^[^:]*: ?/, '')]));
      const data = fields.get('data');
      if (data === undefined) continue;
      const message = { event: fields.get('event') ?? 'message', data: JSON.parse(data) as Json };
      judge(message);
      yield message;
    }
  }
}
