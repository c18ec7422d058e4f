import { useEffect, useMemo, useState, useSyncExternalStore } from 'react';
import { systemClock } from '../../src/lib/clock.ts';
import { createBoardApi } from './board-api.ts';
import { Dashboard } from './dashboard.tsx';
import { StoreContext } from './hooks.ts';
import { SignIn } from './sign-in.tsx';
import { createBoardStore } from './store.ts';

/** Kept for this tab alone, and gone with it. */
const KEY_PLACE = 'jetmon_api_key';

/** The board, or the door to it when the server asks for a key. */
export function App() {
  const [token, setToken] = useState(() => sessionStorage.getItem(KEY_PLACE));
  const store = useMemo(
    () => createBoardStore({ api: createBoardApi({ baseUrl: window.location.origin, token }), clock: systemClock }),
    [token],
  );
  useEffect(() => {
    store.start();
    return store.stop;
  }, [store]);
  const isLocked = useSyncExternalStore(store.subscribe, () => store.board().locked);

  function keep(key: string | null): void {
    if (key === null) sessionStorage.removeItem(KEY_PLACE);
    else sessionStorage.setItem(KEY_PLACE, key);
    setToken(key);
  }

  if (isLocked) return <SignIn wasRefused={token !== null} onKey={keep} />;
  return (
    <StoreContext value={store}>
      <Dashboard onSignOut={token === null ? null : () => keep(null)} />
    </StoreContext>
  );
}
