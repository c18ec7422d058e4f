/** Maintenance: when sites may fail without an event, planned once, again and again, or from now on. */
import { z } from 'zod';
import { WEEKDAYS } from '../domain/recurrence.ts';
import { parseWallTime } from '../domain/time-zone.ts';
import { defineContract } from './contract.ts';
import { Id, Instant, PageQuery, pageOf } from './values.ts';

const Interval = z.int().min(1).max(52).meta({ description: '2: every other day, week or month.' });
const Days = z.array(z.enum(WEEKDAYS)).min(1).max(7).meta({ description: 'Days of the week on which it begins.' });
const DayOfMonth = z.int().min(1).max(31).meta({ description: 'In a month that has no such day, its last one.' });
const Frequency = z.enum(['daily', 'weekly', 'monthly']);

export const Recurrence = z.object({
  frequency: Frequency,
  interval: Interval,
  days: Days.optional(),
  day_of_month: DayOfMonth.optional(),
  until: Instant.nullable().meta({ description: 'What would begin then or later does not come. null: it goes on.' }),
});
export type Recurrence = z.output<typeof Recurrence>;

export const MaintenanceWindow = z.object({
  id: Id,
  site_id: Id.nullable().meta({ description: 'null: all sites of whoever planned it.' }),
  endpoint_id: Id.nullable().meta({ description: 'null: all endpoints of the site.' }),
  title: z.string().nullable().meta({
    description: 'Shown to the tenant whose words it is and to operators: a site may be of several tenants. Else null.',
  }),
  source: z.enum(['planned', 'started']).meta({ description: '`started`: opened by `maintenance/start`.' }),
  start: Instant.meta({ description: 'When it begins, or begins for the first time.' }),
  end: Instant.nullable().meta({ description: 'null where it comes again.' }),
  duration_seconds: z.number().meta({ description: 'Of one occurrence, in elapsed time.' }),
  time_zone: z.string().meta({ description: 'By the clocks of which what comes again is reckoned.' }),
  local_start: z.string().meta({ description: '`start` as clocks of `time_zone` show it.' }),
  recurrence: Recurrence.nullable().meta({ description: 'null: it comes once.' }),
  is_active: z.boolean().meta({ description: 'It is on.' }),
  next_start: Instant.nullable().meta({
    description: 'When the occurrence that is on began, or the next one begins. null: there is none any more.',
  }),
  next_end: Instant.nullable().meta({ description: 'The first instant after that occurrence.' }),
  created_by: z.string().nullable().meta({
    description: 'Name of the key by which it was planned. Shown as `title` is; null as well where that is not known.',
  }),
  created_at: Instant,
  updated_at: Instant,
  ended_at: Instant.nullable().meta({ description: 'When it was stopped before its end; null unless it was.' }),
});
export type MaintenanceWindow = z.output<typeof MaintenanceWindow>;

const isInstant = (text: string) =>
  parseWallTime(text) !== null ||
  (z.iso.datetime({ offset: true }).safeParse(text).success && !Number.isNaN(Date.parse(text)));

/** An instant, or a time by the clocks of the zone. */
const SentTime = z
  .string()
  .max(40)
  .refine(isInstant, 'write an instant such as 2026-05-01T22:00:00Z, or 2026-05-01T22:00 by the clocks of time_zone');

const SentRecurrence = z.strictObject({
  frequency: Frequency,
  interval: Interval.optional(),
  days: Days.optional().meta({ description: 'Only weekly. Absent: the day of the week of `start`.' }),
  day_of_month: DayOfMonth.optional().meta({
    description: 'Only monthly. Absent: that of `start`. In a month that has no such day, its last one.',
  }),
  until: SentTime.nullable().optional().meta({ description: 'What would begin then or later does not come.' }),
});

const Title = z.string().min(1).max(255);

