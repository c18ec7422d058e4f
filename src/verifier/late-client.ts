/** A verifier's client whose code is read with the first question: twenty megabytes that a server without verifiers saves. */
import type { VerifierClient, VerifierClientDeps, VerifierEntry } from './client.ts';

export function lateVerifierClient(entry: VerifierEntry, deps: VerifierClientDeps): VerifierClient {
  let reading: Promise<VerifierClient> | null = null;
  let isClosed = false;

  function client(): Promise<VerifierClient> {
    reading ??= import('./create-client.ts').then(({ createVerifierClient }) => {
      const created = createVerifierClient(entry, deps);
      if (isClosed) created.close();
      return created;
    });
    return reading;
  }

  return {
    ask: async (questions, signal) => (await client()).ask(questions, signal),
    status: async (signal) => (await client()).status(signal),
    close() {
      isClosed = true;
      void reading?.then((created) => created.close());
    },
  };
}
