/** Why a port cannot be listened on, in words, with the keys that change it. */
import { AppError } from '../domain/errors.ts';

type Place = { host: string; port: number; portKey: string; hostKey: string };

export function listenRefusal(cause: unknown, { host, port, portKey, hostKey }: Place): AppError {
  const { code, message } = cause as NodeJS.ErrnoException;
  const trouble: Readonly<Record<string, readonly [why: string, fix: string]>> = {
    EADDRINUSE: [
      'another program listens there',
      `stop that program, or set ${portKey} to another number (0 takes any free one)`,
    ],
    EACCES: ['this user may not use that port', `set ${portKey} to 1024 or above`],
    EADDRNOTAVAIL: ['this machine does not have that address', `set ${hostKey} to an address of this machine`],
    ENOTFOUND: ['that name has no address', `set ${hostKey} to an address of this machine`],
  };
  const [why, fix] = trouble[code ?? ''] ?? [
    `it failed with ${code ?? message}`,
    `choose another with ${portKey}=<number> and ${hostKey}=<address>`,
  ];
  return new AppError('port_unusable', `cannot listen on ${host} port ${port}: ${why}`, { fix, cause });
}
