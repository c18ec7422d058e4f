import { type FormEvent, useRef, useState } from 'react';
import { useStore, useTask } from './hooks.ts';
import { ProblemNote } from './problem-note.tsx';
import { asUrl, every, watchedInWords } from './words.ts';

const INTERVALS_SECONDS = [60, 300, 900, 1800, 3600] as const;
const DEFAULT_INTERVAL_SECONDS = 60;

/** Watch one more URL. The server has the last word on what it takes; its words are shown. */
export function AddSite({ isFirst }: { isFirst: boolean }) {
  const store = useStore();
  const task = useTask();
  const field = useRef<HTMLInputElement>(null);
  const [url, setUrl] = useState('');
  const [interval, setInterval] = useState<number>(DEFAULT_INTERVAL_SECONDS);
  const [added, setAdded] = useState<string | null>(null);

  async function add(): Promise<void> {
    setAdded(null);
    const wanted = { url: asUrl(url), intervalSeconds: interval };
    setAdded(watchedInWords(wanted.url, await store.watch(wanted)));
    setUrl('');
    field.current?.focus();
  }

  function submit(event: FormEvent): void {
    event.preventDefault();
    if (url.trim() === '') field.current?.focus();
    else task.run(add);
  }

  return (
    <form className="add" aria-label="Add a site" noValidate onSubmit={submit}>
      <div className="field grow">
        <label htmlFor="url">{isFirst ? 'First site to watch' : 'Watch another site'}</label>
        <input
          id="url"
          ref={field}
          type="url"
          inputMode="url"
          autoComplete="url"
          autoCapitalize="none"
          spellCheck={false}
          placeholder="https://example.com"
          value={url}
          aria-invalid={task.problem !== null}
          aria-describedby={task.problem === null ? undefined : 'add-problem'}
          onChange={(event) => {
            setUrl(event.target.value);
            task.clear();
          }}
        />
      </div>
      <div className="field">
        <label htmlFor="interval">Check it</label>
        <select id="interval" value={interval} onChange={(event) => setInterval(Number(event.target.value))}>
          {INTERVALS_SECONDS.map((seconds) => (
            <option key={seconds} value={seconds}>
              {every(seconds)}
            </option>
          ))}
        </select>
      </div>
      <button type="submit" className="primary" disabled={task.isBusy}>
        {task.isBusy ? 'Adding…' : 'Add site'}
      </button>
      <div className="outcome" role="status">
        {added !== null && task.problem === null && <p className="quiet">{added}</p>}
      </div>
      {task.problem !== null && <ProblemNote problem={task.problem} id="add-problem" />}
    </form>
  );
}
