/** Every command, one line each. A command is loaded only when it is run, so that each starts fast. */
import type { CommandEntry } from './command.ts';

export const COMMANDS: readonly CommandEntry[] = [
  {
    name: 'serve',
    summary: 'watch sites: page, API and prober in one process',
    load: () => import('./serve.ts'),
    isServer: true,
  },
  {
    name: 'verifier',
    summary: 'look at sites from here for monitors elsewhere',
    load: () => import('./verifier.ts'),
    isServer: true,
  },
  { name: 'check', summary: 'probe URLs once, now, and say what was found', load: () => import('./check.ts') },
  {
    name: 'sites',
    summary: 'add, list, change, pause, resume, remove, export or import watched sites',
    load: () => import('./sites.ts'),
  },
  {
    name: 'apply',
    summary: 'make the watched sites those of a file',
    load: () => import('./apply.ts'),
  },
  {
    name: 'maintenance',
    summary: 'plan, start, stop or list maintenance windows',
    load: () => import('./maintenance.ts'),
  },
  { name: 'audit', summary: 'what happened to a site and why', load: () => import('./audit.ts') },
  {
    name: 'status',
    summary: 'how the running server fares',
    load: () => import('./status.ts'),
  },
  {
    name: 'reload',
    summary: 'have the running server read its configuration again',
    load: () => import('./reload.ts'),
  },
  {
    name: 'drain',
    summary: 'have the running server finish what it is at and end',
    load: () => import('./drain.ts'),
  },
  {
    name: 'api',
    summary: 'every operation of the API, here or on another server',
    load: () => import('./api.ts'),
  },
  { name: 'keys', summary: 'create, list, replace or revoke API keys', load: () => import('./keys.ts') },
  {
    name: 'site-tenants',
    summary: 'say which tenants may see which sites',
    load: () => import('./site-tenants.ts'),
  },
  {
    name: 'migrate',
    summary: 'bring the database up to date, or say how far it is',
    load: () => import('./migrate.ts'),
  },
  { name: 'backup', summary: 'copy the embedded database, also while it is in use', load: () => import('./backup.ts') },
  {
    name: 'verify-db',
    summary: 'look through the database, or a backup of it, for damage',
    load: () => import('./verify-db.ts'),
  },
  {
    name: 'replay',
    summary: 'fold the event log anew and compare it with what is stored',
    load: () => import('./replay.ts'),
  },
  {
    name: 'testsite',
    summary: 'run a site to try a monitor on: it breaks and heals on request',
    load: () => import('./testsite.ts'),
    isServer: true,
  },
  {
    name: 'simulate-failure',
    summary: 'make a site fail on purpose, and see what the server makes of it',
    load: () => import('./api/simulate-failure.ts'),
  },
  {
    name: 'smoke',
    summary: 'walk through a server: add a site, look at it, remove it',
    load: () => import('./api/smoke.ts'),
  },
  {
    name: 'completion',
    summary: 'print a script that completes commands in bash, zsh or fish',
    load: () => import('./completion.ts'),
  },
  { name: 'version', summary: 'print the version and the runtime', load: () => import('./version.ts') },
];
