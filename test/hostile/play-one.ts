/** A program: plays one class of the corpus with one seed, and prints what the probe saw and where it is wrong. */
import { renderObservation } from '../../src/cli/check-report.ts';
import { HOSTILE_CLASSES } from './corpus.ts';
import { openHostileKit } from './hostile-kit.ts';
import { createHostileProbe, inWords, playDraw } from './play.ts';

const [id = '', seedText = '1'] = process.argv.slice(2);
const seed = Number(seedText);
const one = HOSTILE_CLASSES.find((other) => other.id === id);

if (one === undefined || !Number.isSafeInteger(seed)) {
  const list = HOSTILE_CLASSES.map((other) => `  ${other.id}: ${other.family}, ${other.what}`);
  process.stderr.write(`Usage: node test/hostile/play-one.ts <class> [seed]\n${list.join('\n')}\n`);
  process.exitCode = 2;
} else {
  const kit = await openHostileKit();
  const played = await playDraw(kit, createHostileProbe(kit), { one, seed });
  await kit.stop();
  const url = played.observation.evidence?.url ?? '';
  process.stdout.write(`a server that ${one.what}\n\n${renderObservation(url, played.observation)}\n`);
  if (played.disagreements.length > 0) {
    process.stderr.write(`${inWords(played)}\n`);
    process.exitCode = 1;
  }
}
