import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { descriptorLimit, maxRunningPerThread } from './admission.ts';

describe('admission', () => {
  it('leaves three tenths of the descriptors to everything else, whatever the threads', () => {
    expect(maxRunningPerThread(1, 1_000)).toBe(700);
    expect(maxRunningPerThread(4, 1_000)).toBe(175);
  });

  it('has a bound of its own where descriptors abound, and lets some run where they are few', () => {
    expect(maxRunningPerThread(1, Number.MAX_SAFE_INTEGER)).toBe(20_000);
    expect(maxRunningPerThread(8, 10)).toBe(8);
  });

  it('knows the limit of the process it runs in', () => {
    const program = `import('${new URL('./admission.ts', import.meta.url).href}').then(({ descriptorLimit }) => console.log(descriptorLimit()))`;
    const command = `ulimit -n 777 && exec "$0" -e "$1"`;
    expect(Number(execFileSync('sh', ['-c', command, process.execPath, program], { encoding: 'utf8' }))).toBe(777);
    expect(descriptorLimit()).toBeGreaterThan(0);
  });
});