const timing = {
  start: SentTime.meta({
    description: 'An instant, or a time such as `2026-05-01T22:00` by the clocks of `time_zone`.',
  }),
  end: SentTime.optional().meta({
    description: 'As `start`; either this or `duration_minutes`. Not with `recurrence`.',
  }),
  duration_minutes: z.int().min(1).max(527_040).optional().meta({
    description: 'At most 366 days; with `recurrence` not beyond the next occurrence, and at most 31 days.',
  }),
  time_zone: z.string().max(64).optional().meta({ description: 'An IANA name; `UTC` when absent.' }),
  recurrence: SentRecurrence.nullable().optional().meta({ description: 'null or absent: it comes once.' }),
};

const title = Title.nullable().optional();

export const PlanSiteMaintenance = z.strictObject({
  ...timing,
  title,
  endpoint_id: Id.optional().meta({ description: 'Only this endpoint of the site.' }),
});
export type PlanSiteMaintenance = z.output<typeof PlanSiteMaintenance>;

export const PlanMaintenance = z.strictObject({
  site_ids: z.array(Id).min(1).max(200).optional().meta({ description: 'Either this or `all_sites`.' }),
  all_sites: z.literal(true).optional().meta({
    description: 'Every site the key may see, those that are added later among them.',
  }),
  ...timing,
  title,
});
export type PlanMaintenance = z.output<typeof PlanMaintenance>;

export const UpdateMaintenance = z.strictObject({ ...timing, title }).partial();
export type UpdateMaintenance = z.output<typeof UpdateMaintenance>;

export const StartMaintenance = z.strictObject({
  duration_minutes: z.int().min(1).max(1_440).default(60).meta({ description: 'At most a day.' }),
  note: Title.optional(),
});

export const StoppedMaintenance = z.object({
  site_id: Id,
  ended: z.array(MaintenanceWindow).meta({ description: 'What was on and is no more.' }),
  is_active: z.boolean().meta({ description: 'A window for more than this site is still on.' }),
});
export type StoppedMaintenance = z.output<typeof StoppedMaintenance>;

const pages = {
  ...PageQuery.shape,
  status: z.enum(['active', 'upcoming', 'over']).optional().meta({
    description: '`active`: on now; `upcoming`: to come, and not on; `over`: nothing of it is to come.',
  }),
};

export const listMaintenance = defineContract({
  operationId: 'listMaintenance',
  method: 'GET',
  path: '/api/v1/maintenance',
  summary: 'Maintenance windows of all sites',
  description: 'A page may hold fewer than `limit` and still have a next one.',
  tag: 'Maintenance',
  scope: 'read',
  query: z.strictObject({
    ...pages,
    site_id: z
      .string()
      .regex(/^[1-9]\d{0,18}$/, 'write the number of a site')
      .optional()
      .meta({ description: 'Those for this site, also among others.' }),
  }),
  status: 200,
  reply: pageOf(MaintenanceWindow),
  errors: ['invalid_limit', 'invalid_cursor', 'invalid_filter', 'site_not_found'],
  example: { after: ['planMaintenance'], query: { status: 'upcoming' } },
});

export const listSiteMaintenance = defineContract({
  operationId: 'listSiteMaintenance',
  method: 'GET',
  path: '/api/v1/sites/:site_id/maintenance',
  summary: 'Maintenance windows for one site, also those it shares with others',
  description: 'A page may hold fewer than `limit` and still have a next one.',
  tag: 'Maintenance',
  scope: 'read',
  query: z.strictObject(pages),
  status: 200,
  reply: pageOf(MaintenanceWindow),
  errors: ['invalid_site_id', 'site_not_found', 'invalid_limit', 'invalid_cursor', 'invalid_filter'],
  example: { after: ['planMaintenance'] },
});

export const planMaintenance = defineContract({
  operationId: 'planMaintenance',
  method: 'POST',
  path: '/api/v1/maintenance',
  summary: 'Plan maintenance for several sites, or for all',
  description: 'Makes one window a site, in their order, or one for all. Where one cannot be planned none is.',
  tag: 'Maintenance',
  scope: 'write',
  body: PlanMaintenance,
  isIdempotent: true,
  status: 201,
  reply: z.object({ data: z.array(MaintenanceWindow) }),
  errors: ['invalid_body', 'invalid_field', 'invalid_window', 'site_not_found'],
  example: { body: { site_ids: [1], start: '2100-05-01T02:00', time_zone: 'Europe/Berlin', duration_minutes: 90 } },
});

