/** Nothing is watched yet: how to begin, here and in a terminal. */
export function EmptyFleet() {
  return (
    <section className="empty" aria-labelledby="empty-title">
      <h2 id="empty-title">Nothing is watched yet</h2>
      <p>Type an address below; the first check starts at once and shows up here by itself. Or in a terminal:</p>
      <pre>
        <code>bin/jetmon2 sites add https://example.com</code>
      </pre>
    </section>
  );
}
