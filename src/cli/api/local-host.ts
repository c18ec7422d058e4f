/** Whether an address names this machine: `localhost`, a name below it, or a loopback address. */
export function isLocalHost({ hostname }: URL): boolean {
  const name = hostname.toLowerCase().replace(/\.$/, '');
  return (
    /(^|\.)localhost$/.test(name) ||
    /^127(\.\d{1,3}){3}$/.test(name) ||
    /^\[::(1|ffff:7f[\da-f]{2}:[\da-f]{1,4})\]$/.test(name)
  );
}