export const planSiteMaintenance = defineContract({
  operationId: 'planSiteMaintenance',
  method: 'POST',
  path: '/api/v1/sites/:site_id/maintenance',
  summary: 'Plan maintenance for a site',
  description:
    'While it is on, failures open no event. What comes again begins by the clocks of `time_zone`: at the next instant there is where they skip its time, at the first where they show it twice. What was seen before stays as it was, so a window covers nothing before it is planned.',
  tag: 'Maintenance',
  scope: 'write',
  body: PlanSiteMaintenance,
  isIdempotent: true,
  status: 201,
  reply: MaintenanceWindow,
  errors: [
    'invalid_site_id',
    'site_not_found',
    'site_endpoint_not_found',
    'invalid_body',
    'invalid_field',
    'invalid_window',
  ],
  example: {
    body: {
      title: 'Backups',
      start: '2100-05-03T02:00',
      time_zone: 'Europe/Berlin',
      duration_minutes: 60,
      recurrence: { frequency: 'weekly', days: ['mon', 'thu'] },
    },
  },
});

export const getMaintenance = defineContract({
  operationId: 'getMaintenance',
  method: 'GET',
  path: '/api/v1/maintenance/:window_id',
  summary: 'One maintenance window',
  tag: 'Maintenance',
  scope: 'read',
  status: 200,
  reply: MaintenanceWindow,
  errors: ['invalid_window_id', 'window_not_found'],
  example: { after: ['planMaintenance'] },
});

export const updateMaintenance = defineContract({
  operationId: 'updateMaintenance',
  method: 'PATCH',
  path: '/api/v1/maintenance/:window_id',
  summary: 'Change a maintenance window; absent members stay as they are',
  description: 'What it covered until now stays covered.',
  tag: 'Maintenance',
  scope: 'write',
  body: UpdateMaintenance,
  status: 200,
  reply: MaintenanceWindow,
  errors: ['invalid_window_id', 'window_not_found', 'invalid_body', 'invalid_field', 'invalid_window'],
  example: { after: ['planMaintenance'], body: { duration_minutes: 120 } },
});

export const removeMaintenance = defineContract({
  operationId: 'removeMaintenance',
  method: 'DELETE',
  path: '/api/v1/maintenance/:window_id',
  summary: 'Take a maintenance window back; what it covered stays covered',
  tag: 'Maintenance',
  scope: 'write',
  status: 204,
  errors: ['invalid_window_id', 'window_not_found'],
  example: { after: ['planMaintenance'] },
});

export const startMaintenance = defineContract({
  operationId: 'startMaintenance',
  method: 'POST',
  path: '/api/v1/sites/:site_id/maintenance/start',
  summary: 'Maintenance from now on, for scripts that deploy',
  description: 'Where a window that was started is on, it lasts longer instead, never shorter.',
  tag: 'Maintenance',
  scope: 'write',
  body: StartMaintenance,
  isBodyOptional: true,
  status: 200,
  reply: MaintenanceWindow,
  errors: ['invalid_site_id', 'site_not_found', 'invalid_body', 'invalid_field', 'invalid_window'],
  example: { body: { duration_minutes: 30, note: 'release 42' } },
});

export const stopMaintenance = defineContract({
  operationId: 'stopMaintenance',
  method: 'POST',
  path: '/api/v1/sites/:site_id/maintenance/stop',
  summary: 'End the maintenance that is on for a site',
  description:
    'Of what comes again only this occurrence ends. Windows for more than this site go on, and `is_active` says so. Where nothing is on, nothing is done.',
  tag: 'Maintenance',
  scope: 'write',
  body: z.strictObject({}),
  isBodyOptional: true,
  status: 200,
  reply: StoppedMaintenance,
  errors: ['invalid_site_id', 'site_not_found', 'invalid_body'],
  example: { after: ['startMaintenance'] },
});
