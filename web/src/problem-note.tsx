import type { Problem } from './model.ts';
import { sentence } from './words.ts';

/** A refusal or failure in words, with the way out. */
export function ProblemNote({ problem, id }: { problem: Problem; id?: string }) {
  return (
    <p className="problem" role="alert" {...(id === undefined ? {} : { id })}>
      <span>{sentence(problem.message)}</span>
      {problem.fix !== null && <span className="fix"> {sentence(problem.fix)}</span>}
    </p>
  );
}
