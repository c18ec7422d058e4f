/** Holds a reply against what the document promises of it. */
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import type { OpenApiDocument } from '../../src/contracts/openapi/document-types.ts';
import type { DrawnRequest } from './draw-request.ts';
import { type PromisedOperation, promisedBy } from './promised.ts';
import type { SentReply } from './send.ts';

export type Trouble = {
  kind: 'server_error' | 'schema_break' | 'auth_break' | 'canary';
  what: string;
};

/** Whoever asks. */
export type Caller = {
  name: string;
  /** What goes with its requests, such as `authorization`. */
  headers: Readonly<Record<string, string>>;
  /** Whether its key is enough for an operation. */
  may(operation: Pick<PromisedOperation, 'operationId' | 'scope'>): boolean;
  /** Texts of others and secrets, none of which may be in any reply to it. */
  mustNotSee: readonly string[];
  /** A text that stands in what is its own; null: nothing is. */
  own: string | null;
};

export type Judge = (request: DrawnRequest, caller: Caller, reply: SentReply) => Trouble[];

const URI = 'api';
const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

export function createJudge(document: OpenApiDocument): Judge {
  const { codes } = promisedBy(document);
  const ajv = new Ajv2020({ strict: false, validateSchema: false });
  ajv.addFormat('int64', true);
  ajv.addFormat('uri', (text: string) => URL.canParse(text));
  ajv.addFormat('date', /^\d{4}-\d\d-\d\d$/);
  ajv.addFormat('date-time', (text: string) => INSTANT.test(text) && !Number.isNaN(Date.parse(text)));
  ajv.addSchema(closed(document) as object, URI);
  const compiled = new Map<string, ValidateFunction>();

  function validatorFor({ path, method }: PromisedOperation, status: string, type: string): ValidateFunction {
    const steps = ['paths', path, method.toLowerCase(), 'responses', status, 'content', type, 'schema'];
    const pointer = steps.map((step) => encodeURIComponent(step.replaceAll('~', '~0').replaceAll('/', '~1'))).join('/');
    const known = compiled.get(pointer) ?? ajv.compile({ $ref: `${URI}#/${pointer}` });
    compiled.set(pointer, known);
    return known;
  }

  function breaksOf({ operation, isPlainPath }: DrawnRequest, reply: SentReply): string | null {
    const status = String(reply.status);
    // Another path was asked than the one of the operation: only the shape of refusals is promised.
    const promised = operation.responses[status] ?? (isPlainPath ? undefined : operation.responses['default']);
    if (promised === undefined) return `status ${status} is not promised`;
    if (!/^[0-9a-f]{32}$/.test(reply.headers['x-request-id'] ?? '')) return 'there is no X-Request-Id';
    const [type] = Object.keys(promised.content ?? {});
    if (type === undefined) return reply.text === '' ? null : 'there is a body where none is promised';
    if (!(reply.headers['content-type'] ?? '').startsWith(type))
      return `it is ${reply.headers['content-type']}, not ${type}`;
    if (type !== 'application/json') return null;
    const body = parsed(reply.text);
    const validate = validatorFor(operation, operation.responses[status] === undefined ? 'default' : status, type);
    if (!validate(body)) return ajv.errorsText(validate.errors, { dataVar: 'reply' });
    return reply.status < 400 || !isPlainPath ? null : codeBreak(body, promised['x-jetmon-error-codes'] ?? []);
  }

  function codeBreak(body: unknown, promised: readonly string[]): string | null {
    const { code } = (body as { error: { code: string } }).error;
    if (!codes.has(code)) return `${code} is in no catalogue`;
    return promised.includes(code) ? null : `${code} is not among the codes of the operation`;
  }

  return (request, caller, reply) => {
    const troubles: Trouble[] = [];
    if (reply.status >= 500) troubles.push({ kind: 'server_error', what: `status ${reply.status}` });
    const broken = breaksOf(request, reply);
    if (broken !== null) troubles.push({ kind: 'schema_break', what: broken });
    const admitted = request.isPlainPath ? wronglyAdmitted(request, caller, reply.status) : null;
    if (admitted !== null) troubles.push({ kind: 'auth_break', what: admitted });
    for (const canary of caller.mustNotSee) {
      if (reply.text.includes(canary)) troubles.push({ kind: 'canary', what: `${caller.name} was told ${canary}` });
    }
    return troubles;
  };
}

function wronglyAdmitted({ operation, credential }: DrawnRequest, caller: Caller, status: number): string | null {
  if (!operation.isSecured) return status === 401 || status === 403 ? 'it is open to everyone, and was refused' : null;
  // Guessing is slowed down.
  const refusals = credential === 'unknown' ? [401, 429] : [401];
  if (credential !== 'own')
    return refusals.includes(status) ? null : `without a key that counts it was answered ${status}`;
  if (!caller.may(operation)) return status === 403 ? null : `beyond its scope ${caller.name} was answered ${status}`;
  return status === 401 || status === 403 ? `${caller.name} may do it, and was refused` : null;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The same with every object closed: what a reply holds and the document does not tell of is a break, too. */
function closed(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(closed);
  if (typeof node === 'bigint') return Number(node);
  if (typeof node !== 'object' || node === null) return node;
  const members = Object.fromEntries(Object.entries(node).map(([name, member]) => [name, closed(member)]));
  const isOpen =
    members['properties'] !== undefined && members['type'] === 'object' && !('additionalProperties' in members);
  return isOpen ? { ...members, additionalProperties: false } : members;
}
