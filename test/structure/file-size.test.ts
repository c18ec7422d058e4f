import { expect, it } from 'vitest';
import { isGenerated, readFiles } from './source-files.ts';

const HARD_LIMIT_LINES = 500;
const CODE = /\.(ts|tsx|cjs|css)$|^bin\/jetmon2$/;

it(`keeps every file of code within ${HARD_LIMIT_LINES} lines`, () => {
  const sizes = readFiles(['bin', 'prove', 'scripts', 'src', 'test', 'web'])
    .filter((file) => CODE.test(file.path) && !isGenerated(file.path))
    .map((file) => ({ path: file.path, lines: file.text.split('\n').length - 1 }))
    .sort((a, b) => a.lines - b.lines);
  const at = (share: number) => sizes[Math.min(sizes.length - 1, Math.floor(share * sizes.length))]?.lines;
  const tooLong = sizes.filter((file) => file.lines > HARD_LIMIT_LINES).map((file) => `${file.path}: ${file.lines}`);
  expect(tooLong, `middle ${at(0.5)} lines, 95th percentile ${at(0.95)} (aim: 80 and 300)`).toEqual([]);
});
