/** The door of the package: what `jetmon2/client` exports. Nothing of ours imports it. */
import type { BodyInputOf, Contract, QueryInputOf, ReplyOf } from '../contracts/contract.ts';
import type { Event, EventDetail, Transition } from '../contracts/events.ts';
import type { CreateSite, Site, SiteDetail, SiteSettings, UpdateSite } from '../contracts/sites.ts';
import type { StreamMessages } from '../contracts/utility.ts';
import type { Id } from '../contracts/values.ts';
import { parseJson, stringifyJson } from '../lib/json.ts';
import { ApiError } from './api-error.ts';
import { type CallInput, type Client, createClient } from './client.ts';
import type { Callable, ContractOf, Operation, RowOf } from './operation.ts';
import { operations } from './operations.ts';
import type { ClientOptions } from './request.ts';
import type { StreamHandlers, StreamOptions } from './stream.ts';
import type { WantedUrl, WatchedUrl } from './watch-url.ts';

/** The reply of an operation, as in `ReplyTo<typeof operations.getStatus>`. */
type ReplyTo<O extends Callable> = ReplyOf<ContractOf<O>>;
/** What `call` takes beside the operation. */
type InputOf<O extends Callable> = CallInput<ContractOf<O>>;

export type {
  BodyInputOf,
  Client,
  ClientOptions,
  Contract,
  CreateSite,
  Event,
  EventDetail,
  Id,
  InputOf,
  Operation,
  QueryInputOf,
  ReplyTo,
  RowOf,
  Site,
  SiteDetail,
  SiteSettings,
  StreamHandlers,
  StreamMessages,
  StreamOptions,
  Transition,
  UpdateSite,
  WantedUrl,
  WatchedUrl,
};
export { ApiError, createClient, operations, parseJson, stringifyJson };
