/**
 * Who wants to be told: webhooks and alert contacts (spec/05 sections 3.1 and 4.1). What they sign or send with is never
 * part of what is read here; the two functions that load it say so by their names.
 */
import type { Selectable } from 'kysely';
import type { WebhookEventType } from '../domain/delivery-match.ts';
import type { SiteId } from '../domain/ids.ts';
import { severityOf } from '../domain/state.ts';
import type { Clock } from '../lib/clock.ts';
import { parseJson, stringifyJson } from '../lib/json.ts';
import type { Random } from '../lib/random.ts';
import { base32 } from './api-token.ts';
import type { Database } from './database.ts';
import type { Tx } from './schema.ts';
import type { AlertContactsTable, WebhooksTable } from './schema-delivery.ts';
import { raiseVersion } from './subscriber-cache.ts';
import { eventsIn, siteIdsIn, statesIn, writeSiteFilter, writeStateFilter } from './subscriber-filters.ts';

export type WebhookRecord = {
  webhookId: bigint;
  url: string;
  active: boolean;
  ownerTenantId: string | null;
  /** Empty: all. The same of the two filters; null when what is stored cannot be read, which matches nothing. */
  events: readonly string[] | null;
  siteIds: readonly SiteId[] | null;
  states: readonly string[] | null;
  secretPreview: string;
  createdBy: string;
  createdAtMs: number;
  updatedAtMs: number;
};

export type NewWebhook = {
  url: string;
  active?: boolean;
  ownerTenantId?: string | null;
  events?: readonly WebhookEventType[];
  siteIds?: readonly SiteId[];
  states?: readonly string[];
  createdBy: string;
};

export type WebhookPatch = Partial<Omit<NewWebhook, 'createdBy' | 'ownerTenantId'>>;

export type ContactTransport = 'email' | 'pagerduty' | 'slack' | 'teams';

export type ContactRecord = {
  contactId: bigint;
  label: string;
  active: boolean;
  ownerTenantId: string | null;
  transport: string;
  destinationPreview: string;
  siteIds: readonly SiteId[] | null;
  minSeverity: number;
  /** 0: without limit. */
  maxPerHour: number;
  createdBy: string;
  createdAtMs: number;
  updatedAtMs: number;
};

export type NewContact = {
  label: string;
  active?: boolean;
  ownerTenantId?: string | null;
  transport: ContactTransport;
  /** As the transport wants it; holds its credential. */
  destination: Readonly<Record<string, string>>;
  siteIds?: readonly SiteId[];
  /** Default 4, Down. */
  minSeverity?: number;
  maxPerHour?: number;
  createdBy: string;
};

export type ContactPatch = Partial<Omit<NewContact, 'createdBy' | 'ownerTenantId' | 'transport'>>;

/** Every change is a transaction of its own, which tells those who hold the subscribers in memory. */
export interface Subscriptions {
  /** The secret is seen this once. */
  createWebhook(webhook: NewWebhook): Promise<{ webhook: WebhookRecord; secret: string }>;
  webhook(webhookId: bigint): Promise<WebhookRecord | null>;
  /** Null when there is no such webhook. */
  updateWebhook(webhookId: bigint, patch: WebhookPatch): Promise<WebhookRecord | null>;
  /** False when there was none. Its deliveries stay as a record. */
  deleteWebhook(webhookId: bigint): Promise<boolean>;
  /** For signing alone. */
  loadSecret(webhookId: bigint): Promise<string | null>;
  createContact(contact: NewContact): Promise<ContactRecord>;
  contact(contactId: bigint): Promise<ContactRecord | null>;
  updateContact(contactId: bigint, patch: ContactPatch): Promise<ContactRecord | null>;
  deleteContact(contactId: bigint): Promise<boolean>;
  /** For sending alone. */
  loadDestination(contactId: bigint): Promise<Readonly<Record<string, string>> | null>;
}

const PREVIEW_LENGTH = 4;
const DEFAULT_PER_HOUR = 60;

