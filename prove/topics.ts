/** The one list of topics: a new topic is a file and a line here. */
import type { Topic } from './topic.ts';

export const TOPICS: Readonly<Record<string, () => Promise<Topic>>> = {
  prober: async () => (await import('./prober.ts')).prober,

  api: async () => (await import('./api.ts')).api,
  decide: async () => (await import('./decide.ts')).decide,
  store: async () => (await import('./store.ts')).store,
  spine: async () => (await import('./spine.ts')).spine,
};
