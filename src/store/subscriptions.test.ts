import { describe, expect, it } from 'vitest';
import { temporaryOutbox } from '../../test/kit/delivery.ts';
import type { SiteId } from '../domain/ids.ts';

describe('a webhook', () => {
  it('shows its secret once, and after that only to who signs', async () => {
    const { subscriptions } = await temporaryOutbox();
    const { webhook, secret } = await subscriptions.createWebhook({ url: 'https://a.example/', createdBy: 'test' });
    expect(secret).toMatch(/^whsec_[A-Z2-7]{52}$/);
    expect(webhook).toMatchObject({
      active: true,
      events: [],
      siteIds: [],
      states: [],
      secretPreview: secret.slice(-4),
    });
    const read = [
      await subscriptions.webhook(webhook.webhookId),
      await subscriptions.updateWebhook(webhook.webhookId, {}),
    ];
    for (const record of read) expect(Object.values(record ?? {})).not.toContain(secret);
    expect(await subscriptions.loadSecret(webhook.webhookId)).toBe(secret);
  });

  it('keeps what a change does not name', async () => {
    const { subscriptions } = await temporaryOutbox();
    const siteIds = [(2n ** 63n - 1n) as SiteId];
    const wanted = { url: 'https://a.example/', createdBy: 'test', siteIds, states: ['Down'] };
    const { webhook } = await subscriptions.createWebhook({ ...wanted, events: ['event.closed'] });
    const changed = await subscriptions.updateWebhook(webhook.webhookId, { url: 'https://b.example/' });
    expect(changed).toEqual({ ...webhook, url: 'https://b.example/', updatedAtMs: changed?.updatedAtMs });
    expect(changed).toMatchObject({ siteIds, states: ['Down'], events: ['event.closed'] });
  });

  it('that is not there is said to be so', async () => {
    const { subscriptions } = await temporaryOutbox();
    expect(await subscriptions.updateWebhook(9n, { active: false })).toBeNull();
    expect(await subscriptions.deleteWebhook(9n)).toBe(false);
    expect(await subscriptions.loadSecret(9n)).toBeNull();
  });
});

describe('a contact', () => {
  it('shows the end of where it leads, and the rest only to who sends', async () => {
    const { subscriptions } = await temporaryOutbox();
    const destination = { integration_key: 'R0123456789ABCDEF' };
    const wanted = { label: 'on call', transport: 'pagerduty', destination, createdBy: 'test' } as const;
    const contact = await subscriptions.createContact(wanted);
    expect(contact).toMatchObject({ destinationPreview: 'CDEF', minSeverity: 4, maxPerHour: 60, siteIds: [] });
    expect(await subscriptions.contact(contact.contactId)).toEqual(contact);
    expect(JSON.stringify(contact, (_, value) => String(value))).not.toContain('R0123');
    expect(await subscriptions.loadDestination(contact.contactId)).toEqual(destination);
    const changed = await subscriptions.updateContact(contact.contactId, { minSeverity: 1, active: false });
    expect(changed).toMatchObject({ minSeverity: 1, active: false, label: 'on call' });
    expect(await subscriptions.deleteContact(contact.contactId)).toBe(true);
    expect(await subscriptions.contact(contact.contactId)).toBeNull();
  });
});