export function createSubscriptions(deps: { db: Database; clock: Clock; random: Random }): Subscriptions {
  const { db, clock, random } = deps;

  const webhookById = async (id: bigint, executor: Tx | Database['kysely'] = db.kysely) => {
    const query = executor.selectFrom('jetmon_webhooks').select(WEBHOOK_COLUMNS).where('id', '=', id);
    const row = await query.executeTakeFirst();
    return row === undefined ? null : webhookOf(row);
  };

  const contactById = async (id: bigint, executor: Tx | Database['kysely'] = db.kysely) => {
    const query = executor.selectFrom('jetmon_alert_contacts').select(CONTACT_COLUMNS).where('id', '=', id);
    const row = await query.executeTakeFirst();
    return row === undefined ? null : contactOf(row);
  };

  /** The version first: its row is what changes and appends take turns by, and a common order has no circles. */
  const change = <T>(run: (tx: Tx) => Promise<T>): Promise<T> =>
    db.transaction(async (tx) => {
      await raiseVersion(tx, db.dialect);
      return run(tx);
    });

  return {
    createWebhook: (wanted) => {
      const secret = `whsec_${base32(random.bytes(32))}`;
      const nowMs = clock.nowMs();
      const row = {
        url: wanted.url,
        active: wanted.active === false ? 0 : 1,
        owner_tenant_id: wanted.ownerTenantId ?? null,
        events: JSON.stringify(wanted.events ?? []),
        site_filter: writeSiteFilter(wanted.siteIds ?? []),
        state_filter: writeStateFilter(wanted.states ?? []),
        secret,
        secret_preview: secret.slice(-PREVIEW_LENGTH),
        created_by: wanted.createdBy.slice(0, 128),
        created_at: nowMs,
        updated_at: nowMs,
      };
      return change(async (tx) => {
        const { insertId } = await tx.insertInto('jetmon_webhooks').values(row).executeTakeFirstOrThrow();
        return { webhook: there(await webhookById(insertId ?? 0n, tx)), secret };
      });
    },
    webhook: (id) => webhookById(id),
    updateWebhook: (id, patch) =>
      change(async (tx) => {
        const values = { ...webhookValues(patch), updated_at: clock.nowMs() };
        await tx.updateTable('jetmon_webhooks').set(values).where('id', '=', id).execute();
        return webhookById(id, tx);
      }),
    deleteWebhook: (id) =>
      change(async (tx) => {
        const { numDeletedRows } = await tx
          .deleteFrom('jetmon_webhooks')
          .where('id', '=', id)
          .executeTakeFirstOrThrow();
        return numDeletedRows > 0n;
      }),
    async loadSecret(id) {
      const query = db.kysely.selectFrom('jetmon_webhooks').select('secret').where('id', '=', id);
      return (await query.executeTakeFirst())?.secret ?? null;
    },
    createContact: (wanted) => {
      const nowMs = clock.nowMs();
      const row = {
        label: wanted.label,
        active: wanted.active === false ? 0 : 1,
        owner_tenant_id: wanted.ownerTenantId ?? null,
        transport: wanted.transport,
        ...destinationValues(wanted.destination),
        site_filter: writeSiteFilter(wanted.siteIds ?? []),
        min_severity: wanted.minSeverity ?? severityOf('Down'),
        max_per_hour: wanted.maxPerHour ?? DEFAULT_PER_HOUR,
        created_by: wanted.createdBy.slice(0, 128),
        created_at: nowMs,
        updated_at: nowMs,
      };
      return change(async (tx) => {
        const { insertId } = await tx.insertInto('jetmon_alert_contacts').values(row).executeTakeFirstOrThrow();
        return there(await contactById(insertId ?? 0n, tx));
      });
    },
    contact: (id) => contactById(id),
    updateContact: (id, patch) =>
      change(async (tx) => {
        const values = { ...contactValues(patch), updated_at: clock.nowMs() };
        await tx.updateTable('jetmon_alert_contacts').set(values).where('id', '=', id).execute();
        return contactById(id, tx);
      }),
    deleteContact: (id) =>
      change(async (tx) => {
        const query = tx.deleteFrom('jetmon_alert_contacts').where('id', '=', id);
        return (await query.executeTakeFirstOrThrow()).numDeletedRows > 0n;
      }),
    async loadDestination(id) {
      const query = db.kysely.selectFrom('jetmon_alert_contacts').select('destination').where('id', '=', id);
      const row = await query.executeTakeFirst();
      const parsed = row === undefined ? null : parseJson(row.destination);
      return parsed?.ok === true ? (parsed.value as Record<string, string>) : null;
    },
  };
}

