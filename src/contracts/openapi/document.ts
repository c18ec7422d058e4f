/** The contracts as one OpenAPI document: what programs that know nothing else of us are written from. */
import { stringifyJson } from '../../lib/json.ts';
import type { Contract, Tag } from '../contract.ts';
import { statusOf } from '../error-status.ts';
import { apiCodes } from '../operation-codes.ts';
import { createComponents } from './components.ts';
import type { OpenApiDocument, Operation } from './document-types.ts';
import { GATEWAY_PARAMETERS, REPLY_HEADERS } from './headers.ts';
import { operationOf, pathOf } from './operation.ts';
import { type Recorded, responsesOf } from './responses.ts';

const TAGS: Readonly<Record<Tag, string>> = {
  Sites: 'What is watched, and how it fares',
  Endpoints: 'The URLs of a site',
  Checks: 'What is looked for at an endpoint',
  Maintenance: 'Windows in which failures open no event',
  Events: 'What broke, when, and every step of it',
  Statistics: 'Uptime, response times and incidents',
  Fleet: 'All sites at once, and the verifiers',
  Identity: 'Keys and who they belong to',
  Utility: 'The server itself',
};

/** `recorded` has the replies to the examples, by operation. */
export function openApiDocument(
  contracts: readonly Contract[],
  recorded: Readonly<Record<string, Recorded>>,
): OpenApiDocument {
  const components = createComponents();
  // All replies before all bodies: what looks different in the two keeps its plain name in replies.
  const answered = contracts.map((contract) => {
    return { contract, responses: responsesOf(contract, components, recorded[contract.operationId]) };
  });
  const paths: Record<string, Record<string, Operation>> = {};
  for (const { contract, responses } of answered) {
    const path = pathOf(contract);
    paths[path] = { ...paths[path], [contract.method.toLowerCase()]: operationOf(contract, responses, components) };
  }
  const used = new Set(contracts.map(({ tag }) => tag));
  return {
    openapi: '3.1.0',
    jsonSchemaDialect: 'https://json-schema.org/draft/2020-12/schema',
    info: INFO,
    servers: [{ url: '/' }],
    security: [{ bearerAuth: [] }],
    tags: Object.entries(TAGS)
      .filter(([name]) => used.has(name as Tag))
      .map(([name, description]) => ({ name, description })),
    paths,
    components: {
      schemas: components.schemas(),
      parameters: GATEWAY_PARAMETERS,
      headers: REPLY_HEADERS,
      securitySchemes: { bearerAuth: { type: 'http', scheme: 'bearer', description: BEARER } },
    },
    'x-jetmon-error-codes': Object.fromEntries(apiCodes(contracts).map((code) => [code, statusOf(code)])),
  };
}

/** As it is served and committed: a line for each member, 64-bit numbers exact. */
export function documentText(document: OpenApiDocument): string {
  return `${indented(document, '')}\n`;
}

function indented(value: unknown, margin: string): string {
  const inner = `${margin}  `;
  if (typeof value !== 'object' || value === null) return stringifyJson(value);
  const [open, close, parts] = Array.isArray(value)
    ? ['[', ']', value.map((item) => indented(item, inner))]
    : ['{', '}', membersOf(value).map(([name, member]) => `${JSON.stringify(name)}: ${indented(member, inner)}`)];
  return parts.length === 0 ? open + close : `${open}\n${inner}${parts.join(`,\n${inner}`)}\n${margin}${close}`;
}

function membersOf(value: object): [string, unknown][] {
  return Object.entries(value).filter(([, member]) => member !== undefined);
}

const INFO: OpenApiDocument['info'] = {
  title: 'Jetmon 2 API',
  version: 'v1',
  description: [
    'Everything the monitor knows, for machines: its own page and commands use nothing else.',
    'Ids are positive 64-bit integers and plain JSON numbers: use a parser that keeps them exact.',
    'Instants are RFC 3339 in UTC with three decimals.',
    'Replies may gain members within this version; unknown members of requests are refused by name.',
    'Lists are pages: send `page.next` back as `cursor` until it is null.',
  ].join(' '),
  license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
};

const BEARER =
  '`jetmon2 keys create` makes a key and shows it once. A key of scope `write` may read, one of `admin` may write.';
