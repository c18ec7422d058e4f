import { type FormEvent, useState } from 'react';

type Props = { wasRefused: boolean; onKey(key: string): void };

/** Asks for an API key: the server listens beyond this machine, or the page has been open too long. */
export function SignIn({ wasRefused, onKey }: Props) {
  const [key, setKey] = useState('');
  function submit(event: FormEvent): void {
    event.preventDefault();
    if (key.trim() !== '') onKey(key.trim());
  }
  return (
    <main className="sign-in">
      <h1>Jetmon 2</h1>
      <p>This server wants to know who is asking. Sign in with an API key.</p>
      <form onSubmit={submit}>
        <label htmlFor="key">API key</label>
        <input
          id="key"
          type="password"
          autoComplete="off"
          placeholder="jm_…"
          value={key}
          aria-describedby="key-help"
          aria-invalid={wasRefused}
          onChange={(event) => setKey(event.target.value)}
        />
        {wasRefused && (
          <p className="problem" role="alert">
            The server did not accept the key. It may be mistyped, revoked or expired.
          </p>
        )}
        <button type="submit" className="primary" disabled={key.trim() === ''}>
          Sign in
        </button>
      </form>
      <div id="key-help" className="quiet">
        <p>Create a key in a terminal on the server:</p>
        <pre>
          <code>bin/jetmon2 keys create --consumer me --scope write</code>
        </pre>
        <p>It stays in this tab and is forgotten when the tab closes.</p>
        <p>On the server's own machine no key is needed: reload this page at its loopback address.</p>
      </div>
    </main>
  );
}
