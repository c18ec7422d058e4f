/** The tables of telling others: who wants to hear of what, and the one outbox of what is still to be told. */
import type { Generated } from 'kysely';
import type { DefaultedInt, DefaultedText, Int, NullableInt, NullableText } from './column-types.ts';

export type WebhooksTable = {
  id: Generated<bigint>;
  url: string;
  active: DefaultedInt;
  owner_tenant_id: NullableText;
  /** JSON: a list of event types; empty is all. */
  events: string;
  /** JSON: `{"site_ids":[...]}`; none is all. */
  site_filter: string;
  /** JSON: `{"states":[...]}`; none is all. */
  state_filter: string;
  secret: string;
  secret_preview: string;
  created_by: string;
  created_at: Int;
  updated_at: Int;
};

export type AlertContactsTable = {
  id: Generated<bigint>;
  label: string;
  active: DefaultedInt;
  owner_tenant_id: NullableText;
  transport: string;
  /** JSON, with the credential of the channel. */
  destination: string;
  destination_preview: string;
  site_filter: string;
  min_severity: DefaultedInt;
  max_per_hour: DefaultedInt;
  created_by: string;
  created_at: Int;
  updated_at: Int;
};

export type DeliveriesTable = {
  id: Generated<bigint>;
  family: 'webhook' | 'contact';
  subscriber_id: Int;
  transition_id: Int;
  event_id: Int;
  blog_id: Int;
  event_type: string;
  severity: Int;
  /** The bytes that are sent, never written again. */
  payload: string;
  status: DefaultedText;
  /** Attempts that came to an end. */
  attempt: DefaultedInt;
  next_attempt_at: NullableInt;
  /** Of the attempt under way; `status` stays pending meanwhile. */
  lease_token: NullableText;
  lease_until: NullableInt;
  last_status_code: NullableInt;
  last_response: NullableText;
  last_attempt_at: NullableInt;
  delivered_at: NullableInt;
  created_at: Int;
};

export type DeliverySchema = {
  jetmon_webhooks: WebhooksTable;
  jetmon_alert_contacts: AlertContactsTable;
  jetmon_deliveries: DeliveriesTable;
};
