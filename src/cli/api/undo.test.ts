import { expect, it } from 'vitest';
import { cleanupCommand, restoreCommand } from './undo.ts';

it('what undoes a batch is asked of the same server, and holds no key', () => {
  expect(cleanupCommand('b-1', {})).toBe('jetmon2 api sites cleanup --batch b-1');
  const elsewhere = { baseUrl: 'https://m.example/a?b', allowRemote: true, token: 'secret', header: ['X: secret'] };
  expect(cleanupCommand('b', elsewhere)).toBe(
    "jetmon2 api sites cleanup --batch b --base-url 'https://m.example/a?b' --allow-remote",
  );
});

it('what puts a site back is a line that a shell takes as it is meant', () => {
  const before = { monitor_url: 'https://a.example/', check_keyword: "it's $HOME\u001b" };
  expect(restoreCommand(7, before, {})).toBe(
    `jetmon2 api request PATCH /api/v1/sites/7 --body '{"monitor_url":"https://a.example/","check_keyword":"it'\\''s $HOME\\u001b"}'`,
  );
});