const WEBHOOK_COLUMNS = [
  'id',
  'url',
  'active',
  'owner_tenant_id',
  'events',
  'site_filter',
  'state_filter',
  'secret_preview',
  'created_by',
  'created_at',
  'updated_at',
] as const;

const CONTACT_COLUMNS = [
  'id',
  'label',
  'active',
  'owner_tenant_id',
  'transport',
  'destination_preview',
  'site_filter',
  'min_severity',
  'max_per_hour',
  'created_by',
  'created_at',
  'updated_at',
] as const;

/** The columns that a change touches. */
function webhookValues({ url, active, events, siteIds, states }: WebhookPatch) {
  return {
    ...(url === undefined ? {} : { url }),
    ...(active === undefined ? {} : { active: active ? 1 : 0 }),
    ...(events === undefined ? {} : { events: JSON.stringify(events) }),
    ...(siteIds === undefined ? {} : { site_filter: writeSiteFilter(siteIds) }),
    ...(states === undefined ? {} : { state_filter: writeStateFilter(states) }),
  };
}

function contactValues({ label, active, destination, siteIds, minSeverity, maxPerHour }: ContactPatch) {
  return {
    ...(label === undefined ? {} : { label }),
    ...(active === undefined ? {} : { active: active ? 1 : 0 }),
    ...(destination === undefined ? {} : destinationValues(destination)),
    ...(siteIds === undefined ? {} : { site_filter: writeSiteFilter(siteIds) }),
    ...(minSeverity === undefined ? {} : { min_severity: minSeverity }),
    ...(maxPerHour === undefined ? {} : { max_per_hour: maxPerHour }),
  };
}

function destinationValues(destination: Readonly<Record<string, string>>) {
  const shown = Object.values(destination)[0] ?? '';
  return { destination: stringifyJson(destination), destination_preview: shown.slice(-PREVIEW_LENGTH) };
}

type WebhookRow = Pick<Selectable<WebhooksTable>, (typeof WEBHOOK_COLUMNS)[number]>;

function webhookOf(row: WebhookRow): WebhookRecord {
  return {
    webhookId: row.id,
    url: row.url,
    active: row.active !== 0n,
    ownerTenantId: row.owner_tenant_id,
    events: eventsIn(row.events),
    siteIds: siteIdsIn(row.site_filter),
    states: statesIn(row.state_filter),
    secretPreview: row.secret_preview,
    createdBy: row.created_by,
    createdAtMs: Number(row.created_at),
    updatedAtMs: Number(row.updated_at),
  };
}

type ContactRow = Pick<Selectable<AlertContactsTable>, (typeof CONTACT_COLUMNS)[number]>;

function contactOf(row: ContactRow): ContactRecord {
  return {
    contactId: row.id,
    label: row.label,
    active: row.active !== 0n,
    ownerTenantId: row.owner_tenant_id,
    transport: row.transport,
    destinationPreview: row.destination_preview,
    siteIds: siteIdsIn(row.site_filter),
    minSeverity: Number(row.min_severity),
    maxPerHour: Number(row.max_per_hour),
    createdBy: row.created_by,
    createdAtMs: Number(row.created_at),
    updatedAtMs: Number(row.updated_at),
  };
}

function there<T>(record: T | null): T {
  if (record === null) throw new Error('the subscriber is not there after it was inserted');
  return record;
}
