/** Long computing, cut into steps: others have their turn between them. */
import { setImmediate } from 'node:timers/promises';

export async function inTurns<T>(steps: Generator<undefined, T>): Promise<T> {
  for (let step = steps.next(); ; step = steps.next()) {
    if (step.done) return step.value;
    await setImmediate();
  }
}
